"""The contracts of an initializer. It has no gradient: what matters is where its numbers come from."""

from collections.abc import Callable

import torch
from torch import Tensor

from scratchnet.check._numbers import require, require_close
from scratchnet.initializers import Initializer

_FAN_IN, _FAN_OUT = 7, 5


def _draw(rule: Initializer, seed: int = 3) -> Tensor:
    return rule(torch.Generator().manual_seed(seed), _FAN_IN, _FAN_OUT)


def has_its_shape(rule: Initializer) -> None:
    """A weight of shape (fan_in, fan_out)."""
    weight, expected = _draw(rule), (_FAN_IN, _FAN_OUT)
    require(isinstance(weight, Tensor), f"the weight: expected a tensor, got {type(weight).__name__}")
    require(tuple(weight.shape) == expected, f"the weight: expected {expected}, got {tuple(weight.shape)}")


def is_wide(rule: Initializer) -> None:
    """Finite numbers in float64, so that a float32 run starts from the rounded weights of the float64 run."""
    weight = _draw(rule)
    require(weight.dtype == torch.float64, f"the weight: expected torch.float64, got {weight.dtype}")
    require(bool(weight.isfinite().all()), "the weight: expected finite numbers, got others")


def draws_from_its_generator(rule: Initializer) -> None:
    """Equal seeds give equal weights whatever was drawn before, and torch's global state stays as it is."""
    before = torch.get_rng_state()
    first = _draw(rule)
    touched = not torch.equal(before, torch.get_rng_state())
    torch.set_rng_state(before)
    require(not touched, "torch's global generator: expected to be left alone; draw with generator=generator")
    require_close("the weight of the same seed", _draw(rule), first)


CONTRACTS: dict[str, Callable[[Initializer], None]] = {
    "a weight has the shape (fan_in, fan_out)": has_its_shape,
    "it is finite and in float64": is_wide,
    "it is drawn from the run's generator alone": draws_from_its_generator,
}
