"""Sweeps on a Dask cluster: a real scheduler, and workers that may be killed."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import GRID, LONGER, ROOT, figures, pipeline, start, wait_for

pytest.importorskip("distributed")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler on loopback, and its two workers of one thread each."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    folder = tmp_path / "dask"
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def dask(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", *arguments]
        return subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)

    scheduler = dask("distributed.cli.dask_scheduler", "--host", address, "--no-dashboard")
    common = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(folder))
    workers = [dask("distributed.cli.dask_worker", address, *common) for _ in range(2)]
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_sweep_on_a_cluster_outlives_a_worker(
    tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, workers = cluster
    on_cluster = ["hydra.launcher.backend=dask", f"hydra.launcher.scheduler={address}"]
    process = start(tmp_path, "-m", *LONGER, *GRID, "training.epochs=40", *on_cluster)
    wait_for(tmp_path / "outputs/s/0/history.csv")
    workers[0].send_signal(signal.SIGKILL)
    _, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    pipeline(tmp_path, "-m", *LONGER, *GRID, "training.epochs=40", "hydra.launcher.workers=2", "sweep.name=here")
    assert figures(tmp_path / "outputs/s") == figures(tmp_path / "outputs/here")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hydra.launcher.backend=dask"], "hydra.launcher.backend=dask needs hydra.launcher.scheduler=tcp://"),
        (["hydra.launcher.backend=ray"], "hydra.launcher.backend=ray: allowed: loky or dask"),
        (
            ["hydra.launcher.backend=dask", "hydra.launcher.scheduler=tcp://127.0.0.1:1"],
            "hydra.launcher.scheduler=tcp://127.0.0.1:1: no answer",
        ),
    ],
)
def test_what_cannot_be_reached_is_said(tmp_path: Path, arguments: list[str], message: str) -> None:
    _, error = pipeline(tmp_path, "-m", *LONGER, "seed=0,1", *arguments, status=1)
    assert error[-1].startswith(message)
