"""Layers that a patch MLP needs beside `Linear`: images to patches, mixing along either axis, and means.

Source of the arrangement: I. Tolstikhin et al., "MLP-Mixer: an all-MLP architecture for vision", NeurIPS 2021.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from scratchnet.layers import Layer, Params, Saved, check_gradient, check_shape


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
        if self.height % self.patch_size or self.width % self.patch_size:
            raise ValueError(
                f"Patchify: patch_size={self.patch_size} does not divide {self.height}×{self.width}; "
                "take a divisor of both"
            )

    @property
    def patches(self) -> int:
        return (self.height // self.patch_size) * (self.width // self.patch_size)

    @property
    def features(self) -> int:
        return self.channels * self.patch_size**2

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        features = self.channels * self.height * self.width
        ok = x.ndim == 3 and x.shape[-1] == features
        remedy = "pass flattened images, channel by channel, of this layer's sizes"
        check_shape(self, "x", x.shape, f"(R, B, {features})", ok, remedy)
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


@dataclass(frozen=True)
class Transpose(Layer):
    """y (R, B, F, P) = x (R, B, P, F) with its last two axes exchanged, so that `Linear` mixes the other one."""

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        remedy = "cut the input into patches first"
        check_shape(self, "x", x.shape, "(R, B, P, F)", x.ndim == 4, remedy)
        return x.mT, (x.mT.shape,)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        check_gradient(self, dy, saved[0])
        return (dy.mT if input_grad else None), {}


@dataclass(frozen=True)
class MeanOverPatches(Layer):
    """y (R, B, F) = Σ_P x (R, B, P, F) / P; dx = dy / P for every patch."""

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        remedy = "cut the input into patches first"
        check_shape(self, "x", x.shape, "(R, B, P, F)", x.ndim == 4, remedy)
        return x.mean(2), (x.shape,)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        (x_shape,) = saved
        check_gradient(self, dy, (*x_shape[:2], x_shape[3]))
        return ((dy / x_shape[2]).unsqueeze(2).expand(x_shape) if input_grad else None), {}


@dataclass(frozen=True)
class LayerNorm(Layer):
    """y = scale · x̂ + shift, x̂ = (x − mean x) / √(var x + eps), over the last axis of x (R, B, ..., F).

    Backward: dscale = Σ dy x̂, dshift = Σ dy, and with g = dy · scale,
    dx = (g − mean g − x̂ · mean(g x̂)) / √(var x + eps).

    Its width is part of the structure: a mean over padded features would be another one. scale and shift are
    no weights to the penalty. Source: J. Ba, J. Kiros, G. Hinton, "Layer normalization", 2016.
    """

    features: int
    eps: float = 1e-5

    @property
    def names(self) -> tuple[str, ...]:
        return ("scale", "shift")

    @property
    def size(self) -> int:
        return 2 * self.features

    def init(self, generators: Sequence[torch.Generator], dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        shape = (len(generators), self.features)
        return {"scale": torch.ones(shape, dtype=dtype), "shift": torch.zeros(shape, dtype=dtype)}

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        runs = len(params["scale"])
        ok = x.ndim >= 3 and x.shape[0] == runs and x.shape[-1] == self.features
        remedy = "set features to the size of the layer before"
        check_shape(self, "x", x.shape, f"({runs}, B, ..., {self.features})", ok, remedy)
        centred = x - x.mean(-1, keepdim=True)
        inverse = torch.rsqrt(centred.square().mean(-1, keepdim=True) + self.eps)
        normal = centred * inverse
        return torch.addcmul(_along(params["shift"], x), normal, _along(params["scale"], x)), (normal, inverse)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        normal, inverse = saved
        check_gradient(self, dy, normal.shape)
        between = tuple(range(1, dy.ndim - 1))
        grads = {"scale": (dy * normal).sum(between), "shift": dy.sum(between)}
        if not input_grad:
            return None, grads
        g = dy * _along(params["scale"], dy)
        return (g - g.mean(-1, keepdim=True) - normal * (g * normal).mean(-1, keepdim=True)) * inverse, grads


@dataclass(frozen=True)
class Residual(Layer):
    """y = x + f(x) for an inner layer f that keeps the shape; dx = dy + the inner layer's dx.

    Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016.
    """

    inner: Layer

    @property
    def names(self) -> tuple[str, ...]:
        return self.inner.names

    @property
    def noise_names(self) -> tuple[str, ...]:
        return self.inner.noise_names

    @property
    def size(self) -> int:
        return self.inner.size

    @property
    def path(self) -> tuple[int, ...]:
        return self.inner.path

    def init(self, generators: Sequence[torch.Generator], dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        return self.inner.init(generators, dtype)

    def noise(
        self, generators: Sequence[torch.Generator], settings: Params, batch: int, dtype: torch.dtype
    ) -> dict[str, Tensor]:
        return self.inner.noise(generators, settings, batch, dtype)

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        y, saved = self.inner.forward(params, x)
        remedy = "give the inner layer as many outputs as inputs"
        check_shape(self, "inner output", y.shape, f"{tuple(x.shape)}", y.shape == x.shape, remedy)
        return x + y, (saved, x.shape)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        inner, x_shape = saved
        check_gradient(self, dy, x_shape)
        dx, grads = self.inner.backward(params, inner, dy, input_grad=input_grad)
        return (None if dx is None else dy + dx), grads

    def structure(self) -> Self:
        return replace(self, inner=self.inner.structure())

    def widest(self, others: Sequence[Layer]) -> Self:
        return replace(self, inner=self.inner.widest([layer.inner for layer in others if isinstance(layer, Residual)]))


def _along(param: Tensor, x: Tensor) -> Tensor:
    """(R, F) -> (R, 1, ..., F) beside x (R, B, ..., F)."""
    return param.view(len(param), *(1,) * (x.ndim - 2), -1)
