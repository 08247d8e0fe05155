"""Two runs compared example by example on the test split: what their difference owes to the examples drawn for it.

Sources: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
Psychometrika 12 (1947), in its exact form; B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline.report.comparison import Comparison
from pipeline.report.formats import p_value
from pipeline.report.statistics.replicates import LEVEL
from pipeline.runs.predictions import Predicted, read_predictions
from pipeline.runs.result import Result, read_result

_RESAMPLES = 2000


def compare_examples(comparison: Comparison, folders: Mapping[str, Path]) -> str | None:
    """The best run against the next, in a sentence or two; None for replicates, and without both runs' predictions.

    `folders` has the folder of each run by its name. Classes are compared by McNemar's exact test of the examples that
    only one of the two has right: of b + c such examples b is binomial with p = 1/2 if neither is better. Values and
    labels, by a paired bootstrap of the mean difference of what each example costs (its squared error; its share of
    wrong labels), with resamples drawn from a fixed seed.
    """
    if comparison.replicated:
        return None
    finished = comparison.runs.index[(comparison.runs["status"] == "finished") & comparison.score.notna()]
    if len(finished) < 2:
        return None
    names = [str(comparison.runs["run"][row]) for row in finished[:2]]
    both = [_read(folders[name]) for name in names]
    first, second = both
    if first is None or second is None or not np.array_equal(first.target, second.target):
        return None
    if comparison.task == "classification":
        return _mcnemar(first, second, names[0], names[1])
    return _bootstrap(_costs(first), _costs(second), names[0], names[1], comparison.task)


def _read(folder: Path) -> Predicted | None:
    result = read_result(folder)
    return read_predictions(folder, result) if isinstance(result, Result) else None


def _mcnemar(first: Predicted, second: Predicted, name: str, other: str) -> str:
    right, right_there = (one.predicted == one.target for one in (first, second))
    better, worse = int((right & ~right_there).sum()), int((right_there & ~right).sum())
    examples = len(right)
    if not better + worse:
        return f"Runs {name} and {other} are right on the same test examples."
    from scipy.special import bdtr  # scipy.stats imports slowly

    p = min(2 * float(bdtr(min(better, worse), better + worse, 0.5)), 1.0)  # of a symmetric distribution
    verdict = (
        "so the examples that were drawn for test may be all there is to it"
        if p >= 1 - LEVEL
        else ("more than the examples drawn for test explain, though nothing is said of other seeds")
    )
    return (
        f"Of {examples:,} test examples run {name} has {better} right that run {other} has wrong, and {worse} the "
        f"other way round: {p_value(p)} (McNemar, exact), {verdict}."
    )


def _costs(predicted: Predicted) -> np.ndarray:
    """What each example costs, (N,): the squared error, which of labels, 0 or 1, is the share of the wrong ones."""
    costs: np.ndarray = np.square(predicted.predicted.astype(float) - predicted.target).mean(1)
    return costs


def _bootstrap(costs: np.ndarray, others: np.ndarray, name: str, other: str, task: str) -> str | None:
    difference = others - costs
    if len(difference) < 3 or not np.isfinite(difference).all() or np.ptp(difference) == 0:
        return None
    from scipy import stats

    interval = stats.bootstrap(
        (difference,), np.mean, n_resamples=_RESAMPLES, confidence_level=LEVEL, method="percentile", batch=50, rng=0
    ).confidence_interval
    what, scale, unit = ("squared error", 1, "") if task == "regression" else ("share of wrong labels", 100, " points")
    mean, ends = scale * float(difference.mean()), (scale * float(interval.low), scale * float(interval.high))
    if mean < 0:
        mean, ends = -mean, (-ends[1], -ends[0])
    doubt = ": the examples that were drawn for test may be all there is to it" if ends[0] <= 0 else ""
    return (
        f"On {len(difference):,} test examples the mean {what} of run {other} is {mean:.3g}{unit} "
        f"{'below' if difference.mean() < 0 else 'above'} that of run {name}, from {ends[0]:.3g} to {ends[1]:.3g} "
        f"({100 * LEVEL:.0f} % interval, paired bootstrap over examples){doubt}."
    )
