"""Learning-rate schedules: the factor by which the base rate is multiplied at each step.

`factor(step, steps_per_epoch, epochs)` takes a float64 tensor of step numbers counted from 0 and gives the
factors, so that the rates of a whole epoch are one expression.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from scratchnet._numbers import check_count, check_positive, check_real


@dataclass(frozen=True)
class Schedule:
    """Base. `depends_on_length`: whether a run of more epochs differs from the first step on."""

    depends_on_length: ClassVar[bool] = False

    @property
    def highest(self) -> float:
        """A bound that no factor exceeds; infinite where none is known, and then only the plain kernel decays."""
        return math.inf

    def factor(self, step: Tensor, steps_per_epoch: int, epochs: int) -> Tensor:
        """step (n,) float64 -> factors (n,) float64."""
        raise NotImplementedError


@dataclass(frozen=True)
class Constant(Schedule):
    """factor = 1."""

    highest = 1.0

    def factor(self, step: Tensor, steps_per_epoch: int, epochs: int) -> Tensor:
        return torch.ones_like(step)


@dataclass(frozen=True)
class Step(Schedule):
    """factor = gamma ^ floor(epoch / every), epoch counted from 0. Raises ValueError unless every >= 1, gamma > 0."""

    every: int = 10
    gamma: float = 0.1

    def __post_init__(self) -> None:
        check_count("Step", "every", self.every, 1)
        check_positive("Step", "gamma", self.gamma)

    @property
    def highest(self) -> float:
        return 1.0 if self.gamma <= 1 else math.inf

    def factor(self, step: Tensor, steps_per_epoch: int, epochs: int) -> Tensor:
        return self.gamma ** torch.floor(step / (steps_per_epoch * self.every))


@dataclass(frozen=True)
class Cosine(Schedule):
    """factor = floor + (1 − floor) (1 + cos(π s / S)) / 2 at step s of S, after `warmup` epochs of linear rise.

    Source: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, eq. 5,
    without restarts.
    """

    warmup: float = 0.0  # epochs
    floor: float = 0.0

    depends_on_length = True

    def __post_init__(self) -> None:
        check_real("Cosine", "warmup", self.warmup, 0)
        check_real("Cosine", "floor", self.floor, 0)

    @property
    def highest(self) -> float:
        return max(1.0, self.floor)

    def factor(self, step: Tensor, steps_per_epoch: int, epochs: int) -> Tensor:
        rise = self.warmup * steps_per_epoch
        progress = (step - rise) / max(epochs * steps_per_epoch - rise, 1)
        fall = self.floor + (1 - self.floor) * 0.5 * (1 + torch.cos(math.pi * progress.clamp(max=1)))
        return torch.where(step < rise, ((step + 1) / max(rise, 1)).clamp(max=1), fall)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Warm-up from 1/`initial_divisor` to 1 over `warmup` of the steps, then down to
    1/(`initial_divisor` · `final_divisor`), both along a half cosine.

    Source: L. Smith, N. Topin, "Super-convergence", 2017; the formula is that of `torch.optim.lr_scheduler.OneCycleLR`.
    """

    warmup: float = 0.3  # share of all steps
    initial_divisor: float = 25.0
    final_divisor: float = 1e4

    depends_on_length = True

    def __post_init__(self) -> None:
        check_real("OneCycle", "warmup", self.warmup, 0, 1)
        check_positive("OneCycle", "initial_divisor", self.initial_divisor)
        check_positive("OneCycle", "final_divisor", self.final_divisor)

    @property
    def highest(self) -> float:
        first = 1 / self.initial_divisor
        return max(1.0, first, first / self.final_divisor)

    def factor(self, step: Tensor, steps_per_epoch: int, epochs: int) -> Tensor:
        last = epochs * steps_per_epoch - 1
        peak = max(self.warmup * (last + 1) - 1, 0)
        start, end = 1 / self.initial_divisor, 1 / (self.initial_divisor * self.final_divisor)
        up = _half_cosine(start, 1.0, step / (peak or 1))
        down = _half_cosine(1.0, end, (step - peak) / (last - peak or 1))
        return torch.where(step < peak, up, down)


def _half_cosine(start: float, end: float, progress: Tensor) -> Tensor:
    return end + (start - end) * 0.5 * (1 + torch.cos(math.pi * progress.clamp(max=1)))
