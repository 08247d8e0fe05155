"""Initial weights of one layer: frozen rules that draw from the generator of one run.

All draws are made in float64 and rounded afterwards, so that a float32 run starts from the weights of the
float64 run with the same seed.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from scratchnet._numbers import LARGEST, check_real


class Initializer(Protocol):
    """Draws a weight of shape (fan_in, fan_out) in float64."""

    def __call__(self, generator: torch.Generator, fan_in: int, fan_out: int) -> Tensor: ...


@dataclass(frozen=True)
class HeNormal:
    """W ~ N(0, 2 / fan_in): keeps the variance of activations through layers of rectifiers.

    Source: K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015, eq. 10.
    """

    def __call__(self, generator: torch.Generator, fan_in: int, fan_out: int) -> Tensor:
        return _normal(generator, fan_in, fan_out) * math.sqrt(2 / fan_in)


@dataclass(frozen=True)
class GlorotUniform:
    """W ~ U(-a, a), a = sqrt(6 / (fan_in + fan_out)): for tanh, sigmoid and linear layers.

    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010, eq. 16.
    """

    def __call__(self, generator: torch.Generator, fan_in: int, fan_out: int) -> Tensor:
        bound = math.sqrt(6 / (fan_in + fan_out))
        uniform = torch.rand(fan_in, fan_out, generator=generator, dtype=torch.float64)
        return uniform.mul_(2 * bound).sub_(bound)


@dataclass(frozen=True)
class Normal:
    """W ~ N(0, scale²), the same for every layer width. Raises ValueError unless 0 <= scale < 1e30."""

    scale: float = 0.01

    def __post_init__(self) -> None:
        check_real("Normal", "scale", self.scale, 0, LARGEST)

    def __call__(self, generator: torch.Generator, fan_in: int, fan_out: int) -> Tensor:
        return _normal(generator, fan_in, fan_out) * self.scale


@dataclass(frozen=True)
class Zeros:
    """W = 0. All units of a hidden layer then stay equal: of use for the last layer, or to show why not."""

    def __call__(self, generator: torch.Generator, fan_in: int, fan_out: int) -> Tensor:
        return torch.zeros(fan_in, fan_out, dtype=torch.float64)


INITIALIZERS: dict[str, type[Initializer]] = {"he": HeNormal, "glorot": GlorotUniform, "normal": Normal, "zeros": Zeros}


def _normal(generator: torch.Generator, fan_in: int, fan_out: int) -> Tensor:
    return torch.randn(fan_in, fan_out, generator=generator, dtype=torch.float64)
