"""Runs shown in other tools as they train. The record is the run's own files, which need none of these.

A tracker writes whatever it does not have of a run yet, so it need not know whether the run is new or resumed: even
after a crash no epoch is missing there and none is duplicated.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from pipeline.errors import one_line
from pipeline.files import write_log
from pipeline.runs.history import History, read_history
from pipeline.runs.job import Job
from pipeline.runs.metrics import Row
from pipeline.runs.result import Result, read_result
from pipeline.runs.tracking._mlflow import MLflow, log_artifacts
from pipeline.runs.tracking._tensorboard import TensorBoard


class Tracker(Protocol):
    """Shows one run in one tool; its errors are reported and otherwise ignored."""

    def record(self, history: Sequence[Row]) -> None:
        """Write the epochs that the tool does not have yet. `history` holds all epochs of the run."""

    def end(self, result: Result) -> None:
        """Write how the run ended, or that it is interrupted and may be resumed."""


class Tracking:
    """The trackers of one run. One that fails is dropped; the run is not affected.

    A file remains in the run's folder then, by which the next command knows to tell the tool what it has missed.
    """

    _warned: set[str] = set()  # noqa: RUF012 (per process: a thousand runs need not all warn on stderr)

    def __init__(self, job: Job) -> None:
        self.folder, self.trackers = job.folder, dict[str, Tracker]()
        if job.config.tracking.tensorboard:
            self.trackers["tensorboard"] = TensorBoard(job)
        if job.config.tracking.mlflow is not None:
            self.trackers["mlflow"] = MLflow(job, job.config.tracking.mlflow)

    def record(self, history: Sequence[Row]) -> None:
        """Pass the new epoch to every tracker."""
        self._notify(lambda tracker: tracker.record(history))

    def end(self, result: Result) -> None:
        """Pass the run's end to every tracker."""
        self._notify(lambda tracker: tracker.end(result))

    def _notify(self, call: Callable[[Tracker], None]) -> None:
        for name, tracker in list(self.trackers.items()):
            try:
                call(tracker)
            except Exception as error:
                del self.trackers[name]
                with suppress(OSError):
                    _missed(self.folder, name).touch()
                self._warn(name, _reason(error))

    def _warn(self, name: str, reason: str) -> None:
        with suppress(OSError):  # a full disk: training itself will report it
            write_log(self.folder, f"tracking={name} failed, the run continues without it: {reason}")
        if name not in self._warned:
            self._warned.add(name)
            print(
                f"{self.folder}: tracking={name} failed, runs continue without it, and the same "
                f"command tells it what it has missed: {reason}",
                file=sys.stderr,
            )


def catch_up(jobs: Sequence[Job]) -> None:
    """Tell trackers all of the ended runs that they have missed something of."""
    for job in jobs:
        tracking = Tracking(job)
        missed = [path for name in tracking.trackers if (path := _missed(job.folder, name)).exists()]
        if not missed:
            continue
        result, history = read_result(job.folder), read_history(job.folder)
        if not isinstance(result, Result) or not isinstance(history, History):
            continue
        for path in missed:
            path.unlink()  # what fails again makes it again
        tracking.trackers = {path.suffix[1:]: tracking.trackers[path.suffix[1:]] for path in missed}
        tracking.record(history.rows)
        tracking.end(result)


def share(run: Path, artifacts: Mapping[Path, str]) -> None:
    """Give MLflow files and folders, each with its place there, as artifacts of the run in folder `run`, if tracked."""
    result = read_result(run)
    tracking = result.config.get("tracking") if isinstance(result, Result) else None
    if not isinstance(result, Result) or not tracking or not tracking.get("mlflow"):
        return
    experiment = tracking.get("experiment") or run.resolve().parent.name
    try:
        log_artifacts(tracking["mlflow"], experiment, run, (result.identity or {}).get("run", "none"), artifacts)
    except Exception as error:
        print(f"{', '.join(map(str, artifacts))}: not in MLflow: {_reason(error)}", file=sys.stderr)


def _reason(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}", 300)


def _missed(folder: Path, name: str) -> Path:
    return folder / f".missed.{name}"
