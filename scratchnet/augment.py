"""Random views of images, drawn anew each time a training batch is read."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from scratchnet._numbers import check_count, check_finite
from scratchnet.cutout import cut_out


@dataclass(frozen=True)
class Augment:
    """Mirror half of the images left to right (`flip`), move each by up to `shift` pixels along both axes, and cover a
    square of `cutout` pixels of each (`scratchnet.cutout`).

    Images are flattened rows (B, C·H·W), channel by channel; what moves in from outside is 0, what is covered becomes
    `fill`, one number or one a channel in units of the rows, rounded where these are bytes. Each image is drawn
    independently: flip with probability 1/2, both displacements uniform on −shift … shift. Raises ValueError for sizes
    below 1, a shift or cutout below 0, and a fill that is not finite or has another number of channels. Training
    refuses a fill that the type of the rows cannot hold.
    """

    channels: int
    height: int
    width: int
    flip: bool = False
    shift: int = 0
    cutout: int = 0
    fill: tuple[float, ...] = (0.0,)

    def __post_init__(self) -> None:
        for name in ("channels", "height", "width"):
            check_count("Augment", name, getattr(self, name), 1)
        for name in ("shift", "cutout"):
            check_count("Augment", name, getattr(self, name), 0)
        if not isinstance(self.fill, Sequence) or len(self.fill) not in (1, self.channels):
            raise ValueError(
                f"Augment: fill={self.fill!r}; allowed: a tuple of one number, or of {self.channels}, one a channel"
            )
        for value in self.fill:
            check_finite("Augment", "fill", value)

    @property
    def features(self) -> int:
        """The numbers of an image, C·H·W."""
        return self.channels * self.height * self.width

    def __call__(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """rows (B, C·H·W) of any type -> the same shape and type."""
        batch, device, margin = len(rows), rows.device, self.shift
        padded_width = self.width + 2 * margin
        moves = torch.randint(2 * margin + 1, (2, batch, 1, 1), generator=generator, device=device)
        row = torch.arange(self.height, device=device).view(-1, 1) + moves[0]
        column = torch.arange(self.width, device=device)
        if self.flip:
            mirrored = torch.rand((batch, 1, 1), generator=generator, device=device, dtype=torch.float32) < 0.5
            column = torch.where(mirrored, self.width - 1 - column, column)
        index = (row * padded_width + column + moves[1]).view(batch, 1, -1).expand(-1, self.channels, -1)
        images = rows.view(batch, self.channels, self.height, self.width)
        padded = torch.nn.functional.pad(images, (margin,) * 4)
        moved = padded.flatten(2).gather(2, index).view_as(images)
        if self.cutout:
            moved = cut_out(moved, self.cutout, self.fill, generator)
        return moved.view_as(rows)
