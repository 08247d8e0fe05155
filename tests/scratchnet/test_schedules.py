"""Schedules against torch's, step by step."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

import scratchnet as sn

EPOCHS, STEPS = 5, 7
TorchSchedule = Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]


def factors(schedule: sn.Schedule, epochs: int = EPOCHS, steps: int = STEPS) -> torch.Tensor:
    return schedule.factor(torch.arange(epochs * steps, dtype=torch.float64), steps, epochs)


def torch_factors(make: TorchSchedule, steps: int) -> torch.Tensor:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler, values = make(optimizer), []
    for step in range(steps):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < steps - 1:  # the last would warn
            scheduler.step()
    return torch.tensor(values, dtype=torch.float64)


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
def test_is_torchs(ours: sn.Schedule, theirs: TorchSchedule) -> None:
    expected = torch_factors(theirs, EPOCHS * STEPS)
    torch.testing.assert_close(factors(ours), expected, rtol=1e-12, atol=1e-15)


@given(st.integers(2, 60), st.floats(0.05, 0.95))
def test_one_cycle_is_torchs_at_any_length(steps: int, warmup: float) -> None:
    assume(warmup * steps > 1.001)  # at 1 torch divides by zero, below it starts beyond the peak
    expected = torch_factors(
        lambda o: lr_scheduler.OneCycleLR(o, 1.0, steps, pct_start=warmup, cycle_momentum=False), steps
    )
    torch.testing.assert_close(factors(sn.OneCycle(warmup), 1, steps), expected, rtol=1e-9, atol=1e-12)


def test_one_cycle_without_room_to_rise_starts_at_its_peak() -> None:
    assert factors(sn.OneCycle(0.3), 1, 1).tolist() == [1]
    for steps in (2, 3):
        values = factors(sn.OneCycle(0.3), 1, steps)
        assert values[0] == 1
        assert values[-1].item() == pytest.approx(1 / 25e4)


def test_warm_up_rises_in_equal_steps_and_then_falls() -> None:
    values = factors(sn.Cosine(warmup=2))
    rise = torch.arange(1, 2 * STEPS + 1, dtype=torch.float64) / (2 * STEPS)
    torch.testing.assert_close(values[: 2 * STEPS], rise)
    assert (values[2 * STEPS :].diff() < 0).all()


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
def test_factors_are_positive_and_at_most_one(schedule: sn.Schedule, epochs: int, steps: int) -> None:
    values = factors(schedule, epochs, steps)
    assert (values > 0).all()
    assert (values <= 1 + 1e-12).all()
    assert values.isfinite().all()


@given(
    st.sampled_from(
        [
            sn.Constant(),
            sn.Step(1, 0.5),
            sn.Step(2, 1.5),
            sn.Cosine(floor=3.0),
            sn.Cosine(warmup=0.5),
            sn.OneCycle(initial_divisor=0.2),
            sn.OneCycle(initial_divisor=2.0, final_divisor=0.1),
        ]
    ),
    st.integers(1, 20),
    st.integers(1, 50),
)
def test_no_factor_exceeds_the_highest(schedule: sn.Schedule, epochs: int, steps: int) -> None:
    assert factors(schedule, epochs, steps).max() <= schedule.highest * (1 + 1e-12)


@pytest.mark.parametrize(
    ("schedule", "highest"),
    [
        (sn.Schedule(), math.inf),
        (sn.Constant(), 1.0),
        (sn.Step(gamma=1.0), 1.0),
        (sn.Step(gamma=1.5), math.inf),
        (sn.Cosine(), 1.0),
        (sn.Cosine(floor=3.0), 3.0),
        (sn.OneCycle(), 1.0),
        (sn.OneCycle(initial_divisor=0.2), 5.0),
        (sn.OneCycle(initial_divisor=2.0, final_divisor=0.1), 5.0),
    ],
)
def test_the_highest_factor_may_be_above_one(schedule: sn.Schedule, highest: float) -> None:
    assert schedule.highest == highest


QUARTERS = [1.0, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125), 0.0]  # of half a cosine


@pytest.mark.parametrize(
    ("schedule", "steps", "epochs", "expected"),
    [
        (sn.Step(every=2, gamma=0.5), 2, 5, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]),
        (sn.Cosine(), 2, 2, [*QUARTERS, 0]),
        (sn.Cosine(floor=0.2), 2, 2, [0.2 + 0.8 * part for part in [*QUARTERS, 0]]),
        (sn.Cosine(warmup=1.5, floor=0.2), 2, 2, [1 / 3, 2 / 3, 1, 1, 0.2, 0.2]),
        (sn.Cosine(warmup=2, floor=0.2), 2, 2, [1 / 4, 2 / 4, 3 / 4, 1, 1, 0.2]),
        (
            sn.Cosine(warmup=0.75),
            2,
            4,
            [1 / 1.5, 1, *(0.5 + 0.5 * math.cos(math.pi * i / 13) for i in range(1, 13, 2))],
        ),
        (sn.Cosine(warmup=0.25), 2, 1, [1, 0.5 + 0.5 * math.cos(math.pi / 3), 0]),
        (sn.OneCycle(0.3), 1, 1, [1, 1 / 25e4, 1 / 25e4]),
        (sn.OneCycle(0.6, 4, 5), 1, 5, [0.25, 0.625, 1, 0.525, 0.05, 0.05]),
    ],
)
def test_factors_by_hand_also_after_the_last_step(
    schedule: sn.Schedule, steps: int, epochs: int, expected: list[float]
) -> None:
    factors = schedule.factor(torch.arange(len(expected), dtype=torch.float64), steps, epochs)
    assert factors.dtype == torch.float64
    assert factors.tolist() == pytest.approx(expected, rel=1e-13, abs=1e-15)
