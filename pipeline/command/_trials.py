"""What a study is told of a trial: the mean score of its replicates, their epochs, and where they are."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from hydra.core.utils import JobReturn, JobStatus

from pipeline.command.launcher import EndedJob
from pipeline.metrics import SELECTION, selected
from pipeline.runs.history import History, read_history

if TYPE_CHECKING:
    import optuna

_POINTS = 20  # of a trial's curve; each is written to the disk


def report(study: "optuna.Study", trial: "optuna.Trial", jobs: Sequence[JobReturn]) -> bool:
    """Tell the study how the trial's replicates ended, if they have; -> whether they have.

    Of runs that failed, or go on in a later command, it is told nothing: the later command trains them again.
    """
    from optuna.trial import TrialState

    ours = [job for job in jobs if isinstance(job, EndedJob)]
    if any(job.status != JobStatus.COMPLETED for job in jobs) or not all(
        job.result and job.result.decided for job in ours
    ):
        return False
    scores = [float(job._return_value) for job in jobs if job._return_value is not None]
    if len(scores) < len(jobs) or not all(map(math.isfinite, scores)):  # some diverged
        study.tell(trial, state=TrialState.FAIL)
        return True
    mean = math.fsum(scores) / len(scores)
    dropped = [job.result.dropped_at_epoch for job in ours if job.result and job.result.dropped_at_epoch is not None]
    end = max(dropped, default=None)
    _describe(trial, ours, end)
    if end is not None:  # a pruned trial is judged by the last value it has reported
        trial.report(mean, end)
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, mean)
    return True


def _describe(trial: "optuna.Trial", jobs: Sequence[EndedJob], end: int | None) -> None:
    """Where its runs are, their mean test score, and the mean validation score at some of their epochs but `end`."""
    if not jobs:  # of another launcher
        return
    trial.set_user_attr("folders", [str(job.folder) for job in jobs])
    results = [job.result for job in jobs if job.result and job.result.task]
    for name in ("best_test_accuracy", "best_test_r2"):
        values = [result.metrics[name] for result in results if name in result.metrics]
        if values and len(values) == len(jobs):
            trial.set_user_attr(f"mean_{name}", math.fsum(values) / len(values))
    curves = []
    for job, result in zip(jobs, results, strict=False):
        history = read_history(job.folder)
        if not isinstance(history, History) or result.task is None:
            return
        column = selected(str(result.config["training"].get("select", "auto")), result.task).on(SELECTION)
        curves.append({int(row["epoch"]): row.get(column, math.nan) for row in history.rows})
    epochs = sorted(set.intersection(*map(set, curves)) - {0}) if curves else []
    for place in np.unique(np.linspace(0, len(epochs) - 1, min(len(epochs), _POINTS)).round().astype(int)):
        epoch = epochs[place]
        mean = math.fsum(curve[epoch] for curve in curves) / len(curves)
        if math.isfinite(mean) and epoch != end:
            trial.report(mean, epoch)
