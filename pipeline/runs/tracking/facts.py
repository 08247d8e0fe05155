"""What all trackers are told of a run."""

import math
from typing import TYPE_CHECKING, Any

from pipeline.flatten import flatten

if TYPE_CHECKING:
    from pipeline.runs.job import Job, Outcome, Row


def settings(job: "Job") -> dict[str, Any]:
    """The run's configuration by dotted key: numbers, text and null, lists as JSON."""
    return dict(flatten("", job.config.model_dump(exclude={"sweep", "tracking"})))


def metrics(row: "Row", first: "Row") -> dict[str, float]:
    """The figures of an epoch by the names of history.csv, without those of splits that `first` has no figures for."""
    return {name: value for name, value in row.items() if name != "epoch" and not math.isnan(first[name])}


def best_metrics(outcome: "Outcome") -> dict[str, float]:
    """The figures of the best epoch, once the run has ended and has one."""
    best = {name: value for name, value in outcome.metrics.items() if name.startswith("best_")}
    return {
        name: value
        for name, value in best.items()
        if outcome.status in ("finished", "diverged") and name != "best_epoch" and not math.isnan(value)
    }
