"""The affine layer."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from scratchnet.initializers import HeNormal, Initializer
from scratchnet.layers.base import Layer, Params, Saved, Shape, check_gradient, check_shape


@dataclass(frozen=True)
class Linear(Layer):
    """y = x W + b, with W (R, I, O) and b (R, O).

    Backward: dW = xᵀ dy, db = Σ_B dy, dx = dy Wᵀ.

    x is (R, B, ..., I), or (B, I) shared by all runs. Biases start at zero. Raises ShapeError where the
    last axis is not `in_features` or the first is not R.
    """

    in_features: int
    out_features: int
    initializer: Initializer = field(default_factory=HeNormal, compare=False)  # differs by run, so no bar to stacking

    widths = ("in_features", "out_features")

    def __post_init__(self) -> None:
        if not callable(self.initializer):
            raise TypeError(f"Linear: initializer={self.initializer!r} is no rule; give one, such as HeNormal()")

    @property
    def names(self) -> tuple[str, ...]:
        return ("weight", "bias")

    @property
    def weight_names(self) -> tuple[str, ...]:
        return ("weight",)

    @property
    def size(self) -> int:
        return (self.in_features + 1) * self.out_features

    @property
    def input_features(self) -> int:
        return self.in_features

    def init(self, generators: Sequence[torch.Generator], dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        weights = [self.initializer(generator, self.in_features, self.out_features) for generator in generators]
        for weight in weights:
            if not isinstance(weight, Tensor):
                raise TypeError(f"{self}: the initializer drew a {type(weight).__name__}; let it draw a tensor")
            remedy = "let the initializer draw a weight of (fan_in, fan_out)"
            ok = weight.shape == (self.in_features, self.out_features)
            check_shape(self, "initial weight", weight.shape, f"({self.in_features}, {self.out_features})", ok, remedy)
        bias = torch.zeros(len(generators), self.out_features, dtype=dtype)
        return {"weight": torch.stack(weights).detach().to(dtype), "bias": bias}

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        weight, bias = params["weight"], params["bias"]
        runs = len(weight)
        if x.ndim == 2:
            x = x.expand(runs, *x.shape)
        self._check_input(x.shape, runs)
        rows = x.reshape(runs, -1, self.in_features)
        y = torch.baddbmm(bias.unsqueeze(1), rows, weight)
        return y.view(*x.shape[:-1], self.out_features), (rows, x.shape)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        rows, x_shape = saved
        check_gradient(self, dy, (*x_shape[:-1], self.out_features))
        dy = dy.reshape(*rows.shape[:2], self.out_features)
        grads = {"weight": torch.bmm(rows.mT, dy), "bias": dy.sum(1)}
        dx = torch.bmm(dy, params["weight"].mT).view(x_shape) if input_grad else None
        return dx, grads

    def output_shape(self, shape: Shape) -> Shape:
        self._check_input(("R", "B", *shape), "R")
        return (*shape[:-1], self.out_features)

    def fixed_sizes(self, shape: Shape) -> Shape:
        return ()  # the weights of padded features are zero

    def _check_input(self, shape: Sequence[int | str], runs: int | str) -> None:
        ok = len(shape) >= 3 and shape[0] == runs and shape[-1] == self.in_features
        remedy = "set in_features to the size of the layer before, or flatten the input"
        check_shape(self, "x", shape, f"({runs}, B, ..., {self.in_features})", ok, remedy)
