"""Formulas of the toy problems, their numbers of points and their seeds."""

import numpy as np
import pytest
from data import load_dataset

from pipeline.datasets import Dataset, Split

TOYS = ["linear", "folded", "square", "patterns"]


def points(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """All points and targets."""
    splits: list[Split] = [data.train, data.validation, data.test]
    return np.concatenate([s.inputs for s in splits]), np.concatenate([s.targets for s in splits])


def test_linear_turns_by_a_right_angle() -> None:
    x, y = points(load_dataset("linear"))
    np.testing.assert_array_equal(y, x @ np.array([[0, 1], [-1, 0]]))
    assert abs(x.mean()) < 0.05
    assert abs(x.std() - 1) < 0.05


def test_folded_takes_the_absolute_value_first() -> None:
    x, y = points(load_dataset("folded"))
    np.testing.assert_array_equal(y, np.stack([-np.abs(x[:, 1]), x[:, 0]], 1))
    assert (x[:, 1] < 0).any()


def test_square_marks_a_sixteenth() -> None:
    data = load_dataset("square", samples=100_000)
    x, y = points(data)
    assert x.min() >= 0
    assert x.max() <= 4
    np.testing.assert_array_equal(y == 1, (abs(x[:, 0] - 2.5) <= 0.5) & (abs(x[:, 1] - 1.5) <= 0.5))
    assert abs(y.mean() - 1 / 16) < 0.005
    assert data.class_names == ("outside", "inside")


def test_patterns_are_two_strings() -> None:
    data = load_dataset("patterns")
    x, y = points(data)
    for k, name in enumerate(data.class_names):
        assert {"".join(str(int(bit)) for bit in row) for row in x[y == k]} == {name}
    assert data.class_names == ("101010", "111000")
    assert 0.4 < y.mean() < 0.6


@pytest.mark.parametrize("name", TOYS)
def test_types_and_numbers(name: str) -> None:
    data = load_dataset(name)
    x, y = points(data)
    assert len(data.train) + len(data.validation) == (1_000 if name == "patterns" else 10_000)
    assert len(data.test) == (200 if name == "patterns" else 2_000)
    assert x.dtype == np.float64
    assert y.dtype == (np.int64 if data.task == "classification" else np.float64)
    assert y.shape[1:] == (() if data.task == "classification" else (2,))
    assert data.image_shape is None


@pytest.mark.parametrize("name", TOYS)
def test_samples_and_seed(name: str) -> None:
    data = load_dataset(name, samples=103, validation_fraction=0.2, seed=1)
    assert [len(data.train), len(data.validation), len(data.test)] == [82, 21, 20]
    assert data.fingerprint == load_dataset(name, samples=103, seed=1).fingerprint
    assert data.fingerprint != load_dataset(name, samples=103, seed=2).fingerprint
