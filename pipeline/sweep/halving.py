"""Successive halving: start many settings, and at each rung continue only with the best.

With E epochs, n settings, a kept share k and R rungs, rung r trains ⌈n k^r⌉ settings to epoch ⌈E k^(R−1−r)⌉. Replicates
of a setting, such as its seeds, stay together and are ranked by their mean. Each data set has rungs of its own, for
scores on different data are not comparable. The choice depends on the runs' histories alone, so a resumed sweep makes
the same one.

Source: K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS
2016, algorithm 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config.schema import Sweep
from pipeline.config.settings import OF_DATA_SET, settings_of
from pipeline.metrics import LOSS, SELECTION, selected
from pipeline.runs.folder import altered_files
from pipeline.runs.history import History, read_history
from pipeline.runs.job import Job
from pipeline.runs.metrics import best_row, task_of
from pipeline.runs.result import Result, read_result


@dataclass(frozen=True)
class Rung:
    """The share of their epochs that runs train, and how many settings continue from there."""

    share: float
    stay: int

    def epochs(self, job: Job) -> int:
        """The epoch at which the run is compared."""
        return math.ceil(round(job.config.training.epochs * self.share, 9))


def by_data_set(jobs: Sequence[Job]) -> list[list[Job]]:
    """The jobs of each data set, which alone are compared."""
    parts: dict[tuple[str, ...], list[Job]] = {}
    for job in jobs:
        parts.setdefault(tuple(repr(getattr(job.config.dataset, key, None)) for key in OF_DATA_SET), []).append(job)
    return list(parts.values())


def rungs(jobs: Sequence[Job], options: Sweep) -> list[Rung]:
    """The rungs for these jobs of one data set; at the last rung the remaining ones have all their epochs."""
    number = len(replicates_of(jobs))
    stays = [max(1, math.ceil(round(number * options.keep**r, 9))) for r in range(1, options.rungs)]
    shares = [options.keep ** (options.rungs - 1 - r) for r in range(options.rungs)]
    return [Rung(share, stay) for share, stay in zip(shares, [*stays, stays[-1] if stays else number], strict=True)]


def trained(job: Job) -> int:
    """How many epochs the run has trained, by files that its record vouches for; 0 where none does.

    Its state has what they hold, and is read instead.
    """
    history, result = read_history(job.folder), read_result(job.folder)
    if not isinstance(history, History) or not isinstance(result, Result) or result.status == "failed":
        return 0
    if any(altered_files(job.folder, result)):
        return 0
    return max(int(row["epoch"]) for row in history.rows)


def best(jobs: Sequence[Job], rung: Rung) -> list[Job]:
    """The jobs that continue, in their order: of the settings with the best mean of `training.select` up to there."""
    settings = replicates_of(jobs)
    ranks = [_mean([_score(job, rung.epochs(job)) for job in replicates]) for replicates in settings]
    ranked = sorted(range(len(settings)), key=ranks.__getitem__, reverse=True)[: rung.stay]  # stable: first of a tie
    staying = {job.folder for number in ranked for job in settings[number]}
    return [job for job in jobs if job.folder in staying]


def summary(jobs: Sequence[Job], options: Sweep) -> str:
    """One line for the user: how many runs, or settings of several, train how long."""
    steps: list[str] = []
    parts = by_data_set(jobs)
    count = sum(len(replicates_of(part)) for part in parts)
    noun = "" if count == len(jobs) else " settings"
    for of_parts in zip(*(rungs(part, options) for part in parts), strict=True):
        longest = max(of_parts[0].epochs(job) for job in jobs)
        steps.append(f"{count}{noun} to epoch {longest}")
        count, noun = sum(rung.stay for rung in of_parts), ""
    return "halving: " + ", ".join(steps)


def replicates_of(jobs: Sequence[Job]) -> list[list[Job]]:
    """The jobs of each setting."""
    settings: dict[int, list[Job]] = {}
    for number, job in zip(settings_of([job.config for job in jobs]), jobs, strict=True):
        settings.setdefault(number, []).append(job)
    return list(settings.values())


def _mean(scores: Sequence[tuple[float, float]]) -> tuple[float, float]:
    rank, least = (math.fsum(values) / len(scores) for values in zip(*scores, strict=True))
    return rank, least


def _score(job: Job, epoch: int) -> tuple[float, float]:
    """Rank of the best epoch up to `epoch` on validation; ties are broken by the lowest loss."""
    history = read_history(job.folder)
    if not isinstance(history, History):
        return -math.inf, -math.inf
    metric = selected(job.config.training.select, task_of(history.names))
    rows = [row for row in history.rows if 1 <= row["epoch"] <= epoch]
    best = best_row(rows, metric)
    if best is None:
        return -math.inf, -math.inf
    least = max(LOSS.rank(row.get(LOSS.on(SELECTION), math.nan)) for row in rows)
    return metric.rank(best.get(metric.on(SELECTION), math.nan)), least
