"""Averages of the weights: against their definition, alone and in a stack, stopped and not."""

import copy
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import scratchnet as sn
from scratchnet.averaging import steps_to_update, update

EXAMPLES, FEATURES, BATCH = 130, 6, 2
STEPS = EXAMPLES // BATCH
kernels = pytest.mark.parametrize("kernel", ["plain", "compiled"])


def examples() -> sn.Examples:
    g = torch.Generator().manual_seed(0)
    x = torch.randn(EXAMPLES, FEATURES, generator=g, dtype=torch.float64)
    zeros = torch.zeros(FEATURES, dtype=torch.float64)
    return sn.Examples(x, torch.randint(0, 3, (EXAMPLES,), generator=g), zeros, zeros + 1)


def run_of(averaging: float, width: int = 8, **settings: float) -> sn.Run:
    network = sn.Sequential((sn.Linear(FEATURES, width), sn.ReLU(), sn.Linear(width, 3)))
    chosen = {"lr": 0.1, "momentum": 0.5} | settings
    return sn.Run(network, sn.CrossEntropy(), sn.SGD(), chosen, averaging=averaging, seed=width)


def stack_of(*runs: sn.Run, kernel: str = "auto", dtype: torch.dtype = torch.float64) -> sn.Stack:
    return sn.Stack(runs, steps_per_epoch=STEPS, dtype=dtype, kernel=kernel)


def train(stack: sn.Stack, pieces: int = 1, epochs: int = 2) -> None:
    for _ in range(epochs):
        for part in torch.arange(EXAMPLES).split(-(-STEPS // pieces) * BATCH):
            stack.train(examples(), part, BATCH)


@given(steps_per_epoch=st.integers(1, 100), decay=st.sampled_from([0.0, 1e-3, 0.5, 0.99, 1 - 1e-12]))
def test_it_is_the_weighted_mean_of_what_the_steps_ended_with(steps_per_epoch: int, decay: float) -> None:
    """The weights between two updates taken as at the later one."""
    path = torch.randn(3 * steps_per_epoch, 4, dtype=torch.float64)
    average = {"w": torch.full((1, 4), torch.nan, dtype=torch.float64)}
    average["w"].fill_(7)  # of before the first step: has no part in it
    ends: list[int] = []
    for t in range(1, len(path) + 1):
        if steps_to_update(t - 1, steps_per_epoch) == 1:
            ends.append(t)
        update(average, {"w": path[t - 1 : t]}, torch.tensor([decay], dtype=torch.float64), t, steps_per_epoch)
        if t not in ends:
            continue
        seen = torch.stack([path[next(end for end in ends if end >= s) - 1] for s in range(1, t + 1)])
        counts = torch.tensor(decay, dtype=torch.float64) ** torch.arange(t - 1, -1, -1)
        expected = (counts[:, None] * seen).sum(0) / counts.sum()
        torch.testing.assert_close(average["w"][0], expected, rtol=1e-9, atol=1e-9)
    assert len(ends) <= 3 * 20
    assert {steps_per_epoch, 2 * steps_per_epoch, 3 * steps_per_epoch} <= set(ends)


@pytest.mark.parametrize(
    ("steps_per_epoch", "expected"),
    [
        (1, [1, 1]),
        (3, [1, 1, 1, 1]),
        (20, [1] * 21),
        (21, [2, 1] * 10 + [1, 2, 1]),
        (40, [2, 1] * 21),
        (50, [3, 2, 1] * 16 + [2, 1, 3, 2]),
    ],
)
def test_an_epoch_has_at_most_twenty_updates_and_one_at_its_end(steps_per_epoch: int, expected: list[int]) -> None:
    assert [steps_to_update(steps, steps_per_epoch) for steps in range(len(expected))] == expected


def test_averages_of_each_decay_by_hand() -> None:
    """θ = t after step t; 43 steps an epoch, so that updates are due after 3, 6, …, 42, 43, 46."""
    decay = torch.tensor([0.0, 0.5, 0.9], dtype=torch.float64)
    average = {"w": torch.full((3, 1, 1), 7.0, dtype=torch.float64)}
    expected, last = average["w"].flatten().tolist(), 0
    for t in range(1, 47):
        update(average, {"w": torch.full((3, 1, 1), float(t))}, decay, t, 43)
        if (t % 3 == 0 and t < 43) or t in (43, 46):
            share = [(1 - d ** (t - last)) / (1 - d**t) for d in decay.tolist()]
            expected, last = [e + s * (t - e) for e, s in zip(expected, share, strict=True)], t
        assert average["w"].flatten().tolist() == pytest.approx(expected, rel=1e-12)


@kernels
def test_training_is_what_it_is_without_and_the_average_is_evaluated(kernel: str) -> None:
    averaged, without = stack_of(run_of(0.9, l2=0.1), kernel=kernel), stack_of(run_of(0.0, l2=0.1), kernel=kernel)
    expected: dict[str, Tensor] = {}
    every, before = steps_to_update(0, STEPS), 0
    for t in range(1, STEPS + 1):
        without.train(examples(), torch.arange((t - 1) * BATCH, t * BATCH), BATCH)
        if t % every == 0 or t == STEPS:
            for name, value in without.params_of(0).items():
                earlier = expected.get(name, torch.zeros_like(value))
                expected[name] = 0.9 ** (t - before) * earlier + (1 - 0.9 ** (t - before)) * value
            before = t
    averaged.train(examples(), torch.arange(EXAMPLES), BATCH)
    torch.testing.assert_close(averaged.params, without.params, rtol=1e-11, atol=1e-12)
    mean = {name: value / (1 - 0.9**STEPS) for name, value in expected.items()}
    torch.testing.assert_close(averaged.params_of(0), mean, rtol=1e-11, atol=1e-12)
    for name, value in without.groups[0].params.items():
        value.copy_(mean[name])
    torch.testing.assert_close(averaged.evaluate(examples()), without.evaluate(examples()), rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(averaged.penalty(), without.penalty(), rtol=1e-11, atol=1e-12)
    x = examples().inputs
    torch.testing.assert_close(averaged.predict(x), without.predict(x), rtol=1e-11, atol=1e-12)


@kernels
def test_a_run_in_a_stack_is_the_run_alone_to_the_last_bit(kernel: str) -> None:
    runs = [run_of(0.99), run_of(0.0, 5), run_of(0.5, 7), run_of(0.9, lr=1e300)]
    together = stack_of(*runs, kernel=kernel, dtype=torch.float32)
    train(together)
    for r, run in enumerate(runs):
        alone = stack_of(run, kernel=kernel, dtype=torch.float32)
        train(alone)
        torch.testing.assert_close(together.params_of(r), alone.params_of(0), rtol=0, atol=0, equal_nan=True)
    assert together.evaluate(examples()).loss.isfinite().tolist() == [True, True, True, False]


@kernels
@pytest.mark.parametrize("pieces", [1, 3, 20])
def test_goes_on_from_a_state_to_the_last_bit(kernel: str, pieces: int) -> None:
    whole, first, second = (stack_of(run_of(0.9), run_of(0.0, 5), kernel=kernel) for _ in range(3))
    train(whole, pieces)
    train(first, pieces, epochs=1)
    second.load_state_dict({name: value.clone() for name, value in first.state_dict().items()})
    second.evaluate(examples())
    train(second, pieces, epochs=1)
    for name, value in whole.state_dict().items():
        assert torch.equal(second.state_dict()[name], value), name
    assert "average.0.weight" in whole.state_dict()
    assert not any(name.startswith("average") for name in stack_of(run_of(0.0)).state_dict())


def test_a_shared_stack_of_a_device_is_each_run_by_itself() -> None:
    runs = [run_of(0.9), run_of(0.0, 5), run_of(0.5, 7)]
    shared = sn.values.Values(runs, steps_per_epoch=STEPS, dtype=torch.float64, device="cpu")
    stack = stack_of(*runs, kernel="plain")
    stack.groups = (shared,)
    train(stack)
    for r, run in enumerate(runs):
        alone = stack_of(run, kernel="plain")
        train(alone)
        torch.testing.assert_close(stack.params_of(r), alone.params_of(0), rtol=1e-9, atol=1e-12)


def test_a_copy_averages_by_itself() -> None:
    stack = stack_of(run_of(0.9))
    train(stack, epochs=1)
    before, other = stack.params_of(0), copy.copy(stack.groups[0])
    for value in other.average.values():
        value.zero_()
    torch.testing.assert_close(stack.params_of(0), before, rtol=0, atol=0)


@pytest.mark.parametrize("averaging", [-0.1, 1.0, float("nan"), "much"])
def test_a_decay_out_of_range_is_named(averaging: float) -> None:
    with pytest.raises(ValueError, match=r"Run: averaging=.*; allowed: from 0 up to, but not including, 1"):
        replace(run_of(0.0), averaging=averaging)
