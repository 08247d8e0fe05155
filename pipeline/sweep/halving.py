"""Successive halving: start many runs, and at each rung continue only with the best.

With E epochs, n runs, a kept share k and R rungs, rung r trains ⌈n k^r⌉ runs to epoch ⌈E k^(R−1−r)⌉. The choice
depends on the runs' histories alone, so a resumed sweep makes the same one.

Source: K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS
2016, algorithm 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config.schema import Sweep
from pipeline.metrics import LOSS, SELECTION, selected
from pipeline.runs.history import History, read_history
from pipeline.runs.job import Job
from pipeline.runs.metrics import best_row, task_of


@dataclass(frozen=True)
class Rung:
    """The share of their epochs that runs train, and how many continue from there."""

    share: float
    stay: int

    def epochs(self, job: Job) -> int:
        """The epoch at which the run is compared."""
        return math.ceil(round(job.config.training.epochs * self.share, 9))


def rungs(runs: int, options: Sweep) -> list[Rung]:
    """The rungs for this number of runs; at the last rung the remaining runs have all their epochs."""
    stays = [max(1, math.ceil(round(runs * options.keep**r, 9))) for r in range(1, options.rungs)]
    shares = [options.keep ** (options.rungs - 1 - r) for r in range(options.rungs)]
    return [Rung(share, stay) for share, stay in zip(shares, [*stays, stays[-1] if stays else runs], strict=True)]


def trained(job: Job) -> int:
    """How many epochs the run has trained."""
    history = read_history(job.folder)
    return max(int(row["epoch"]) for row in history.rows) if isinstance(history, History) else 0


def best(jobs: Sequence[Job], rung: Rung) -> list[Job]:
    """The jobs that continue, in their order: the best by `training.select` up to the rung's epoch."""
    scores = {job.folder: _score(job, rung.epochs(job)) for job in jobs}
    ranked = sorted(jobs, key=lambda job: scores[job.folder], reverse=True)[: rung.stay]  # stable: the first of a tie
    return [job for job in jobs if job in ranked]


def summary(jobs: Sequence[Job], options: Sweep) -> str:
    """One line for the user: how many runs train how long."""
    steps: list[str] = []
    count = len(jobs)
    for rung in rungs(len(jobs), options):
        longest = max(rung.epochs(job) for job in jobs)
        steps.append(f"{count} to epoch {longest}")
        count = rung.stay
    return "halving: " + ", ".join(steps)


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
