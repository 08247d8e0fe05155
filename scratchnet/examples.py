"""A split of a data set as the engine reads it: raw inputs, and how to normalise them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from scratchnet.augment import Augment


@dataclass(frozen=True)
class Examples:
    """N examples: inputs (N, I), uint8 or floating; targets (N,) int64 or (N, K) floating.

    A batch is (inputs − mean) / std in `dtype`, with mean and std (I,) in units of the raw inputs; bytes are
    kept as bytes until a batch is read, so that a data set takes a quarter of its float32 size.
    """

    inputs: Tensor
    targets: Tensor
    mean: Tensor
    std: Tensor

    def __len__(self) -> int:
        return len(self.inputs)

    def batch(
        self,
        index: Tensor | slice,
        dtype: torch.dtype,
        augment: Augment | None = None,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """-> normalised x (B, I) in `dtype`, and the targets of the rows `index`.

        With `augment` the raw rows are changed first, by draws from `generator`.
        """
        rows = self.inputs[index] if isinstance(index, slice) else self.inputs.index_select(0, index)
        if augment is not None and generator is not None:
            rows = augment(rows, generator)
        x = rows.to(dtype, copy=True).sub_(self.mean.to(dtype)).div_(self.std.to(dtype))
        y = self.targets[index]
        return x, y.to(dtype) if y.is_floating_point() else y

    def to(self, device: torch.device) -> "Examples":
        """The same examples on another device."""
        return Examples(*(tensor.to(device) for tensor in (self.inputs, self.targets, self.mean, self.std)))
