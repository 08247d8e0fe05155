"""The contracts of a schedule. It has no gradient: what matters is that a rate follows from its step alone."""

from collections.abc import Callable

import torch
from torch import Tensor

from scratchnet.check._numbers import require, require_close
from scratchnet.schedules import Schedule

_STEPS, _EPOCHS = 7, 6


def _factors(schedule: Schedule, epochs: int = _EPOCHS) -> Tensor:
    return schedule.factor(torch.arange(epochs * _STEPS, dtype=torch.float64), _STEPS, epochs)


def gives_rates(schedule: Schedule) -> None:
    """A factor a step: finite, 0 or more, in float64."""
    factors = _factors(schedule)
    require(isinstance(factors, Tensor), f"the factors: expected a tensor, got {type(factors).__name__}")
    expected = (_EPOCHS * _STEPS,)
    require(tuple(factors.shape) == expected, f"the factors: expected {expected}, got {tuple(factors.shape)}")
    require(factors.dtype == torch.float64, f"the factors: expected torch.float64, got {factors.dtype}")
    wrong = factors[~(factors.isfinite() & (factors >= 0))]
    require(not len(wrong), f"the factors: expected finite numbers of 0 or more, got {wrong[:1].tolist()}")


def each_step_by_itself(schedule: Schedule) -> None:
    """A step has its factor whichever others are asked for: training asks for an epoch, a resumed run for a part."""
    steps = torch.arange(_EPOCHS * _STEPS, dtype=torch.float64)
    alone = torch.cat([schedule.factor(step.view(1), _STEPS, _EPOCHS) for step in steps])
    require_close("the factors, step by step", alone, _factors(schedule), 1e-12)


def stays_below_its_highest(schedule: Schedule) -> None:
    """No factor exceeds `highest`, by which the compiled kernel knows that decay is stable."""
    most = float(_factors(schedule).max())
    require(most <= schedule.highest * (1 + 1e-12), f"highest: expected {most:.9g} or more, got {schedule.highest:.9g}")


def says_whether_length_matters(schedule: Schedule) -> None:
    """Without `depends_on_length` a longer run begins as a shorter one, and both may be one training."""
    if not schedule.depends_on_length:
        same = torch.equal(_factors(schedule, 2), _factors(schedule)[: 2 * _STEPS])
        require(same, "a run of 2 epochs: expected the factors of a longer one, got others; set depends_on_length")


CONTRACTS: dict[str, Callable[[Schedule], None]] = {
    "a step has one finite factor of 0 or more": gives_rates,
    "a step's factor follows from the step alone": each_step_by_itself,
    "no factor exceeds `highest`": stays_below_its_highest,
    "`depends_on_length` is true": says_whether_length_matters,
}
