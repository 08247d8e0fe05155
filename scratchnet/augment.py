"""Random views of images, drawn anew each time a training batch is read."""

from dataclasses import dataclass

import torch
from torch import Tensor

from scratchnet._numbers import check_count


@dataclass(frozen=True)
class Augment:
    """Mirror half of the images left to right (`flip`), and move each by up to `shift` pixels along both axes.

    Images are flattened rows (B, C·H·W), channel by channel; what moves in from outside is 0. Each image is drawn
    independently: flip with probability 1/2, both displacements uniform on −shift … shift. Raises ValueError for sizes
    below 1 and a shift below 0.
    """

    channels: int
    height: int
    width: int
    flip: bool = False
    shift: int = 0

    def __post_init__(self) -> None:
        for name in ("channels", "height", "width"):
            check_count("Augment", name, getattr(self, name), 1)
        check_count("Augment", "shift", self.shift, 0)

    @property
    def features(self) -> int:
        """The numbers of an image, C·H·W."""
        return self.channels * self.height * self.width

    def __call__(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """rows (B, C·H·W) of any type -> the same shape and type."""
        batch, device, margin = len(rows), rows.device, self.shift
        padded_width = self.width + 2 * margin
        moves = torch.randint(0, 2 * margin + 1, (2, batch, 1, 1), generator=generator, device=device)
        row = torch.arange(self.height, device=device).view(1, -1, 1) + moves[0]
        column = torch.arange(self.width, device=device).view(1, 1, -1).expand(batch, 1, -1)
        if self.flip:
            mirrored = torch.rand((batch, 1, 1), generator=generator, device=device) < 0.5
            column = torch.where(mirrored, self.width - 1 - column, column)
        index = (row * padded_width + column + moves[1]).view(batch, 1, -1).expand(-1, self.channels, -1)
        images = rows.view(batch, self.channels, self.height, self.width)
        padded = torch.nn.functional.pad(images, (margin,) * 4)
        return padded.flatten(2).gather(2, index).view_as(rows)
