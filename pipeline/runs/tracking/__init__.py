"""Runs shown in other tools as they train. The run's own files are the record, and need none of this.

A tracker is asked to write what of a run it does not have yet, so it need not be told whether the run is new or goes
on: after a stop, however hard, no epoch is missing there and none is there twice.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from pipeline.files import write_log
from pipeline.runs.job import Job
from pipeline.runs.metrics import Row
from pipeline.runs.result import Result
from pipeline.runs.tracking.mlflow import MLflow
from pipeline.runs.tracking.tensorboard import TensorBoard


class Tracker(Protocol):
    """Shows one run in one tool; whatever it raises is told of, and no more."""

    def record(self, history: Sequence[Row]) -> None:
        """Write the epochs that the tool does not have yet. `history` holds all that the run has."""

    def end(self, result: Result) -> None:
        """Write how the run has ended, or that it is interrupted and may go on."""


class Tracking:
    """The trackers of one run. One that fails is left out from then on; the run never notices."""

    _told: set[str] = set()  # noqa: RUF012 (of this process: a thousand runs need not all say it on stderr)

    def __init__(self, job: Job) -> None:
        self.folder, self.trackers = job.folder, dict[str, Tracker]()
        if job.config.tracking.tensorboard:
            self.trackers["tensorboard"] = TensorBoard(job)
        if job.config.tracking.mlflow is not None:
            self.trackers["mlflow"] = MLflow(job, job.config.tracking.mlflow)

    def record(self, history: Sequence[Row]) -> None:
        """Tell every tracker that there is a new epoch."""
        self._each(lambda tracker: tracker.record(history))

    def end(self, result: Result) -> None:
        """Tell every tracker how the run has ended."""
        self._each(lambda tracker: tracker.end(result))

    def _each(self, tell: Callable[[Tracker], None]) -> None:
        for name, tracker in list(self.trackers.items()):
            try:
                tell(tracker)
            except Exception as error:
                del self.trackers[name]
                self._warn(name, " ".join(f"{type(error).__name__}: {error}".split())[:300])

    def _warn(self, name: str, reason: str) -> None:
        with suppress(OSError):  # a full disk: training itself will tell
            write_log(self.folder, f"tracking={name} failed, and the run goes on without it: {reason}")
        if name not in self._told:
            self._told.add(name)
            print(f"{self.folder}: tracking={name} failed, and runs go on without it: {reason}", file=sys.stderr)
