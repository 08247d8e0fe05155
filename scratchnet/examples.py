"""A split of a data set as the engine reads it: raw inputs, and how to normalise them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from scratchnet import compiled
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
        out: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """-> normalised x (B, I) in `dtype`, in `out` where it is given, and the targets of the rows `index`.

        With `augment` the raw rows are changed first, by draws from `generator`.
        """
        if isinstance(index, slice):
            index = torch.arange(*index.indices(len(self)), device=self.inputs.device)
        targets = self.targets.index_select(0, index)
        rows = self.inputs
        if augment is not None and generator is not None:
            rows = augment(rows.index_select(0, index), generator)
            index = torch.arange(len(rows), device=rows.device)
        mean, std = self.mean.to(dtype), self.std.to(dtype)
        if rows.is_cpu:
            x = torch.empty(len(index), rows.shape[1], dtype=dtype) if out is None else out
            compiled.gather(rows.numpy(), index.numpy(), mean.numpy(), std.numpy(), x.numpy())
        else:
            x = rows.index_select(0, index).to(dtype, copy=True).sub_(mean).div_(std)
        return x, targets.to(dtype) if targets.is_floating_point() else targets

    def read_as(self, dtype: torch.dtype) -> "Examples":
        """The same examples with mean and std in `dtype`, so that no batch has to convert them."""
        return replace(self, mean=self.mean.to(dtype), std=self.std.to(dtype))

    def to(self, device: torch.device) -> "Examples":
        """The same examples on another device."""
        return Examples(*(tensor.to(device) for tensor in (self.inputs, self.targets, self.mean, self.std)))
