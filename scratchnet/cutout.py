"""Cutout: a square of every training image is covered."""

from collections.abc import Sequence

import torch
from torch import Tensor


def cut_out(images: Tensor, size: int, fill: Sequence[float], generator: torch.Generator) -> Tensor:
    """images (B, C, H, W) -> the same, where a square of `size` pixels of each image is `fill`.

    The square's centre is uniform over the pixels, for each image independently, and what lies outside the image is
    lost: rows y − ⌊size / 2⌋ up to y − ⌊size / 2⌋ + size − 1, columns alike. fill: one number, or one a channel; of
    integers the nearest. Source: T. DeVries, G. Taylor, "Improved regularization of convolutional neural networks with
    cutout", 2017, whose fill is the mean of the data.
    """
    batch, channels, height, width = images.shape
    rows, columns = (
        _covered(length, size, torch.randint(length, (batch, 1), generator=generator, device=images.device))
        for length in (height, width)
    )
    covered = rows.view(batch, 1, height, 1) & columns.view(batch, 1, 1, width)
    values = torch.tensor(fill, dtype=torch.float64, device=images.device)
    values = (values if images.is_floating_point() else values.round()).to(images.dtype)
    return torch.where(covered, values.expand(channels).view(channels, 1, 1), images)


def _covered(length: int, size: int, centre: Tensor) -> Tensor:
    """(B, length) which places along one side lie in a square with this centre (B, 1)."""
    place, first = torch.arange(length, device=centre.device), centre - size // 2
    return (place >= first) & (place < first + size)
