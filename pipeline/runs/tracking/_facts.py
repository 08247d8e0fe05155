"""What all trackers get of a run."""

import math
from typing import Any

from pipeline.flatten import flatten
from pipeline.runs.job import Job
from pipeline.runs.metrics import Row, best_figures
from pipeline.runs.result import Result


def settings(job: Job) -> dict[str, Any]:
    """The run's configuration by dotted key: numbers, text and null, lists as JSON."""
    return dict(flatten("", job.config.model_dump(exclude={"sweep", "tracking"})))


def metrics(row: Row, first: Row) -> dict[str, float]:
    """The figures of an epoch by the names of history.csv, without splits that have no figures in `first`."""
    return {name: value for name, value in row.items() if name != "epoch" and not math.isnan(first[name])}


def best_metrics(result: Result) -> dict[str, float]:
    """The figures of the best epoch, if the run has ended and has one."""
    return best_figures(result.metrics) if result.ended else {}
