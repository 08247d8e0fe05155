"""Questions that the results raise, for the author to answer."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipeline.report.comparison import Comparison
from pipeline.report.formats import minus
from pipeline.report.page import count
from pipeline.report.statistics.diagnosis import Diagnosis
from pipeline.report.statistics.fit import Fit
from pipeline.report.statistics.importance import Importance
from pipeline.report.statistics.replicates import Replicates
from pipeline.report.statistics.shares import EQUAL
from pipeline.report.statistics.tests import ALPHA, compare_best
from pipeline.report.vocabulary import key_name, listed

_GAP = 0.03  # between training and validation, of shares, from which it is worth a question
_TELLING = 0.1  # of the variance, from which a share is worth a question
_NAMED = 3


def questions(
    replicates: Replicates, importance: Importance, diagnosis: Diagnosis | None, fitted: Fit | None
) -> list[str]:
    """Each with the figures that raise it, the most telling first."""
    comparison = replicates.comparison
    return [
        *_importance(importance),
        *(_worst_class(diagnosis, comparison) if diagnosis else []),
        *(_worst_values(fitted) if fitted else []),
        *_undecided(replicates),
        *_ties(comparison),
        *_diverged(comparison),
        *_gap(comparison),
        *_at_the_end(comparison),
        *_baseline(comparison),
    ]


def _run(comparison: Comparison) -> str:
    """The run that stands for the best setting; why it does is said before the questions."""
    return f"run {comparison.runs['run'][comparison.representative]}"


def _importance(importance: Importance) -> Iterator[str]:
    if importance.shares is None or len(importance.order) < 2:
        return
    first, last = importance.order[0], importance.order[-1]
    if importance.shares[first] >= _TELLING and importance.shares[first] > 2 * importance.shares[last]:
        most, least = (f"{100 * importance.shares[key]:.0f} %" for key in (first, last))
        yield (
            f"Why does the choice of {key_name(first)} matter more ({most} of the variance of the scores) than that of "
            f"{key_name(last)} ({least})?"
        )


def _worst_class(diagnosis: Diagnosis, comparison: Comparison) -> Iterator[str]:
    counts, names = diagnosis.confusion, diagnosis.class_names
    examples = counts.sum(1)
    if not examples.any() or (np.diag(counts) == examples).all():
        return
    worst = int(np.argmin(np.where(examples > 0, diagnosis.recall, np.inf)))
    wrong = counts[worst].copy()
    wrong[worst] = 0
    rival = int(wrong.argmax())
    back = int(counts[rival, worst])
    yield (
        f"Why is {names[worst]} the hardest class? Of its {examples[worst]:,} test examples {_run(comparison)} gets "
        f"{100 * counts[worst, worst] / examples[worst]:.0f} % right; {wrong[rival]:,} "
        f"{'is' if wrong[rival] == 1 else 'are'} taken for {names[rival]}, and {back:,} of {names[rival]} for "
        f"{names[worst]}."
    )


def _worst_values(fitted: Fit) -> Iterator[str]:
    errors = np.abs(fitted.predicted - fitted.target)
    if not errors.size or not np.isfinite(errors).all():
        return
    row, column = np.unravel_index(int(errors.argmax()), errors.shape)
    bias = float((fitted.predicted - fitted.target)[:, column].mean())
    yield (
        f"Where does it fail? The largest error on test is {errors[row, column]:.4g}, of an example whose "
        f"{fitted.names[column]} is {minus(f'{fitted.target[row, column]:.4g}')}; the median error of all is "
        f"{np.median(errors[:, column]):.4g}, and the mean of predicted − true {minus(f'{bias:+.2g}')}."
    )


def _undecided(replicates: Replicates) -> Iterator[str]:
    compared = compare_best(replicates)
    rows = [int(row) for row in compared.index[compared["p_adjusted"] >= ALPHA]]
    if rows:
        rivals = listed([replicates.name(row) for row in rows])
        yield (
            f"The {replicates.noun} do not tell {replicates.name(0)} from {rivals}: which would you take, and by what "
            "else?"
        )


def _ties(comparison: Comparison) -> Iterator[str]:
    score = comparison.score
    rows = [row for row in comparison.leaders if comparison.finished[row]]
    tied = [row for row in rows[1:] if abs(score[row] - score[rows[0]]) < EQUAL]
    if tied and not comparison.replicated:
        names = listed([comparison.settings(row) for row in [rows[0], *tied[: _NAMED - 1]]])
        yield f"On validation {names} are tied: which is to be preferred, and why?"


def _diverged(comparison: Comparison) -> Iterator[str]:
    rows = comparison.runs.index[comparison.runs["status"] == "diverged"]
    if len(rows):
        names = list(dict.fromkeys(comparison.settings(int(row)) for row in rows))
        more = [count(len(names) - _NAMED, "other setting")] if len(names) > _NAMED else []
        which = listed([*names[:_NAMED], *more], "or") if comparison.swept else "this setting"
        yield f"Why did training diverge with {which}, and what would have kept it stable?"


def _gap(comparison: Comparison) -> Iterator[str]:
    row, metric, written = comparison.representative, comparison.metric, comparison.score_format.score
    train, validation = float(comparison.best("train")[row]), float(comparison.score[row])
    if comparison.picked and metric.share and train - validation > _GAP:
        yield (
            f"The {metric.label} of {_run(comparison)} is {written(train)} on training and {written(validation)} on "
            "validation examples: what would close that gap, and at what cost?"
        )


def _at_the_end(comparison: Comparison) -> Iterator[str]:
    if comparison.picked and comparison.best_at_the_end[comparison.representative]:
        more = "change the order of the settings" if len(set(comparison.setting)) > 1 else "give more"
        yield f"The best epoch of {_run(comparison)} is the last: would longer training {more}?"


def _baseline(comparison: Comparison) -> Iterator[str]:
    baseline, metric, written = comparison.baseline, comparison.metric, comparison.score_format.score
    test = float(comparison.best("test")[comparison.representative])
    if comparison.picked and baseline is not None and pd.notna(test) and pd.notna(level := baseline.scores["test"]):
        yield (
            f"Always answering {baseline.aside} has a test {metric.label} of {written(level)}, {_run(comparison)} "
            f"of {written(test)}: is that good, and beside what?"
        )
