"""A Dask cluster on this machine: a real scheduler, and workers that may be killed."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commands import ROOT


class Cluster:
    """A scheduler on loopback, at `address`, and its workers of one thread each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        self._scheduler = self._run("dask_scheduler", "--host", self.address, "--no-dashboard")
        self.workers = [self._worker() for _ in range(2)]

    @property
    def overrides(self) -> list[str]:
        """By which a sweep trains here."""
        return ["hydra.launcher.backend=dask", f"hydra.launcher.scheduler={self.address}"]

    def lose(self, number: int) -> None:
        """Kill a worker; another takes its place."""
        self.workers[number].kill()
        self.workers[number].wait()
        self.workers[number] = self._worker()

    def close(self) -> None:
        for process in (*self.workers, self._scheduler):
            process.kill()
            process.wait()

    def _worker(self) -> subprocess.Popen[bytes]:
        options = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(self._folder / "dask"))
        return self._run("dask_worker", self.address, *options)

    def _run(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, cwd=self._folder, env=environment, stderr=subprocess.DEVNULL)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    running = Cluster(folder)
    try:
        yield running
    finally:
        running.close()
