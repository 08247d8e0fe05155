"""Jobs on small problems, composed as the command line composes them."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from examples import write_module
from hydra import compose, initialize_config_dir
from new_data import KINDS as DATA
from trained import KINDS

from pipeline.command.cli import conf_folder
from pipeline.config.check import check
from pipeline.runs.job import Job
from pipeline.training.trainer import Trainer

MakeJob = Callable[..., Job]
Trained = Callable[..., tuple[Path, Path, Job]]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def _signals_of_a_terminal() -> None:
    """What a shell starts in the background ignores Ctrl-C, and under nohup a hangup; what that starts does, too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def make_job(tmp_path: Path) -> Iterator[MakeJob]:
    """make_job("key=value", …) -> a checked job in a folder of its own."""
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        numbers = iter(range(1000))

        def make(*overrides: str) -> Job:
            return Job(check(compose("config", list(overrides))), tmp_path / str(next(numbers)), overrides)

        yield make


@pytest.fixture(params=KINDS)
def trainer(request: pytest.FixtureRequest, make_job: MakeJob) -> Trainer:
    """A run of each kind that has trained its one epoch."""
    job = make_job(*KINDS[request.param], "training.epochs=1", "optimizer.lr=0.003")
    trainer = Trainer([job], job.config.dataset.load())
    trainer.train()
    return trainer


@pytest.fixture
def trained(make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trained:
    """trained(kind) -> the folder of its run, the file of its data, and its job."""

    def train(kind: str, *more: str) -> tuple[Path, Path, Job]:
        monkeypatch.chdir(tmp_path)
        write, words, body = DATA[kind]
        if body:
            write_module(tmp_path, "my_predicted", body)
        path = write(tmp_path)
        keys = [f"dataset.{word}" for word in words[1:]]
        few = ["dataset.validation_fraction=0.9"] if kind == "mini" else []
        short = ["training.epochs=2", "model.hidden=[8]", "training.batch_size=4", "optimizer.lr=0.03"]
        job = make_job(f"dataset={words[0]}", *keys, *few, *short, *more)
        Trainer([job], job.config.dataset.load()).train()
        return job.folder, path, job

    return train
