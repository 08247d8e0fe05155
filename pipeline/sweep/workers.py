"""Stacks trained in worker processes, whatever happens to one of these."""

import traceback
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.datasets import Dataset
from pipeline.errors import one_line
from pipeline.runs.folder import write_failure
from pipeline.runs.job import Job
from pipeline.runs.result import Result
from pipeline.sweep.backend import Backend, WorkersDied
from pipeline.training.trainer import Trainer

_DEATHS = 2  # so often a stack may take its worker with it without having come further


@dataclass(frozen=True)
class Work:
    """One stack: its jobs and their rows, the data, and the file that keeps its state."""

    jobs: tuple[Job, ...]
    rows: tuple[int, ...]
    dataset: Dataset | None  # None: the worker reads it itself
    checkpoint: Path
    deaths: int = 0
    goes_on: bool = False  # the file is there already
    until: int | None = None  # the epoch at which it pauses

    def alone(self) -> "list[Work]":
        """The networks of the stack, each by itself from its start; the stack's own state goes."""
        for path in (self.checkpoint, self.started):  # or a later command would take up the stack beside its parts
            path.unlink(missing_ok=True)
        works = []
        for row in sorted(set(self.rows)):
            jobs = tuple(job for job, own in zip(self.jobs, self.rows, strict=True) if own == row)
            place = self.checkpoint.with_name(f"{jobs[0].folder.name}.alone.safetensors")
            works.append(replace(self, jobs=jobs, rows=(0,) * len(jobs), checkpoint=place))
        return works

    @property
    def started(self) -> Path:
        """There while the stack is in work, and still when its process has died: holds `progress` as it was."""
        return self.checkpoint.with_suffix(".started")

    def after_crash(self) -> "Work":
        """The stack as it is after the command before: one that took its whole process along counts a death."""
        try:
            stuck = self.started.read_text() == str(self.progress())
        except OSError:
            return self
        return replace(self, deaths=1) if stuck else self

    def progress(self) -> int:
        """A number that changes when the stack comes further."""
        return self.checkpoint.stat().st_mtime_ns if self.checkpoint.exists() else 0


Ended = tuple[Sequence[Job], Sequence[Result]]


def train_all(works: Sequence[Work], processes: int, backend: Backend) -> Generator[Ended]:
    """Train all stacks; the jobs and results of each as it ends.

    A worker that dies (killed, out of memory) takes no other stack along: those that were being trained go on from
    their last state in new workers, never in this process. One that dies twice without having come further is trained
    network by network, and what dies then has failed.
    """
    pending = {work.checkpoint: work.after_crash() for work in works}
    while pending:
        before = {path: work.progress() for path, work in pending.items()}
        for work in pending.values():
            work.started.unlink(missing_ok=True)
        try:
            isolated = any(work.deaths for work in pending.values())
            for path, jobs, results in backend.run(train_one, list(pending.values()), processes, isolated=isolated):
                del pending[path]
                yield jobs, results
        except WorkersDied:
            for path, work in list(pending.items()):
                if work.started.exists():
                    del pending[path]
                    stuck = work.progress() == before[path]
                    again, ended = _after_death(replace(work, deaths=work.deaths + 1 if stuck else 0))
                    pending |= {other.checkpoint: other for other in again}
                    if ended:
                        yield work.jobs, ended


def _after_death(work: Work) -> tuple[list[Work], list[Result]]:
    """What to train instead of a stack whose worker died, or that its runs have failed."""
    if work.deaths < _DEATHS:
        return [work], []
    if len(set(work.rows)) > 1:
        return [replace(other, deaths=1) for other in work.alone()], []
    message = "the worker process died while training it, repeatedly: killed, or out of memory"
    return [], [write_failure(job, message) for job in work.jobs]


def train_one(work: Work) -> tuple[Path, tuple[Job, ...], list[Result]]:
    """Runs in a worker: the result of every job of a stack, whatever happens to one of them."""
    work.started.write_text(str(work.progress()))
    results = _train(work)
    work.started.unlink(missing_ok=True)
    return work.checkpoint, work.jobs, results


def _train(work: Work) -> list[Result]:
    trainer = None
    try:
        dataset = work.dataset or work.jobs[0].config.dataset.load()
        trainer = Trainer(work.jobs, dataset, rows=work.rows, checkpoint=work.checkpoint, until=work.until)
        return trainer.train()
    except (Exception, SystemExit) as error:
        if len(set(work.rows)) > 1:  # find the one that fails
            results = {
                job.folder: result for part in work.alone() for job, result in zip(part.jobs, _train(part), strict=True)
            }
            return [results[job.folder] for job in work.jobs]
        if trainer is None:
            message = one_line(f"{type(error).__name__}: {error}", 1000)
            return [write_failure(job, message) for job in work.jobs]
        with suppress(OSError):
            for folder in trainer.folders:
                folder.log(traceback.format_exc())
        return trainer.ended()
