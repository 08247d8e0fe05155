"""What a reader sees first: a title from what was swept, and four tiles that say what won and how far to trust it."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.metrics import ACCURACY, SELECTION
from pipeline.report.comparison import ONLY, Comparison
from pipeline.report.data_card import titles
from pipeline.report.formats import NOTHING, p_value
from pipeline.report.outcome import BAD
from pipeline.report.page._summary import count
from pipeline.report.statistics.replicates import FEWEST, LEVEL, Replicates
from pipeline.report.statistics.shares import EQUAL, wilson
from pipeline.report.statistics.tests import ALPHA, compare_best
from pipeline.report.vocabulary import data_name, described, listed, model_name

_KEYS = 3  # named in a title
_LONG = 120  # characters of a setting, above which the tables have it and the tiles do not
_HYPHEN = "\u2011"  # at which no line breaks
_FEW_EXAMPLES = 1000  # of a test split: the interval of an accuracy is then wider than two points


@dataclass(frozen=True)
class Tile:
    """`heading`, the `figure` in large type, and `words` below it; `run` is the name of a run to look at."""

    heading: str
    figure: str
    words: Sequence[str] = ()
    run: str = ""
    warns: bool = False
    link: str = ""  # an address to look at instead


def title(*comparisons: Comparison) -> str:
    """`sweep.title`, or "Learning rate and dropout on CIFAR-10, 36 runs"; of several data sets all together.

    Of replicates of one setting the kind of model: "MLP on CIFAR-10, 5 runs of one setting".
    """
    if given := dict.fromkeys(words for one in comparisons for words in _given(one, "title")):
        return ", ".join(given)
    keys = dict.fromkeys(one.names[key] for one in comparisons for key in one.swept if key != "config.dataset.name")
    names = list(keys)
    if len(names) > _KEYS:
        names = [*names[: _KEYS - 1], count(len(names) - _KEYS + 1, "more key")]
    data = listed(list(dict.fromkeys(data_name(data) for one in comparisons for data in titles(one.runs))))
    models = {str(name) for one in comparisons for name in one.runs.get("config.model.name", ["one"])}
    what = listed(names) or listed(list(map(model_name, sorted(models))))
    alone = not names and any(one.replicating for one in comparisons)
    runs = count(sum(len(one.runs) for one in comparisons), "run") + " of one setting" * alone
    return f"{what[:1].upper()}{what[1:]} on {data}, {runs}"


def tile_of_data(name: str, comparison: Comparison, address: str) -> Tile:
    """The best setting on one of several data sets, and its test score."""
    score = _score(comparison, Replicates.of(comparison))
    best = _briefly(comparison, 0) if _says_something(comparison) else "none picked"
    return Tile(data_name(name), best, [f"{score.heading}: {score.figure}", *score.words], link=address)


def notes(comparison: Comparison) -> list[str]:
    """What `sweep.note` says, in Markdown, once for each sweep that says something else."""
    return _given(comparison, "note")


def tiles(comparison: Comparison, replicates: Replicates) -> list[Tile]:
    """The best setting, its test score, its lead over the runner-up, and how far to trust all this."""
    return [
        _best(comparison),
        _score(comparison, replicates),
        _lead(comparison, replicates),
        _trust(comparison, replicates),
    ]


def _given(comparison: Comparison, key: str) -> list[str]:
    values = comparison.runs.get(f"config.sweep.{key}", pd.Series(dtype=object)).dropna()
    return list(dict.fromkeys(map(str, values)))


def _best(comparison: Comparison) -> Tile:
    row, runs = comparison.representative, comparison.runs
    run = str(runs["run"][row])
    if not comparison.picked:
        return Tile("Best setting", "none picked", [f"{comparison.why_not_picked}."], warns=True)
    epoch = f"best at epoch {comparison.figure('best_epoch')[row]:.0f} of {comparison.figure('final_epoch')[row]:.0f}"
    setting = _briefly(comparison, 0)
    if comparison.replicated and not comparison.swept:
        return Tile("Setting", "one for all runs", [f"run {run} is the nearest to their mean"], run)
    if comparison.replicated:
        return Tile("Best setting", setting, [f"by the mean {comparison.metric.heading(SELECTION)}"], run)
    if not comparison.swept:
        return Tile("The run" if len(runs) == 1 else "Best run", f"run {run}", [epoch], run)
    words = f"by {comparison.metric.heading(SELECTION)}{comparison.among}; {epoch}"
    return Tile("Best setting", setting, [words], run)


def _briefly(comparison: Comparison, row: int) -> str:
    """A setting in words, its numbers to three digits: "learning rate 0.0091" for one that a search drew.

    "that of run 13" for one of too many words.
    """
    values = {comparison.names[key]: comparison.runs[key][row] for key in comparison.swept}
    brief = {name: float(f"{value:.3g}") if isinstance(value, float) else value for name, value in values.items()}
    words = re.sub(r"(?<=\de)-", _HYPHEN, described(brief)) or ONLY
    return words if len(words) <= _LONG else f"that of run {comparison.runs['run'][row]}"


def _says_something(comparison: Comparison) -> bool:
    """Whether the first setting is picked, or is the only one and has finished."""
    return comparison.picked or (not comparison.swept and bool(comparison.finished.any()))


def _score(comparison: Comparison, replicates: Replicates) -> Tile:
    heading = f"Test {comparison.metric.label}"
    if not _says_something(comparison):
        return Tile(heading, NOTHING, [f"{comparison.why_not_picked}."], warns=True)
    summary = replicates.summary("test").iloc[0]
    n, noun, written = int(summary["n"]), replicates.noun, comparison.score_format.score
    if n >= FEWEST:
        interval = f"{100 * LEVEL:.0f} % interval of the mean over {n} {noun}"
        words = [interval if summary["half"] > 0 else f"the same on all {n} {noun}"]
        return Tile(heading, written(summary["mean"], summary["half"]), words)
    if n > 1:
        return Tile(heading, written(summary["mean"]), [f"mean of {n} {noun}: too few for an interval"])
    score = float(comparison.best("test")[comparison.representative])
    size = comparison.examples("test")
    if comparison.metric != ACCURACY or not size:
        return Tile(heading, written(score), ["one run: no interval"])
    low, high = wilson(score, size)
    return Tile(heading, written(score, (high - low) / 2), [f"95 % interval by {size:,} test examples, of one run"])


def _lead(comparison: Comparison, replicates: Replicates) -> Tile:
    score, metric, heading = comparison.score, comparison.metric, "Lead over the runner-up"
    written = comparison.score_format.difference
    if comparison.replicated and len(compared := compare_best(replicates)):
        rival, row = compared.iloc[0], int(compared.index[0])
        ahead = rival["difference"] >= 0
        side = "before" if ahead else "behind"
        words = [f"on test, paired over {rival['n']:.0f} {replicates.noun}, {side} {replicates.name(row)}"]
        if pd.notna(p := rival["p_adjusted"]):
            words.append(p_value(p))
        if not ahead:
            return Tile("Behind the runner-up", written(-rival["difference"], rival["half"]), words, warns=True)
        return Tile(heading, written(rival["difference"], rival["half"], "+"), words)
    second = _runner_up(comparison)
    if second is None or not comparison.picked:
        return _above_baseline(comparison)
    lead = abs(float(score[0] - score[second]))
    if lead < EQUAL:
        return Tile(heading, "none", [f"tied on validation with {_briefly(comparison, second)}"], warns=True)
    words = [f"on validation, before {_briefly(comparison, second)}"]
    if metric == ACCURACY and (size := comparison.examples(SELECTION)):
        words.append(f"{lead * size:.0f} of {size:,} examples")
    return Tile(heading, written(lead), words)


def _runner_up(comparison: Comparison) -> int | None:
    """The row of the second setting that has finished with a score."""
    rows = [row for row in comparison.leaders[1:] if comparison.finished[row] and pd.notna(comparison.score[row])]
    return rows[0] if rows else None


def _above_baseline(comparison: Comparison) -> Tile:
    """In place of a lead where there is one setting: how far above a constant answer it is."""
    test = float(comparison.best("test")[comparison.representative])
    if not _says_something(comparison):
        return Tile("Lead over the runner-up", NOTHING, [f"{comparison.why_not_picked}."])
    if comparison.baseline is None or not math.isfinite(test):
        return Tile("Lead over the runner-up", NOTHING, ["No other setting has finished with a score."])
    above = test - comparison.baseline.scores["test"]
    words = [f"always answering {comparison.baseline.words}"]
    figure = comparison.score_format.difference(above, sign="+")
    return Tile("Above the baseline", figure, words, warns=above <= 0)


def _trust(comparison: Comparison, replicates: Replicates) -> Tile:
    warnings = _warnings(comparison, replicates)
    n = int(replicates.n.iloc[0]) if len(replicates.n) else 0
    figure = f"n = {n} {replicates.noun if n != 1 else replicates.noun.removesuffix('s')}"
    return Tile("How far to trust it", figure, warnings or ["no warning"], warns=bool(warnings))


def _warnings(comparison: Comparison, replicates: Replicates) -> list[str]:
    """The shortest words for what the sentences below say at length."""
    runs, score, n, noun = comparison.runs, comparison.score, replicates.n, replicates.noun
    words = []
    if not comparison.finished.any():
        words.append("no run has finished")
    elif len(n) and n.iloc[0] < FEWEST and (n > 0).sum() > 1:
        words.append(f"too few {noun} to tell the lead from luck")
    elif len(n) and n.iloc[0] < FEWEST:
        words.append(
            f"one {noun.removesuffix('s')} says nothing of luck"
            if n.iloc[0] == 1
            else f"too few {noun} for an interval"
        )
    elif len(compared := compare_best(replicates)) and compared["p_adjusted"].iloc[0] >= ALPHA:
        words.append("the lead may be luck")
    statuses = runs["status"].value_counts()
    words += [f"{count(int(statuses[status]), 'run')} {status}" for status in BAD if status in statuses]
    baseline = comparison.baseline
    if baseline is not None and score.notna().any():
        level, sign = baseline.scores[SELECTION], 1 if comparison.metric.higher_is_better else -1
        worse = int((sign * (score - level) <= EQUAL).sum())
        words += [f"{count(worse, 'run')} no better than the baseline"] * (worse > 0)
    first = (comparison.setting == 0) & comparison.finished
    if comparison.picked and comparison.best_at_the_end[first].all():
        words.append("best at the last epoch: train longer")
    sizes = pd.to_numeric(runs.get("provenance.examples.test", pd.Series(dtype=float)), errors="coerce").dropna()
    if len(sizes) and sizes.min() < _FEW_EXAMPLES:
        words.append(f"only {int(np.min(sizes)):,} test examples")
    return words
