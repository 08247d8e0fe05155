"""What `torch.nn` lacks: modules of our layers that it has no name for. x is (B, …), without a run axis."""

import torch
from torch import Tensor, nn


class Normalise(nn.Module):
    """y = (x − mean) / std in the type of `mean`, for x (B, I) of any type, bytes too; mean and std (I,)."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, x: Tensor) -> Tensor:
        return (x.to(self.mean.dtype) - self.mean) / self.std


class Patchify(nn.Module):
    """x (B, C·H·W) -> y (B, P, C·p·p), P = (H / p) (W / p): non-overlapping squares, row by row."""

    def __init__(self, channels: int, height: int, width: int, patch_size: int) -> None:
        super().__init__()
        self.channels, self.height, self.width, self.patch_size = channels, height, width, patch_size

    def forward(self, x: Tensor) -> Tensor:
        images = x.unflatten(1, (self.channels, self.height, self.width))
        return nn.functional.unfold(images, self.patch_size, stride=self.patch_size).mT

    def extra_repr(self) -> str:
        return f"{self.channels}, {self.height}, {self.width}, patch_size={self.patch_size}"


class Transpose(nn.Module):
    """y (B, F, P) = x (B, P, F) with its last two axes exchanged."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mT


class MeanOverPatches(nn.Module):
    """y (B, F) = Σ_P x (B, P, F) / P."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.mean(x, 1)


class Residual(nn.Module):
    """y = x + inner(x)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.inner(x)
        return y
