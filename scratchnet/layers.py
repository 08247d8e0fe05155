"""What a layer is, and the affine layer.

A layer is a frozen dataclass of sizes that holds no tensor. Its values are a flat dictionary of tensors with
the run axis first, so that one run is R = 1 and nothing else. Throughout: R runs, B examples (any further
axes between B and the features are kept), I/O features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from scratchnet.initializers import HeNormal, Initializer

Params = Mapping[str, Tensor]  # name -> (R, ...)
Saved = tuple[Any, ...]  # what backward needs of forward


class ShapeError(ValueError):
    """Tensors of the wrong shape: names the layer, what it expected, what it got and what to do."""


@dataclass(frozen=True)
class Layer:
    """Base of all layers: a differentiable function of x with parameters.

    Subclasses give `forward` and `backward`; those with parameters also `names` and `init`.
    """

    widths: ClassVar[tuple[str, ...]] = ()
    """Fields that may differ between the runs of a stack; the narrower runs are padded with zeros."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order in which `init` draws them."""
        return ()

    @property
    def noise_names(self) -> tuple[str, ...]:
        """Names of what `noise` draws for a training step; absent from `params` in evaluation."""
        return ()

    def init(self, generators: Sequence[torch.Generator], dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        """Initial parameters, each (R, ...), run r drawn from generators[r] alone."""
        return {}

    def noise(
        self, generators: Sequence[torch.Generator], settings: Params, batch: int, dtype: torch.dtype
    ) -> dict[str, Tensor]:
        """What is drawn anew for each training step, each (R, batch, ...); merged into `params`."""
        return {}

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        """x (R, B, ..., I) -> y (R, B, ..., O), and what backward needs."""
        raise NotImplementedError

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        """dy (R, B, ..., O) -> (dx, grads): dx as x (None without `input_grad`), grads keyed and shaped as params."""
        raise NotImplementedError

    @property
    def size(self) -> int:
        """How many numbers the layer learns."""
        return 0

    @property
    def path(self) -> tuple[int, ...]:
        """The widths that examples pass, from the input to the output."""
        return tuple(getattr(self, name) for name in self.widths)

    def structure(self) -> Self:
        """The layer with its widths left out: layers of equal structure can share a stack."""
        return replace(self, **dict.fromkeys(self.widths, 0))

    def widest(self, others: "Sequence[Layer]") -> Self:
        """The layer padded to the largest of its own and the others' widths."""
        layers = [self, *others]
        return replace(self, **{name: max(getattr(layer, name) for layer in layers) for name in self.widths})


def check_shape(layer: Layer, what: str, got: Sequence[int], expected: str, ok: bool, remedy: str) -> None:
    """Raise ShapeError unless `ok`."""
    if not ok:
        raise ShapeError(f"{layer}: {what} expected {expected}, got {tuple(got)}; {remedy}")


def check_gradient(layer: Layer, dy: Tensor, y_shape: Sequence[int]) -> None:
    """The incoming gradient has the shape of the output: broadcasting would hide a wrong one."""
    if dy.shape != torch.Size(y_shape):
        remedy = "pass the gradient of the loss with respect to this layer's own output"
        check_shape(layer, "backward's dy", dy.shape, f"{tuple(y_shape)}", False, remedy)


@dataclass(frozen=True)
class Linear(Layer):
    """y = x W + b, with W (R, I, O) and b (R, O).

    Backward: dW = xᵀ dy, db = Σ_B dy, dx = dy Wᵀ.

    x is (R, B, ..., I), or (B, I) shared by all runs. Biases start at zero. Raises ShapeError where the
    last axis is not `in_features` or the first is not R.
    """

    in_features: int
    out_features: int
    initializer: Initializer = field(default_factory=HeNormal, compare=False)  # a run's own, so no bar to stacking

    widths = ("in_features", "out_features")

    @property
    def names(self) -> tuple[str, ...]:
        return ("weight", "bias")

    @property
    def size(self) -> int:
        return (self.in_features + 1) * self.out_features

    def init(self, generators: Sequence[torch.Generator], dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        weights = [self.initializer(generator, self.in_features, self.out_features) for generator in generators]
        bias = torch.zeros(len(generators), self.out_features, dtype=dtype)
        return {"weight": torch.stack(weights).to(dtype), "bias": bias}

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        weight, bias = params["weight"], params["bias"]
        runs = len(weight)
        if x.ndim == 2:
            x = x.expand(runs, *x.shape)
        remedy = "set in_features to the size of the layer before, or flatten the input"
        ok = x.ndim >= 3 and x.shape[0] == runs and x.shape[-1] == self.in_features
        check_shape(self, "x", x.shape, f"({runs}, B, ..., {self.in_features})", ok, remedy)
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
