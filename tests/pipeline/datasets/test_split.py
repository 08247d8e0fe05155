"""What a split keeps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.datasets._split import split_rows
from pipeline.errors import UserError

LABELS = st.lists(st.integers(0, 4), min_size=2, max_size=200)


@given(LABELS, st.floats(0, 1, exclude_max=True), st.integers(0, 99))
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


def test_the_largest_remainder_gets_the_odd_row() -> None:
    """Half of 3 + 1 + 4 rows is 1.5, 0.5 and 2: the first two have equal remainders, the first takes it."""
    labels = np.array([0, 0, 0, 1, 2, 2, 2, 2])
    assert np.bincount(labels[split_rows(labels, 0.5, 0)[1]]).tolist() == [2, 0, 2]
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])  # 1.2, 0.9, 0.9
    assert np.bincount(labels[split_rows(labels, 0.3, 0)[1]]).tolist() == [1, 1, 1]


def test_another_seed_is_another_split() -> None:
    for rows in (1000, np.zeros(1000, dtype=np.int64)):
        assert split_rows(rows, 0.2, 0)[1].tolist() != split_rows(rows, 0.2, 1)[1].tolist()


def test_rows_are_drawn_from_everywhere() -> None:
    """Without labels, and within a class."""
    for rows in (1000, np.zeros(1000, dtype=np.int64)):
        validation = split_rows(rows, 0.5, 0)[1]
        assert 200 < (validation < 500).sum() < 300


def test_no_validation() -> None:
    train, validation = split_rows(np.array([1, 0, 1]), 0.0, 0)
    assert train.tolist() == [0, 1, 2]
    assert len(validation) == 0


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 1.5, float("nan"), float("inf")])
def test_what_is_no_fraction(fraction: float) -> None:
    with pytest.raises(UserError, match=f"dataset.validation_fraction={fraction}: not a number from 0"):
        split_rows(10, fraction, 0)


@pytest.mark.parametrize(("fraction", "side"), [(0.99, "training"), (0.01, "validation")])
def test_a_side_without_rows(fraction: float, side: str) -> None:
    with pytest.raises(UserError, match=f"{fraction} of 10 examples leaves none for {side}"):
        split_rows(10, fraction, 0)
