"""Cutout covers one square of every image, wherever its centre lies, and nothing else."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import scratchnet as sn
from scratchnet.cutout import cut_out


def covered_by(height: int, width: int, size: int, y: int, x: int) -> torch.Tensor:
    """What the square with this centre covers, place by place."""
    top, left = y - size // 2, x - size // 2
    rows = [[top <= i < top + size and left <= j < left + size for j in range(width)] for i in range(height)]
    return torch.tensor(rows)


@given(
    height=st.integers(1, 7),
    width=st.integers(1, 7),
    channels=st.integers(1, 3),
    size=st.integers(1, 8),
    seed=st.integers(0, 99),
)
def test_a_square_around_a_pixel_of_each_image_is_filled(
    height: int, width: int, channels: int, size: int, seed: int
) -> None:
    images = 1 + torch.randint(99, (20, channels, height, width), dtype=torch.uint8)
    fill = [100 + 0.4 * channel for channel in range(channels)]
    changed = cut_out(images, size, fill, torch.Generator().manual_seed(seed))
    assert changed.dtype == images.dtype
    possible = [covered_by(height, width, size, y, x) for y in range(height) for x in range(width)]
    for before, after in zip(images, changed, strict=True):
        squares = [square for square in possible if torch.equal((after >= 100).all(0), square)]
        assert squares
        assert torch.equal(after[:, ~squares[0]], before[:, ~squares[0]])
        assert [set(channel[squares[0]].tolist()) for channel in after] == [{round(value)} for value in fill]


def test_every_centre_is_as_likely_as_another() -> None:
    images = torch.zeros(30_000, 1, 3, 5, dtype=torch.float64)
    changed = cut_out(images, 1, [0.7], torch.Generator().manual_seed(0))
    counts = (changed == 0.7).sum(0)
    assert int(counts.sum()) == len(images)
    expected = len(images) / 15
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    assert chi_squared < 36.1  # of 14 degrees of freedom, once in a thousand


@pytest.mark.parametrize("size", [1, 2, 3])
def test_centres_are_drawn_for_rows_and_then_for_columns(size: int) -> None:
    images = torch.zeros(9, 2, 3, 5)
    with torch.device("meta"):  # where torch puts what is made without a device
        changed = cut_out(images, size, [0.7, 1.6], draws := torch.Generator().manual_seed(2))
    draws.manual_seed(2)
    y, x = (torch.randint(length, (9, 1), generator=draws).flatten().tolist() for length in (3, 5))
    for b in range(9):
        square = covered_by(3, 5, size, y[b], x[b])
        assert torch.equal(changed[b], torch.stack([0.7 * square, 1.6 * square]))


def test_flips_and_shifts_are_what_they_are_without_it() -> None:
    rows = torch.randint(1, 256, (50, 2 * 6 * 6), dtype=torch.uint8)
    moved, both = (
        sn.Augment(2, 6, 6, flip=True, shift=1, cutout=cutout)(rows, torch.Generator().manual_seed(3))
        for cutout in (0, 2)
    )
    left_alone = both == moved
    assert (~left_alone).sum(1).max() <= 2 * 2 * 2
    assert (both[~left_alone] == 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cutout": -1}, "cutout=-1; allowed: a whole number of 0 or more"),
        ({"cutout": 1.5}, "cutout=1.5; allowed"),
        ({"fill": (1.0, 2.0)}, "allowed: a tuple of one number, or of 3, one a channel"),
        ({"fill": (float("nan"),)}, "fill=nan; allowed: a finite number"),
    ],
)
def test_what_is_wrong_is_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sn.Augment(3, 4, 4, **arguments)  # type: ignore[arg-type]
