"""Layer normalisation."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from scratchnet._numbers import LEAST_EPSILON, check_count, check_real
from scratchnet.layers.base import Layer, Params, Saved, Shape, check_gradient, check_shape


@dataclass(frozen=True)
class LayerNorm(Layer):
    """y = scale · x̂ + shift, x̂ = (x − mean x) / √(var x + eps), over the last axis of x (R, B, ..., F).

    Backward: dscale = Σ dy x̂, dshift = Σ dy, and with g = dy · scale,
    dx = (g − mean g − x̂ · mean(g x̂)) / √(var x + eps).

    Its width is part of the structure: a mean over padded features would be another one. scale and shift do
    not decay. Source: J. Ba, J. Kiros, G. Hinton, "Layer normalization", 2016. Raises ValueError unless
    features >= 1 and eps > 0.
    """

    features: int
    eps: float = 1e-5

    def __post_init__(self) -> None:
        check_count("LayerNorm", "features", self.features, 1)
        check_real("LayerNorm", "eps", self.eps, LEAST_EPSILON)

    @property
    def names(self) -> tuple[str, ...]:
        return ("scale", "shift")

    @property
    def weight_names(self) -> tuple[str, ...]:
        return ()

    @property
    def size(self) -> int:
        return 2 * self.features

    @property
    def input_features(self) -> int:
        return self.features

    def init(self, generators: Sequence[torch.Generator], dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        shape = (len(generators), self.features)
        return {"scale": torch.ones(shape, dtype=dtype), "shift": torch.zeros(shape, dtype=dtype)}

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        self._check_input(x.shape, len(params["scale"]))
        centred = x - x.mean(-1, keepdim=True)
        inverse = torch.rsqrt(centred.square().mean(-1, keepdim=True) + self.eps)
        normal = centred * inverse
        return torch.addcmul(_beside(params["shift"], x), normal, _beside(params["scale"], x)), (normal, inverse)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        normal, inverse = saved
        check_gradient(self, dy, normal.shape)
        inner_axes = tuple(range(1, dy.ndim - 1))
        grads = {"scale": (dy * normal).sum(inner_axes), "shift": dy.sum(inner_axes)}
        if not input_grad:
            return None, grads
        g = dy * _beside(params["scale"], dy)
        return (g - g.mean(-1, keepdim=True) - normal * (g * normal).mean(-1, keepdim=True)) * inverse, grads

    def output_shape(self, shape: Shape) -> Shape:
        self._check_input(("R", "B", *shape), "R")
        return shape

    def fixed_sizes(self, shape: Shape) -> Shape:
        return shape[-1:]

    def _check_input(self, shape: Sequence[int | str], runs: int | str) -> None:
        ok = len(shape) >= 3 and shape[0] == runs and shape[-1] == self.features
        remedy = "set features to the size of the layer before"
        check_shape(self, "x", shape, f"({runs}, B, ..., {self.features})", ok, remedy)


def _beside(param: Tensor, x: Tensor) -> Tensor:
    """(R, F) -> (R, 1, ..., F) beside x (R, B, ..., F)."""
    return param.view(len(param), *(1,) * (x.ndim - 2), -1)
