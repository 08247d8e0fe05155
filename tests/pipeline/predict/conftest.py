"""Networks trained for an epoch on small data of each kind, and files like those they were trained on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from examples import write_module
from new_data import KINDS

from pipeline.runs.job import Job
from pipeline.training.trainer import Trainer

MakeJob = Callable[..., Job]
Trained = Callable[..., tuple[Path, Path, Job]]


@pytest.fixture
def trained(make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trained:
    """trained(kind) -> the folder of its run, the file of its data, and its job."""

    def train(kind: str, *more: str) -> tuple[Path, Path, Job]:
        monkeypatch.chdir(tmp_path)
        write, words, body = KINDS[kind]
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
