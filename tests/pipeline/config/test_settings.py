"""Which configurations are one setting: equal but for seeds, folds, what is named, and what follows the seed."""

from collections.abc import Callable

import pytest

from pipeline.config.settings import settings_of
from pipeline.runs.job import Job


@pytest.mark.parametrize(
    ("runs", "settings"),
    [
        (["seed=0", "seed=1"], [0, 0]),
        (["seed=0 optimizer.lr=0.1", "seed=1 optimizer.lr=0.1", "seed=0 optimizer.lr=0.2"], [0, 0, 1]),
        (["dataset.folds=3 dataset.fold=0", "dataset.folds=3 dataset.fold=1"], [0, 0]),
        (["dataset.folds=3 dataset.fold=0", "dataset.folds=4 dataset.fold=0"], [0, 1]),
        (["training.order_seed=0", "training.order_seed=1"], [0, 1]),
        (["seed=1 dataset.seed=1", "seed=2 dataset.seed=2"], [0, 0]),
        (["seed=1 dataset.seed=1", "seed=2 dataset.seed=3"], [0, 1]),
        (["sweep.replicates=[dataset.seed] dataset.seed=1", "sweep.replicates=[dataset.seed] dataset.seed=3"], [0, 0]),
        (["sweep.name=a report=false", "sweep.name=b tracking=tensorboard"], [0, 0]),
        (["model.hidden=[4]", "model.hidden=[8]", "model.hidden=[4] seed=3"], [0, 1, 0]),
    ],
)
def test_numbers_of_settings(make_job: Callable[..., Job], runs: list[str], settings: list[int]) -> None:
    assert settings_of([make_job(*run.split()).config for run in runs]) == settings
