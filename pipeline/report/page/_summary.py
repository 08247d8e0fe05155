"""The summary at the top of the page: what was swept, what won and by how much, what failed, how long it took."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from pipeline.durations import duration
from pipeline.report.comparison import Comparison
from pipeline.report.data_card import card_sentences, titles
from pipeline.report.outcome import BAD
from pipeline.report.statistics.tests import conclusions
from pipeline.report.statistics.winner import best_run, trust
from pipeline.report.swept import levels
from pipeline.report.vocabulary import value_name


def summary(comparison: Comparison, by_example: str | None = None) -> list[str]:
    """Paragraphs of a sentence or two, in the order of the page; `by_example` compares the first two runs."""
    return [
        *_swept(comparison),
        *filter(None, [*_best(comparison), by_example]),
        *outcomes(comparison),
        *_compute_time(comparison),
        *card_sentences(comparison),
        *([] if comparison.replicated else conclusions(comparison)),
    ]


def _swept(comparison: Comparison) -> list[str]:
    trained = f"{count(len(comparison.runs), 'run')} on {_values(titles(comparison.runs))}"
    swept, replicating = (_keys(comparison, list(keys)) for keys in (comparison.swept, comparison.replicating))
    if not swept and not replicating:
        return [f"{trained}; nothing was swept: all have the same settings."]
    sentence = f"{trained}. Settings differ in {swept}" if swept else f"{trained}, all of one setting"
    return [f"{sentence}, replicated over {replicating}." if replicating else f"{sentence}."]


def _keys(comparison: Comparison, keys: Sequence[str]) -> str:
    return "; ".join(f"{comparison.names[key]}: {_values(comparison.runs[key])}" for key in keys)


def _best(comparison: Comparison) -> list[str]:
    if not comparison.picked:
        return [f"{comparison.why_not_picked}, so no run is picked as the best."]
    return [*(conclusions(comparison) if comparison.replicated else best_run(comparison)), " ".join(trust(comparison))]


def outcomes(comparison: Comparison) -> list[str]:
    """How many runs were dropped, and how the others ended."""
    return [*_dropped(comparison), *_ended(comparison)]


def _dropped(comparison: Comparison) -> list[str]:
    dropped = comparison.dropped
    if not dropped.any():
        return []
    sentence = f"Halving dropped {dropped.sum()} of {len(dropped)} runs before their end"
    trained, planned = comparison.figure("final_epoch"), comparison.planned_epochs
    whole = planned.sum()
    if not 0 < whole < float("inf"):
        return [f"{sentence}."]
    saved = (planned - trained)[dropped].sum()
    others = "; the rest are of runs that ended early for other reasons" * bool(trained.sum() + saved < whole)
    of_all = f"{trained.sum():.0f} of {whole:.0f} epochs were trained"
    return [f"{sentence}: {of_all}, {100 * saved / whole:.0f} % were saved{others}."]


def _ended(comparison: Comparison) -> list[str]:
    counts = comparison.runs["status"].value_counts()
    bad = [count(int(counts[status]), f"{status} run") for status in BAD if status in counts]
    still = [f"Still training: {count(int(counts['training']), 'run')}."] if "training" in counts else []
    if comparison.untrained:
        still.append(f"Not begun: {count(comparison.untrained, 'more run')} that the sweep asks for.")
    if bad:
        return [*still, f"Not finished: {', '.join(bad)}."]
    if still:
        return still
    if comparison.dropped.all():
        return []
    return ["All others finished." if comparison.dropped.any() else "All runs finished."]


def _compute_time(comparison: Comparison) -> list[str]:
    seconds = comparison.seconds
    sentence = f"Training and evaluation took {duration(seconds.sum())} of computing for all runs together"
    if seconds.notna().sum() > 1:
        sentence += f"; a single run, {duration(seconds.min())} to {duration(seconds.max())}"
    return [f"{sentence}."]


def _values(values: "pd.Series[Any]", most: int = 8) -> str:
    named = levels(values)
    if len(named) > most and pd.to_numeric(pd.Series(named), errors="coerce").notna().all():
        return f"{len(named)} values from {float(named[0]):.3g} to {float(named[-1]):.3g}"
    return ", ".join(map(value_name, named[:most])) + (f", … {len(named)} values" if len(named) > most else "")


def count(number: int, noun: str) -> str:
    """ "1 run", "2 runs"."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
