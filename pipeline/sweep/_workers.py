"""Stacks trained in worker processes that may die."""

import errno
import math
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.datasets import Dataset
from pipeline.errors import explain, one_line
from pipeline.files import read_whole, write_whole
from pipeline.runs.folder import write_failure
from pipeline.runs.job import Job
from pipeline.runs.result import Result
from pipeline.sweep._states import state_path
from pipeline.sweep.backend import Backend, WorkersDied
from pipeline.training.trainer import Trainer

_PULSE_SECONDS = 0.5
_DEATHS = 2  # how often a stack may kill its worker without making progress
# Not the fault of one run: the stack keeps its state and goes on once the user has mended it.
_OF_ALL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ESTALE}


@dataclass(frozen=True)
class Work:
    """One stack: its jobs and their rows, the data, and its checkpoint."""

    jobs: tuple[Job, ...]
    rows: tuple[int, ...]
    dataset: Dataset | None  # None: the worker loads it
    checkpoint: Path
    deaths: int = 0
    resumes: bool = False  # the checkpoint exists
    until: int | None = None  # the epoch at which it pauses
    deadline: float = math.inf  # of `time.time()`: when it pauses, or does not start

    def split(self) -> "list[Work]":
        """The networks of the stack, each alone and from its start; the stack's checkpoint is deleted."""
        for path in (self.checkpoint, self.started):  # or a later command would resume the stack as well as its parts
            path.unlink(missing_ok=True)
        works = []
        for row in sorted(set(self.rows)):
            jobs = tuple(job for job, job_row in zip(self.jobs, self.rows, strict=True) if job_row == row)
            place = state_path(self.checkpoint.parent, jobs[0].name, alone=True)
            works.append(replace(self, jobs=jobs, rows=(0,) * len(jobs), checkpoint=place))
        return works

    @property
    def started(self) -> Path:
        """A file that exists while the stack trains, and remains if its process dies: holds `progress` at the start."""
        return self.checkpoint.with_suffix(".started")

    @property
    def reached(self) -> Path:
        """A file that says how many epochs the stack has trained, fractions included, for the command to show."""
        return self.checkpoint.with_suffix(".epochs")

    def after_crash(self) -> "Work":
        """The stack after the previous command: if it killed that whole process, it counts as a death."""
        try:
            stuck = read_whole(self.started, 100) == str(self.progress()).encode()
        except OSError:
            return self
        return replace(self, deaths=1) if stuck else self

    def progress(self) -> int:
        """A number that changes when the stack makes progress."""
        return self.checkpoint.stat().st_mtime_ns if self.checkpoint.exists() else 0


Ended = tuple[Sequence[Job], Sequence[Result]]


def train_all(works: Sequence[Work], processes: int, backend: Backend) -> Generator[Ended]:
    """Train all stacks; the jobs and results of each as it ends.

    A worker that dies (killed, out of memory) costs no other stack: those in training resume from their last
    checkpoint in new workers, never in this process. A stack that dies twice without progress is trained network by
    network, and a network that dies then has failed.
    """
    pending = {work.checkpoint: work.after_crash() for work in works}
    while pending:
        before = {path: work.progress() for path, work in pending.items()}
        for work in pending.values():
            work.started.unlink(missing_ok=True)
        try:
            # One at a time after a death: a worker that dies ends those beside it, and only one of them is to blame.
            suspects = [work for work in pending.values() if work.deaths]
            batch = suspects[:1] or list(pending.values())
            for path, jobs, results in backend.run(train_one, batch, processes, isolated=bool(suspects)):
                del pending[path]
                yield jobs, results
        except WorkersDied:
            for path, work in list(pending.items()):
                if work in batch and work.started.exists():
                    del pending[path]
                    stuck = work.progress() == before[path]
                    again, ended = _after_death(replace(work, deaths=work.deaths + 1 if stuck else 0))
                    pending |= {other.checkpoint: other for other in again}
                    if ended:
                        yield work.jobs, ended


def _after_death(work: Work) -> tuple[list[Work], list[Result]]:
    """What to train in place of a stack whose worker died, or the results of its failed runs."""
    if work.deaths < _DEATHS:
        return [work], []
    if len(set(work.rows)) > 1:
        return [replace(other, deaths=1) for other in work.split()], []
    message = "the worker process died while training it, repeatedly: killed, or out of memory"
    return [], [write_failure(job, message) for job in work.jobs]


def train_one(work: Work) -> tuple[Path, tuple[Job, ...], list[Result]]:
    """Train one stack, in a worker; -> the result of each of its jobs, even if one of them fails.

    Past the deadline nothing starts, and there are no results.
    """
    if time.time() >= work.deadline:
        return work.checkpoint, work.jobs, []
    with suppress(OSError):  # a full disk: training itself says so
        write_whole(work.started, str(work.progress()), durable=False)
    results = _train(work)
    with suppress(OSError):
        work.started.unlink(missing_ok=True)
        work.reached.unlink(missing_ok=True)
    return work.checkpoint, work.jobs, results


def _writer(path: Path) -> Callable[[float], None]:
    """A function that writes how far the stack is, now and then: only people read it."""
    last = time.monotonic()

    def write(epochs: float) -> None:
        nonlocal last
        if time.monotonic() - last > _PULSE_SECONDS:
            last = time.monotonic()
            with suppress(OSError):
                write_whole(path, f"{epochs:.3f}", durable=False)

    return write


def _train(work: Work) -> list[Result]:
    trainer = None
    try:
        dataset = work.dataset or work.jobs[0].config.dataset.load()
        trainer = Trainer(
            work.jobs,
            dataset,
            _writer(work.reached),
            rows=work.rows,
            checkpoint=work.checkpoint,
            until=work.until,
            deadline=work.deadline,
        )
        return trainer.train()
    except (Exception, SystemExit) as error:
        if len(set(work.rows)) > 1 and getattr(error, "errno", None) not in _OF_ALL:  # find the one that fails
            results = {
                job.folder: result for part in work.split() for job, result in zip(part.jobs, _train(part), strict=True)
            }
            return [results[job.folder] for job in work.jobs]
        if trainer is None:
            message = explain(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
            message = one_line(message, 1000)
            return [write_failure(job, message) for job in work.jobs]
        with suppress(OSError):
            for folder in trainer.folders:
                folder.log(traceback.format_exc())
        return trainer.ended()
