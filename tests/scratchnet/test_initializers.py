"""Moments and bounds of initial weights, and where they come from."""

import math
from typing import Any

import numpy as np
import pytest
import torch

import scratchnet as sn
from scratchnet.initializers import Initializer

FAN_IN, FAN_OUT = 300, 200


def draw(rule: Initializer, seed: int = 0) -> torch.Tensor:
    return rule(torch.Generator().manual_seed(seed), FAN_IN, FAN_OUT)


@pytest.mark.parametrize(
    ("rule", "std"),
    [
        (sn.HeNormal(), math.sqrt(2 / FAN_IN)),
        (sn.GlorotUniform(), math.sqrt(2 / (FAN_IN + FAN_OUT))),
        (sn.Normal(0.03), 0.03),
        (sn.Zeros(), 0.0),
    ],
)
def test_mean_and_spread(rule: Initializer, std: float) -> None:
    found = draw(rule)
    assert found.dtype == torch.float64
    assert found.mean().item() == pytest.approx(0, abs=4 * std / math.sqrt(found.numel()) + 1e-12)
    assert found.std().item() == pytest.approx(std, rel=0.02)


def test_weights_are_draws_of_the_generator_at_their_scale() -> None:
    def draws() -> torch.Generator:
        return torch.Generator().manual_seed(5)

    normal = torch.randn(3, 2, generator=draws(), dtype=torch.float64)
    uniform = torch.rand(3, 2, generator=draws(), dtype=torch.float64)
    for rule, expected in (
        (sn.HeNormal(), normal * math.sqrt(2 / 3)),
        (sn.GlorotUniform(), (2 * uniform - 1) * math.sqrt(6 / 5)),
        (sn.Normal(), normal * 0.01),
        (sn.Zeros(), 0 * normal),
    ):
        torch.testing.assert_close(rule(draws(), 3, 2), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("scale", [-0.001, math.nan, math.inf, 1e300, "a"])
def test_a_scale_out_of_range_is_told(scale: Any) -> None:
    with pytest.raises(ValueError, match="Normal") as told:
        sn.Normal(scale)
    assert str(told.value) == f"Normal: scale={scale!r}; allowed: from 0 up to, but not including, 1e+30"


@pytest.mark.parametrize("rule", [sn.HeNormal(), sn.GlorotUniform(), sn.Normal(0.03)], ids=str)
def test_weights_come_from_the_generator_alone(rule: Initializer) -> None:
    torch.manual_seed(1)
    first = draw(rule)
    torch.manual_seed(2)
    assert first.shape == (FAN_IN, FAN_OUT)
    assert torch.equal(draw(rule), first)
    assert not torch.equal(draw(rule, seed=3), first)


def test_glorot_stays_within_its_bound() -> None:
    bound = math.sqrt(6 / (FAN_IN + FAN_OUT))
    found = draw(sn.GlorotUniform()).abs().max().item()
    assert 0.99 * bound < found <= bound


def test_float32_starts_at_the_rounded_float64_weights() -> None:
    layer = sn.Linear(FAN_IN, FAN_OUT)
    wide, narrow = (layer.init([torch.Generator().manual_seed(3)], d) for d in (torch.float64, torch.float32))
    assert torch.equal(wide["weight"].float(), narrow["weight"])
    assert not wide["bias"].any()


def test_a_seed_is_a_start() -> None:
    assert torch.equal(draw(sn.HeNormal(), 1), draw(sn.HeNormal(), 1))
    assert not torch.equal(draw(sn.HeNormal(), 1), draw(sn.HeNormal(), 2))


def test_a_weight_with_a_gradient_is_taken_without_it() -> None:
    layer = sn.Linear(FAN_IN, FAN_OUT, lambda generator, fan_in, fan_out: torch.nn.Linear(fan_out, fan_in).weight)
    assert not layer.init([torch.Generator()])["weight"].requires_grad


def test_what_draws_no_tensor_is_told() -> None:
    name: Any = "he"
    with pytest.raises(TypeError, match=r"Linear: initializer='he' is no rule; give one, such as HeNormal\(\)"):
        sn.Linear(4, 3, name)
    array: Any = np.zeros
    with pytest.raises(TypeError, match="the initializer drew a ndarray; let it draw a tensor"):
        sn.Linear(4, 3, lambda generator, fan_in, fan_out: array((fan_in, fan_out))).init([torch.Generator()])
