"""A layer beside the identity."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from scratchnet.layers.base import Layer, Params, Saved, Shape, check_gradient, check_layer, check_shape, shape_text


@dataclass(frozen=True)
class Residual(Layer):
    """y = x + f(x) for an inner layer f that keeps the shape; dx = dy + the inner layer's dx.

    Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", CVPR 2016.
    """

    inner: Layer

    def __post_init__(self) -> None:
        check_layer("Residual", self.inner)

    @property
    def names(self) -> tuple[str, ...]:
        return self.inner.names

    @property
    def noise_names(self) -> tuple[str, ...]:
        return self.inner.noise_names

    @property
    def weight_names(self) -> tuple[str, ...]:
        return self.inner.weight_names

    @property
    def setting_names(self) -> tuple[str, ...]:
        return self.inner.setting_names

    @property
    def input_features(self) -> int | None:
        return self.inner.input_features

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
        self._check_output(x.shape, y.shape)
        return x + y, (saved, x.shape)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        inner_saved, x_shape = saved
        check_gradient(self, dy, x_shape)
        dx, grads = self.inner.backward(params, inner_saved, dy, input_grad=input_grad)
        return (None if dx is None else dy + dx), grads

    def output_shape(self, shape: Shape) -> Shape:
        self._check_output(("R", "B", *shape), ("R", "B", *self.inner.output_shape(shape)))
        return shape

    def fixed_sizes(self, shape: Shape) -> Shape:
        return self.inner.fixed_sizes(shape)

    def structure(self) -> Self:
        return replace(self, inner=self.inner.structure())

    def widest(self, others: Sequence[Layer]) -> Self:
        return replace(self, inner=self.inner.widest([layer.inner for layer in others if isinstance(layer, Residual)]))

    def _check_output(self, x: Sequence[int | str], y: Sequence[int | str]) -> None:
        remedy = "give the inner layer as many outputs as inputs"
        check_shape(self, "inner output", y, shape_text(x), tuple(x) == tuple(y), remedy)
