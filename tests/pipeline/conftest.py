"""Jobs on small problems, composed as the command line composes them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from trained import KINDS

from pipeline.command.cli import conf_folder
from pipeline.config.check import check
from pipeline.runs.job import Job
from pipeline.training.trainer import Trainer

MakeJob = Callable[..., Job]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


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
