"""Formulas of the toy problems, and what a split keeps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.datasets import load_dataset
from pipeline.datasets.split import split_rows
from pipeline.errors import UserError


def points(name: str, **options: int) -> tuple[np.ndarray, np.ndarray]:
    data = load_dataset(name, **options)
    return data.test.inputs, data.test.targets


def test_linear_turns_by_a_right_angle() -> None:
    x, y = points("linear")
    np.testing.assert_array_equal(y, x @ np.array([[0, 1], [-1, 0]]))
    assert abs(x.mean()) < 0.05
    assert abs(x.std() - 1) < 0.05


def test_folded_takes_the_absolute_value_first() -> None:
    x, y = points("folded")
    np.testing.assert_array_equal(y, np.stack([-np.abs(x[:, 1]), x[:, 0]], 1))


def test_square_marks_a_sixteenth() -> None:
    x, y = points("square", samples=100_000)
    assert x.min() >= 0
    assert x.max() <= 4
    np.testing.assert_array_equal(y == 1, (abs(x[:, 0] - 2.5) <= 0.5) & (abs(x[:, 1] - 1.5) <= 0.5))
    assert abs(y.mean() - 1 / 16) < 0.005


def test_patterns_are_two_strings() -> None:
    x, y = points("patterns")
    assert ["".join(str(int(bit)) for bit in x[y == k][0]) for k in (0, 1)] == ["101010", "111000"]
    assert len(np.unique(np.c_[x, y], axis=0)) == 2


def test_samples_and_seed() -> None:
    data = load_dataset("linear", samples=100, validation_fraction=0.2, seed=1)
    assert [len(data.train), len(data.validation), len(data.test)] == [80, 20, 20]
    assert data.fingerprint == load_dataset("linear", samples=100, seed=1).fingerprint
    assert data.fingerprint != load_dataset("linear", samples=100, seed=2).fingerprint


@given(st.lists(st.integers(0, 4), min_size=2, max_size=200), st.floats(0, 0.95), st.integers(0, 99))
def test_a_split_is_whole_stratified_and_repeatable(labels: list[int], fraction: float, seed: int) -> None:
    targets = np.array(labels)
    wanted = round(fraction * len(targets))
    if wanted == len(targets) or (fraction > 0 and wanted == 0):
        with pytest.raises(UserError, match="leaves none for"):
            split_rows(targets, fraction, seed)
        return
    train, validation = split_rows(targets, fraction, seed)
    assert len(validation) == wanted
    assert sorted([*train, *validation]) == list(range(len(targets)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(validation) > 0).all()
    for k in set(labels):
        assert abs((targets[validation] == k).sum() - wanted / len(targets) * (targets == k).sum()) < 1
    again = split_rows(targets, fraction, seed)
    np.testing.assert_array_equal(validation, again[1])


def test_another_seed_is_another_split() -> None:
    assert split_rows(1000, 0.2, 0)[1].tolist() != split_rows(1000, 0.2, 1)[1].tolist()
