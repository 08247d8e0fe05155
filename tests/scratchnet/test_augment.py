"""Augmented images against numpy's pad, slice and flip, image by image."""

import math
from typing import Any

import numpy as np
import pytest
import torch

import scratchnet as sn

BATCH, CHANNELS, HEIGHT, WIDTH = 40, 2, 3, 5


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float64])
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("shift", [0, 1, 2])
def test_images_are_moved_and_then_mirrored(shift: int, flip: bool, dtype: torch.dtype) -> None:
    images = torch.randint(1, 256, (BATCH, CHANNELS, HEIGHT, WIDTH), generator=generator()).to(dtype)
    views = sn.Augment(CHANNELS, HEIGHT, WIDTH, flip, shift)(images.flatten(1), generator())
    draws = generator()
    down, right = torch.randint(0, 2 * shift + 1, (2, BATCH), generator=draws).tolist()
    mirrored = (torch.rand(BATCH, generator=draws) < 0.5).tolist() if flip else [False] * BATCH
    assert views.dtype == dtype
    for b, image in enumerate(images.numpy()):
        padded = np.pad(image, ((0, 0), (shift, shift), (shift, shift)))
        moved = padded[:, down[b] : down[b] + HEIGHT, right[b] : right[b] + WIDTH]
        expected = moved[..., ::-1] if mirrored[b] else moved
        assert views[b].tolist() == expected.flatten().tolist()
    if flip:
        assert 0 < sum(mirrored) < BATCH
    if shift:
        assert set(down) == set(right) == set(range(2 * shift + 1))


def test_what_is_covered_is_filled_after_the_moves() -> None:
    rows = torch.full((BATCH, CHANNELS * HEIGHT * WIDTH), 9.0)
    views = sn.Augment(CHANNELS, HEIGHT, WIDTH, shift=1, cutout=2, fill=(3.0, 4.0))(rows, generator())
    assert views.shape == rows.shape
    first, second = views.view(BATCH, CHANNELS, -1).unbind(1)
    covered = first == 3
    assert covered.sum(1).unique().tolist() == [1, 2, 4]  # 1 and 2 where the square's centre is at an edge
    assert torch.equal(second == 4, covered)
    assert set(views.unique().tolist()) == {0.0, 3.0, 4.0, 9.0}


def test_everything_is_on_the_device_of_the_rows() -> None:
    augment = sn.Augment(CHANNELS, HEIGHT, WIDTH, flip=True, shift=1, cutout=2)
    rows = torch.rand(BATCH, augment.features, generator=generator())
    expected = augment(rows, generator())
    with torch.device("meta"):  # where torch puts what is made without a device
        assert torch.equal(augment(rows, generator()), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": 0}, "channels=0; allowed: a whole number of 1 or more"),
        ({"height": 0}, "height=0; allowed: a whole number of 1 or more"),
        ({"width": 0}, "width=0; allowed: a whole number of 1 or more"),
        ({"shift": -1}, "shift=-1; allowed: a whole number of 0 or more"),
        ({"cutout": -1}, "cutout=-1; allowed: a whole number of 0 or more"),
        ({"fill": (1.0, 2.0)}, "fill=(1.0, 2.0); allowed: a tuple of one number, or of 3, one a channel"),
        ({"fill": 0.5}, "fill=0.5; allowed: a tuple of one number, or of 3, one a channel"),
        ({"fill": ()}, "fill=(); allowed: a tuple of one number, or of 3, one a channel"),
        ({"fill": (0.0, math.inf, 0.0)}, "fill=inf; allowed: a finite number"),
        ({"fill": (-math.inf,)}, "fill=-inf; allowed: a finite number"),
    ],
)
def test_what_is_out_of_range_is_told(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="Augment") as told:
        sn.Augment(**({"channels": 3, "height": 1, "width": 1} | arguments))
    assert str(told.value) == f"Augment: {message}"


def test_the_ends_of_a_range_are_in_it() -> None:
    assert sn.Augment(1, 1, 1, shift=0, cutout=0, fill=(-1e300,)).features == 1
    assert sn.Augment(3, 1, 1, fill=(1.0, 2.0, 3.0)).features == 3
