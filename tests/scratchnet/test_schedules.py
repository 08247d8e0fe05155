"""Schedules against torch's, step by step."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

import scratchnet as sn

EPOCHS, STEPS = 5, 7


def factors(schedule: sn.Schedule, epochs: int = EPOCHS, steps: int = STEPS) -> torch.Tensor:
    return schedule.factor(torch.arange(epochs * steps, dtype=torch.float64), steps, epochs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (sn.Constant(), lambda o: lr_scheduler.LambdaLR(o, lambda step: 1.0)),
        (sn.Step(every=2, gamma=0.3), lambda o: lr_scheduler.StepLR(o, 2 * STEPS, 0.3)),
        (sn.Cosine(), lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS * STEPS)),
        (sn.Cosine(floor=0.1), lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS * STEPS, eta_min=0.1)),
        (sn.OneCycle(), lambda o: lr_scheduler.OneCycleLR(o, 1.0, EPOCHS * STEPS, cycle_momentum=False)),
        (
            sn.OneCycle(warmup=0.2, initial_divisor=10, final_divisor=100),
            lambda o: lr_scheduler.OneCycleLR(
                o, 1.0, EPOCHS * STEPS, pct_start=0.2, div_factor=10, final_div_factor=100, cycle_momentum=False
            ),
        ),
    ],
)
def test_is_torchs(ours: sn.Schedule, theirs: Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, dtype=torch.float64)], lr=1.0)
    scheduler, expected = theirs(optimizer), []
    for _ in range(EPOCHS * STEPS):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    torch.testing.assert_close(factors(ours), torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=1e-12)


def test_warm_up_rises_in_equal_steps_and_then_falls() -> None:
    found = factors(sn.Cosine(warmup=2))
    rise = torch.arange(1, 2 * STEPS + 1, dtype=torch.float64) / (2 * STEPS)
    torch.testing.assert_close(found[: 2 * STEPS], rise)
    assert (found[2 * STEPS :].diff() < 0).all()


@pytest.mark.parametrize("schedule", [sn.Constant(), sn.Step()])
def test_what_says_so_does_not_depend_on_the_length(schedule: sn.Schedule) -> None:
    assert not schedule.depends_on_length
    assert torch.equal(factors(schedule, epochs=3), factors(schedule, epochs=9)[: 3 * STEPS])


@pytest.mark.parametrize("schedule", [sn.Cosine(), sn.OneCycle()])
def test_what_depends_on_the_length_says_so(schedule: sn.Schedule) -> None:
    assert schedule.depends_on_length
    assert not torch.equal(factors(schedule, epochs=3), factors(schedule, epochs=9)[: 3 * STEPS])


@given(
    st.sampled_from([sn.Constant(), sn.Step(1, 0.5), sn.Cosine(), sn.Cosine(warmup=0.5), sn.OneCycle()]),
    st.integers(1, 20),
    st.integers(1, 50),
)
def test_factors_are_between_zero_and_one(schedule: sn.Schedule, epochs: int, steps: int) -> None:
    found = factors(schedule, epochs, steps)
    assert (found >= 0).all()
    assert (found <= 1 + 1e-12).all()
    assert found.isfinite().all()
