"""Sweeps on a Dask cluster."""

from pathlib import Path

import pytest
from commands import GRID, LONGER, figures, pipeline, running, wait_for
from dask_cluster import cluster

from pipeline.errors import UserError
from pipeline.sweep.backend import _in_folder

pytest.importorskip("distributed")


@pytest.mark.slow
def test_a_sweep_on_a_cluster_outlives_a_worker(tmp_path: Path) -> None:
    sweep = ["-m", *LONGER, *GRID, "training.epochs=40"]
    elsewhere = tmp_path / "elsewhere"  # where workers start
    elsewhere.mkdir()
    with cluster(elsewhere) as workers, running(tmp_path, *sweep, *workers.overrides) as process:
        wait_for(tmp_path / "outputs/s/0/history.csv")
        workers.lose(0)
        _, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    pipeline(tmp_path, *sweep, "hydra.launcher.workers=2", "sweep.name=here")
    assert figures(tmp_path / "outputs/s") == figures(tmp_path / "outputs/here")


def test_a_folder_that_a_worker_does_not_see_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"/nowhere: No such file or directory on .*, where a Dask worker runs; workers"
    ):
        _in_folder(tmp_path / "nowhere", str, 3)


@pytest.mark.slow
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
