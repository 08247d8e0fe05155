"""Dropout with the random mask as an argument, so that forward and backward stay pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from scratchnet._numbers import check_real
from scratchnet.layers.base import Layer, Params, Saved, Shape, check_gradient, check_shape


@dataclass(frozen=True)
class Dropout(Layer):
    """y = x · keep, where keep is 1 / (1 − p) with probability 1 − p and 0 otherwise; dx = dy · keep.

    p is `rate`, a number from 0 up to, but not including, 1, or settings[rate] (R,), where `rate` names one of the
    run's `Settings`, dropout or input_dropout. Either may differ by run. Without a mask in `params`, as in evaluation,
    y = x.

    Source: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
    JMLR 15 (2014), in the inverted form of its section 10. Raises ValueError for a number out of range.
    """

    features: int
    rate: str | float = "dropout"

    widths = ("features",)

    def __post_init__(self) -> None:
        if not isinstance(self.rate, str):
            check_real("Dropout", "rate", self.rate, 0, 1)

    @property
    def noise_names(self) -> tuple[str, ...]:
        return ("keep",)

    @property
    def setting_names(self) -> tuple[str, ...]:
        return (self.rate,) if isinstance(self.rate, str) else ()

    @property
    def input_features(self) -> int:
        return self.features

    def noise(
        self, generators: Sequence[torch.Generator], settings: Params, batch: int, dtype: torch.dtype
    ) -> dict[str, Tensor]:
        shape, device = (batch, self.features), generators[0].device
        draws = [torch.rand(shape, generator=g, device=device, dtype=torch.float32) for g in generators]
        uniform = torch.stack(draws)
        rate = settings[self.rate] if isinstance(self.rate, str) else uniform.new_tensor(self.rate, dtype=torch.float64)
        p = rate.view(-1, 1, 1)
        return {"keep": (uniform >= p) / (1 - p).to(dtype)}

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        self._check_input(x.shape, x.ndim >= 2)
        keep = params.get("keep")
        if keep is None:
            return x, (keep, x.shape)
        ok = keep.shape[-x.ndim :] == x.shape
        check_shape(self, "keep", keep.shape, f"{tuple(x.shape)}", ok, "draw it for this batch")
        return x * keep, (keep, keep.shape)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        keep, y_shape = saved
        check_gradient(self, dy, y_shape)
        if not input_grad:
            return None, {}
        return (dy if keep is None else dy * keep), {}

    def structure(self) -> Self:
        layer = super().structure()  # each run draws its own masks, so rates are no bar to stacking
        return layer if isinstance(self.rate, str) else replace(layer, rate=0.0)

    def output_shape(self, shape: Shape) -> Shape:
        self._check_input(("R", "B", *shape), len(shape) == 1)  # `noise` draws one mask a row
        return shape

    def fixed_sizes(self, shape: Shape) -> Shape:
        return ()

    def _check_input(self, shape: Sequence[int | str], ok: bool) -> None:
        remedy = "set features to the size of the layer before, where examples are rows and not patches"
        check_shape(self, "x", shape, f"(R, B, {self.features})", ok and shape[-1] == self.features, remedy)
