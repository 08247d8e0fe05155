"""Where stacks train: worker processes on this machine, or those of a Dask cluster."""

import os
import socket
from collections.abc import Callable, Generator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import joblib

from pipeline.errors import UserError
from pipeline.extras import needed
from pipeline.pool import pool

Kind = Literal["loky", "dask"]


def _in_folder(folder: Path, function: Callable[..., Any], work: Any) -> Any:
    """Call function(work) where the command was typed, from which paths of data, runs and modules count."""
    try:
        os.chdir(folder)
    except OSError as error:
        raise UserError(
            f"{folder}: {error.strerror} on {socket.gethostname()}, where a Dask worker runs; workers need to see the "
            "folder that the command is typed in, under the same path"
        ) from error
    return function(work)


class WorkersDied(Exception):
    """Workers died before they returned their results."""


@dataclass(frozen=True)
class Backend:
    """joblib's `loky` (processes here) or `dask` (with the scheduler's address)."""

    name: Kind = "loky"
    scheduler: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise UserError(f"hydra.launcher.workers={self.workers}: allowed: 1 or more, or null for one per core")
        if self.name not in get_args(Kind):
            raise UserError(f"hydra.launcher.backend={self.name}: allowed: loky or dask")
        if (self.name == "dask") != (self.scheduler is not None):
            raise UserError(
                "hydra.launcher.backend=dask needs hydra.launcher.scheduler=tcp://HOST:PORT, the address that "
                "`dask scheduler` prints"
            )

    @property
    def shares_memory(self) -> bool:
        """Whether workers share this process's memory; if not, they load the data themselves."""
        return self.name == "loky"

    @property
    def optional(self) -> bool:
        """Whether this process may do the work itself: the user set no number of workers."""
        return self.name == "loky" and self.workers is None

    def processes(self) -> int:
        """How many stacks train at once."""
        if self.workers is not None:
            return self.workers
        if self.name == "loky":
            return int(joblib.cpu_count())
        with self._client() as client:
            threads: int = sum(client.nthreads().values())
            return max(1, threads)

    def run(
        self, function: Callable[..., Any], works: Sequence[Any], processes: int, *, isolated: bool = False
    ) -> Generator[Any]:
        """Call function(work) for each in workers; yield results as they arrive. Raises WorkersDied.

        A single process is this one, unless the work must be `isolated` because it may kill its process.
        """
        if self.name == "dask":
            yield from self._run_on_cluster([joblib.delayed(_in_folder)(Path.cwd(), function, work) for work in works])
            return
        jobs = [joblib.delayed(function)(work) for work in works]
        try:
            yield from pool(max(min(processes, len(jobs)), 1 + isolated))(jobs)
        except BrokenProcessPool as error:
            raise WorkersDied from error

    def _run_on_cluster(self, jobs: Sequence[Any]) -> Generator[Any]:
        import distributed

        with self._client() as client, joblib.parallel_config("dask", client=client):
            try:
                yield from joblib.Parallel(return_as="generator_unordered")(jobs)
            except distributed.KilledWorker as error:  # a task that killed several workers in turn
                client.restart()  # tasks still running would train what is resubmitted
                raise WorkersDied from error

    def _client(self) -> Any:
        with needed("dask", "hydra.launcher.backend=dask"):
            import distributed
        try:
            return distributed.Client(self.scheduler, timeout=10)
        except OSError as error:
            raise UserError(
                f"hydra.launcher.scheduler={self.scheduler}: no answer; start a scheduler with "
                "`dask scheduler`, and workers with `dask worker ADDRESS --nthreads 1`"
            ) from error
