"""Layers of a patch MLP: images to patches, the transpose between both axes, and back to rows: the mean or all of them.

Source of the arrangement: I. Tolstikhin et al., "MLP-Mixer: an all-MLP architecture for vision", NeurIPS 2021.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from scratchnet._numbers import check_count
from scratchnet.layers.base import Layer, Params, Saved, Shape, check_gradient, check_shape


@dataclass(frozen=True)
class Patchify(Layer):
    """Cut images into non-overlapping squares: x (R, B, C·H·W) -> y (R, B, P, C·p·p), P = (H / p) (W / p).

    Patches run row by row; within a patch the features are channel, row, column. Backward puts every entry of
    dy back where it came from. Raises ValueError where `patch_size` does not divide height and width.
    """

    channels: int
    height: int
    width: int
    patch_size: int

    def __post_init__(self) -> None:
        for name in ("channels", "height", "width", "patch_size"):
            check_count("Patchify", name, getattr(self, name), 1)
        if self.height % self.patch_size or self.width % self.patch_size:
            raise ValueError(
                f"Patchify: patch_size={self.patch_size} does not divide {self.height}×{self.width}; "
                "take a divisor of both"
            )

    @property
    def patches(self) -> int:
        """P, the number of patches."""
        return (self.height // self.patch_size) * (self.width // self.patch_size)

    @property
    def features(self) -> int:
        """C·p·p, the numbers of one patch."""
        return self.channels * self.patch_size**2

    @property
    def input_features(self) -> int:
        return self.channels * self.height * self.width

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        self._check_input(x.shape)
        rows, columns, p = self.height // self.patch_size, self.width // self.patch_size, self.patch_size
        grid = x.reshape(*x.shape[:2], self.channels, rows, p, columns, p)
        return grid.permute(0, 1, 3, 5, 2, 4, 6).reshape(*x.shape[:2], self.patches, self.features), (x.shape,)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        (x_shape,) = saved
        check_gradient(self, dy, (*x_shape[:2], self.patches, self.features))
        if not input_grad:
            return None, {}
        rows, columns, p = self.height // self.patch_size, self.width // self.patch_size, self.patch_size
        grid = dy.reshape(*x_shape[:2], rows, columns, self.channels, p, p)
        return grid.permute(0, 1, 4, 2, 5, 3, 6).reshape(x_shape), {}

    def output_shape(self, shape: Shape) -> Shape:
        self._check_input(("R", "B", *shape))
        return self.patches, self.features

    def _check_input(self, shape: Sequence[int | str]) -> None:
        ok = len(shape) == 3 and shape[-1] == self.input_features
        remedy = "pass flattened images, channel by channel, of this layer's sizes"
        check_shape(self, "x", shape, f"(R, B, {self.input_features})", ok, remedy)


@dataclass(frozen=True)
class Transpose(Layer):
    """y (R, B, F, P) = x (R, B, P, F) with its last two axes exchanged, so that `Linear` mixes the other one."""

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        _check_patches(self, x.shape)
        return x.mT, (x.mT.shape,)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        check_gradient(self, dy, saved[0])
        return (dy.mT if input_grad else None), {}

    def output_shape(self, shape: Shape) -> Shape:
        _check_patches(self, ("R", "B", *shape))
        return shape[::-1]

    def fixed_sizes(self, shape: Shape) -> Shape:
        return ()


@dataclass(frozen=True)
class MeanOverPatches(Layer):
    """y (R, B, F) = Σ_P x (R, B, P, F) / P; dx = dy / P for every patch."""

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        _check_patches(self, x.shape)
        return x.mean(2), (x.shape,)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        (x_shape,) = saved
        check_gradient(self, dy, (*x_shape[:2], x_shape[3]))
        return ((dy / x_shape[2]).unsqueeze(2).expand(x_shape) if input_grad else None), {}

    def output_shape(self, shape: Shape) -> Shape:
        _check_patches(self, ("R", "B", *shape))
        return shape[1:]

    def fixed_sizes(self, shape: Shape) -> Shape:
        return shape[:1]  # it divides by P


@dataclass(frozen=True)
class Flatten(Layer):
    """y (R, B, P·F) = x (R, B, P, F), one patch after the other; rows (R, B, I) stay as they are.

    `Patchify`, `Linear`, `Flatten` is a convolution whose stride is the size of its filters.
    """

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        self._check_input(x.shape)
        return x.flatten(2), (x.shape,)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        (x_shape,) = saved
        check_gradient(self, dy, (*x_shape[:2], math.prod(x_shape[2:])))
        return (dy.reshape(x_shape) if input_grad else None), {}

    def output_shape(self, shape: Shape) -> Shape:
        self._check_input(("R", "B", *shape))
        return (math.prod(shape),)

    def fixed_sizes(self, shape: Shape) -> Shape:
        return shape if len(shape) == 2 else ()  # padding would come between the patches

    def _check_input(self, shape: Sequence[int | str]) -> None:
        remedy = "pass rows, or patches of them"
        check_shape(self, "x", shape, "(R, B, I) or (R, B, P, F)", len(shape) in (3, 4), remedy)


def _check_patches(layer: Layer, shape: Sequence[int | str]) -> None:
    remedy = "cut the input into patches first"
    check_shape(layer, "x", shape, "(R, B, P, F)", len(shape) == 4, remedy)
