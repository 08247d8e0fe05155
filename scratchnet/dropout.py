"""Dropout with the random mask as an argument, so that forward and backward stay pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from scratchnet.layers import Layer, Params, Saved, check_gradient, check_shape


@dataclass(frozen=True)
class Dropout(Layer):
    """y = x · keep, where keep is 1 / (1 − p) with probability 1 − p and 0 otherwise; dx = dy · keep.

    p is the run's own: settings[rate] (R,). Without a mask in `params`, as in evaluation, y = x.

    Source: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
    JMLR 15 (2014), in the inverted form of its section 10.
    """

    features: int
    rate: str = "dropout"

    widths = ("features",)

    @property
    def noise_names(self) -> tuple[str, ...]:
        return ("keep",)

    def noise(
        self, generators: Sequence[torch.Generator], settings: Params, batch: int, dtype: torch.dtype
    ) -> dict[str, Tensor]:
        rate = settings[self.rate]
        shape, device = (batch, self.features), generators[0].device
        uniform = torch.stack([torch.rand(shape, generator=g, device=device) for g in generators])
        p = rate.view(-1, 1, 1)
        return {"keep": (uniform >= p).to(dtype) / (1 - p).to(dtype)}

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        remedy = "set features to the size of the layer before"
        ok = x.ndim >= 2 and x.shape[-1] == self.features
        check_shape(self, "x", x.shape, f"(R, B, {self.features})", ok, remedy)
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
