"""Elementwise nonlinearities y = f(x); backward is dx = dy · f'(x).

`Elementwise` checks shapes and applies the chain rule, a subclass gives f and f' alone.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from scratchnet._numbers import check_finite
from scratchnet.layers.base import Layer, Params, Saved, Shape, check_gradient, check_shape


@dataclass(frozen=True)
class Elementwise(Layer):
    """Base: `function(x) -> (y, saved)` and `derivative(saved) -> f'(x)`. Shapes: x, y, dy, dx (R, B, ...)."""

    def function(self, x: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def derivative(self, saved: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        remedy = "add the run axis in front: x.unsqueeze(0)"
        check_shape(self, "x", x.shape, "(R, B, ...)", x.ndim >= 2, remedy)
        y, saved = self.function(x)
        return y, (saved,)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        (of_x,) = saved
        check_gradient(self, dy, of_x.shape)
        return (dy * self.derivative(of_x) if input_grad else None), {}

    def output_shape(self, shape: Shape) -> Shape:
        return shape

    def fixed_sizes(self, shape: Shape) -> Shape:
        return ()


@dataclass(frozen=True)
class ReLU(Elementwise):
    """f(x) = max(x, 0), f'(x) = 1 where x > 0, else 0.

    Source: V. Nair, G. Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010.
    """

    def function(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = x.clamp_min(0)
        return y, y

    def derivative(self, saved: Tensor) -> Tensor:
        return saved.sign()  # of y ≥ 0; a comparison would have to be converted to multiply by


@dataclass(frozen=True)
class LeakyReLU(Elementwise):
    """f(x) = x where x > 0, else a·x; f' = 1 or a, with a = `negative_slope`.

    Source: A. Maas, A. Hannun, A. Ng, "Rectifier nonlinearities improve neural network acoustic models",
    ICML 2013. Raises ValueError unless 0 <= a <= 1.
    """

    negative_slope: float = 0.01

    def __post_init__(self) -> None:
        check_finite("LeakyReLU", "negative_slope", self.negative_slope)
        if not 0 <= self.negative_slope <= 1:
            raise ValueError(f"LeakyReLU: negative_slope={self.negative_slope} must be between 0 and 1")

    def function(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return torch.maximum(x, x * self.negative_slope), x

    def derivative(self, saved: Tensor) -> Tensor:
        return torch.full_like(saved, self.negative_slope).masked_fill_(saved > 0, 1)


@dataclass(frozen=True)
class Tanh(Elementwise):
    """f(x) = tanh x, f' = 1 − tanh² x. Source: C. Bishop, "Pattern Recognition and Machine Learning", 5.3."""

    def function(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = x.tanh()
        return y, y

    def derivative(self, saved: Tensor) -> Tensor:
        return 1 - saved * saved


@dataclass(frozen=True)
class Sigmoid(Elementwise):
    """f(x) = σ(x) = 1 / (1 + e^−x), f' = σ (1 − σ). Source: C. Bishop, PRML, 4.3.2."""

    def function(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = x.sigmoid()
        return y, y

    def derivative(self, saved: Tensor) -> Tensor:
        return saved * (1 - saved)


@dataclass(frozen=True)
class GELU(Elementwise):
    """f(x) = x Φ(x), f' = Φ(x) + x φ(x), with the normal distribution Φ and its density φ (exact, no tanh fit).

    Source: D. Hendrycks, K. Gimpel, "Gaussian error linear units (GELUs)", 2016.
    """

    def function(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x * _normal_cdf(x), x

    def derivative(self, saved: Tensor) -> Tensor:
        density = torch.exp(-0.5 * saved * saved) / math.sqrt(2 * math.pi)
        return _normal_cdf(saved) + saved * density


def _normal_cdf(x: Tensor) -> Tensor:
    return 0.5 * torch.erfc(x * -math.sqrt(0.5))  # erfc keeps its digits where 1 + erf cancels
