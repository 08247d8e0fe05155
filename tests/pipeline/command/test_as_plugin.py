"""Launcher and sweepers as Hydra's plugins: what its own tests of plugins ask, and other applications beside them."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from omegaconf import OmegaConf

from hydra_plugins.scratchnet_launcher import StackedLauncher
from hydra_plugins.scratchnet_sweeper import GridSweeper, SearchSweeper
from pipeline.command.callbacks import PipelineCallback
from pipeline.config.folder import conf_folder

SMALL = ["dataset=square", "dataset.samples=200", "training.epochs=1", "model.hidden=[4]"]
APPLICATION = """
import hydra
from omegaconf import DictConfig

@hydra.main(version_base=None, config_path=None)
def main(config: DictConfig) -> float:
    print("ran", config.x)
    return float(config.x)

main()
"""


def test_they_are_found() -> None:
    names = [plugin.__name__ for kind in (Launcher, Sweeper) for plugin in Plugins.instance().discover(kind)]
    assert {StackedLauncher.__name__, GridSweeper.__name__, SearchSweeper.__name__} <= set(names)


def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overrides: Sequence[str]) -> list[JobReturn]:
    from hydra._internal.hydra import Hydra
    from hydra._internal.utils import create_config_search_path
    from hydra.types import RunMode

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(PipelineCallback, "sweep_folder", None)
    GlobalHydra.instance().clear()
    runner = Hydra.create_main_hydra2("test", create_config_search_path(str(conf_folder())))
    try:
        runner.compose_config("config", list(overrides), RunMode.MULTIRUN)
        returns = runner.multirun("config", lambda config: None, list(overrides))
    finally:
        GlobalHydra.instance().clear()
    return returns[0] if returns else []


@pytest.mark.parametrize("chdir", [False, True])
def test_a_job_returns_what_hydra_s_launchers_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chdir: bool) -> None:
    returned = sweep(
        tmp_path, monkeypatch, ["sweep.name=s", "optimizer.lr=0.1,0.2", f"hydra.job.chdir={str(chdir).lower()}", *SMALL]
    )
    assert len(returned) == 2
    for number, (job, lr) in enumerate(zip(returned, (0.1, 0.2), strict=True)):
        assert job.status == JobStatus.COMPLETED
        assert f"optimizer.lr={lr}" in list(job.overrides or [])
        assert job.cfg is not None
        assert job.cfg.optimizer.lr == lr
        assert "hydra" not in job.cfg
        assert job.hydra_cfg is not None
        assert job.hydra_cfg.hydra.job.num == number
        assert job.hydra_cfg.hydra.runtime.output_dir == str(tmp_path / "outputs" / "s" / str(number))
        assert f"optimizer.lr={lr}" in job.hydra_cfg.hydra.overrides.task
        assert job.task_name == "run"
        where = tmp_path / "outputs" / "s" / str(number) if chdir else tmp_path
        assert Path(str(job.working_dir)) == where
        assert OmegaConf.load(tmp_path / f"outputs/s/{number}/.hydra/config.yaml") == job.cfg
        assert 0 <= job.return_value <= 1


@pytest.mark.parametrize(
    ("words", "status", "answer"),
    [
        (["hydra/sweeper=grid", "+x=1,2"], 0, ["ran 1", "ran 2"]),
        (["hydra/sweeper=grid", "hydra/launcher=stacked", "+x=1,2"], 1, ["hydra/launcher=stacked: trains what"]),
    ],
)
def test_another_application_is_served_or_told(
    tmp_path: Path, words: list[str], status: int, answer: list[str]
) -> None:
    (tmp_path / "app.py").write_text(APPLICATION)
    done = subprocess.run(
        [sys.executable, "app.py", "-m", *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == status
    for words_of in answer:
        assert words_of in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
