"""The summary at the top of the page: what was swept, what won and by how much, what failed, how long it took."""

from typing import Any

import pandas as pd

from pipeline.metrics import FURTHER, SELECTION
from pipeline.report.comparison import Comparison, levels
from pipeline.report.data_card import card_sentences, titles
from pipeline.report.statistics.tests import conclusions


def summary(comparison: Comparison) -> list[str]:
    """Paragraphs of a sentence or two, in the order of the page."""
    return [
        *_swept(comparison),
        *_winner(comparison),
        *_dropped(comparison),
        *_ended(comparison),
        *_compute_time(comparison),
        *card_sentences(comparison),
        *conclusions(comparison),
    ]


def _swept(comparison: Comparison) -> list[str]:
    runs = comparison.runs
    keys = "; ".join(f"{name}: {_values(runs[key])}" for key, name in comparison.swept.items())
    trained = f"{count(len(runs), 'run')} on {_values(titles(comparison))}"
    return [f"{trained}. Swept were {keys}." if keys else f"{trained}; nothing was swept: all have the same settings."]


def _winner(comparison: Comparison) -> list[str]:
    if not comparison.picked:
        return ["There is no validation score, so no run is picked as the best."]
    runs, metric = comparison.runs, comparison.metric
    score, test = comparison.score, comparison.best("test")
    shown = [one for one in dict.fromkeys((*comparison.beside, *FURTHER.values())) if one != metric]
    sentence = (
        f"Best by validation: run {runs['run'][0]} ({comparison.settings(0)}) at epoch "
        f"{comparison.figure('best_epoch')[0]:.0f}, {metric.heading(SELECTION)} {score[0]:.4f}, "
        f"{metric.heading('test')} {test[0]:.4f}."
    )
    others = [f"{one.label} {value:.4f}" for one in shown if pd.notna(value := comparison.best("test", one)[0])]
    if others:
        sentence += f" Further on test: {', '.join(others)}."
    if score.notna().sum() > 1:
        side = "above" if metric.higher_is_better else "below"
        sentence += (
            f" It is {abs(score[0] - score[1]):.4f} {side} the second and {abs(score[0] - score.median()):.4f} {side} "
            "the median on validation. A winner among many also owes something to luck: its test figure is what counts."
        )
    return [sentence]


def _dropped(comparison: Comparison) -> list[str]:
    dropped = comparison.runs["dropped_at_epoch"].notna()
    if not dropped.any():
        return []
    sentence = f"Halving dropped {dropped.sum()} of {len(dropped)} runs before their end"
    trained, planned = comparison.figure("final_epoch").sum(), comparison.planned_epochs.sum()
    if not 0 < planned < float("inf"):
        return [f"{sentence}."]
    return [f"{sentence}: {trained:.0f} of {planned:.0f} epochs were trained, {1 - trained / planned:.0%} were saved."]


def _ended(comparison: Comparison) -> list[str]:
    dropped = comparison.runs["dropped_at_epoch"].notna()
    counts = comparison.runs["status"][~dropped].value_counts()
    bad = [
        count(int(counts[status]), f"{status} run")
        for status in ("diverged", "failed", "interrupted")
        if status in counts
    ]
    still = [f"Still training: {count(int(counts['training']), 'run')}."] if "training" in counts else []
    if bad:
        return [*still, f"Not finished: {', '.join(bad)}; reasons below."]
    if still:
        return still
    return ["All others finished." if dropped.any() else "All runs finished."]


def _compute_time(comparison: Comparison) -> list[str]:
    seconds = comparison.seconds
    sentence = f"Training and evaluation took {duration(seconds.sum())} of computing for all runs together"
    if seconds.notna().sum() > 1:
        sentence += f"; a single run, {duration(seconds.min())} to {duration(seconds.max())}"
    return [f"{sentence}."]


def _values(values: "pd.Series[Any]", most: int = 8) -> str:
    named = levels(values)
    return ", ".join(named[:most]) + (f", … {len(named)} values" if len(named) > most else "")


def count(number: int, noun: str) -> str:
    """ "1 run", "2 runs"."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def duration(seconds: float) -> str:
    """ "0.2 s", "3 min 20 s", "2 h 5 min"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
