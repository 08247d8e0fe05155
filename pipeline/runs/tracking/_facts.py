"""What all trackers get of a run."""

import math
from typing import Any

from pipeline.flatten import flatten
from pipeline.runs.job import Job
from pipeline.runs.metrics import Row, best_figures
from pipeline.runs.result import Result


def settings(job: Job) -> dict[str, Any]:
    """The run's configuration by dotted key: numbers, text and null, lists as JSON."""
    return dict(flatten("", job.config.model_dump(exclude={"sweep", "tracking", "report"})))


def metrics(row: Row, first: Row) -> dict[str, float]:
    """The figures of an epoch, without splits that have no figures in `first`."""
    return {_named(name): value for name, value in row.items() if name != "epoch" and not math.isnan(first[name])}


def best_metrics(result: Result) -> dict[str, float]:
    """The figures of the best epoch, if the run has ended and has one."""
    return {_named(name): value for name, value in best_figures(result.metrics).items()} if result.ended else {}


def _named(name: str) -> str:
    """A name of history.csv as trackers group it, by what is before the slash: train/loss."""
    return name.replace("_", "/", 1)
