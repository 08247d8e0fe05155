"""Folds of cross-validation: every example is tested once, classes are dealt evenly, nothing is learned of the test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.check import ConfigError
from pipeline.datasets._split import fold_rows
from pipeline.errors import UserError
from pipeline.runs.job import Job

MakeJob = Callable[..., Job]


@given(st.lists(st.integers(0, 4), min_size=2, max_size=60), st.integers(2, 9), st.integers(0, 3))
def test_every_example_is_in_one_fold(labels: list[int], folds: int, seed: int) -> None:
    classes = np.array(labels)
    if len(classes) < folds:
        with pytest.raises(UserError, match=rf"dataset.folds={folds}: there are only {len(classes)} examples"):
            fold_rows(classes, folds, 0, seed)
        return
    parts = [fold_rows(classes, folds, fold, seed) for fold in range(folds)]
    assert sorted(np.concatenate([test for _, test in parts])) == list(range(len(classes)))
    for train, test in parts:
        assert sorted([*train, *test]) == list(range(len(classes)))
    for counts in (
        [len(test) for _, test in parts],
        *([(classes[t] == c).sum() for _, t in parts] for c in set(labels)),
    ):
        assert max(counts) - min(counts) <= 1


def test_another_seed_deals_other_folds() -> None:
    assert not np.array_equal(fold_rows(100, 5, 0, 0)[1], fold_rows(100, 5, 0, 1)[1])


TABLE = ("dataset=table", "dataset.path=t.csv", "dataset.target=y", "dataset.validation_fraction=0.25")


@pytest.fixture
def _table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = pd.DataFrame({"x": np.arange(50.0), "y": ["yes", "no", "no", "no", "no"] * 10})
    rows.loc[49, "x"] = 1e6  # an outlier that only the runs see that train on it
    rows.to_csv("t.csv", index=False)


@pytest.mark.usefixtures("_table")
def test_folds_of_a_table_learn_nothing_of_their_test(make_job: MakeJob) -> None:
    tested: list[float] = []
    for fold in range(5):
        config = make_job(*TABLE, "dataset.folds=5", f"dataset.fold={fold}").config
        dataset = config.dataset.load()
        assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (30, 10, 10)
        assert [list(dataset.test.targets).count(label) for label in (0, 1)] == [8, 2]
        assert dataset.card.test_split == "fold"
        tested += dataset.test.inputs[:, 0].tolist()
        [mean], _ = config.dataset.normalisation(dataset)
        assert (mean > 1000) == (1e6 in dataset.train.inputs)
    assert sorted(tested) == [*map(float, range(49)), 1e6]


def test_folds_leave_a_given_test_split_alone(make_job: MakeJob) -> None:
    whole = make_job("dataset=fashion_mnist_mini").config.dataset.load()
    parts = [
        make_job("dataset=fashion_mnist_mini", "dataset.folds=3", f"dataset.fold={fold}").config.dataset.load()
        for fold in range(3)
    ]
    assert sum(len(part.test) for part in parts) == len(whole.train) + len(whole.validation)
    assert len({part.fingerprint for part in parts}) == 3


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["dataset.folds=1"], "dataset.folds=1: would leave nothing to train on"),
        (["dataset.folds=5", "dataset.fold=5"], "dataset.fold=5: allowed: 0 to 4"),
        (["dataset.fold=1"], "dataset.fold=1: allowed: 0 without dataset.folds"),
        (["dataset.folds=-1"], "dataset.folds=-1: should be greater than or equal to 0"),
    ],
)
def test_folds_that_cannot_be(make_job: MakeJob, overrides: list[str], message: str) -> None:
    for name in ("square", "fashion_mnist_mini", "sklearn"):
        with pytest.raises(ConfigError, match=message):
            make_job(f"dataset={name}", *(["dataset.loader=iris"] * (name == "sklearn")), *overrides)
