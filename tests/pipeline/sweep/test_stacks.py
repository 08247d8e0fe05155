"""Which runs train together, by sizes computed by hand."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.config.assemble import build_run
from pipeline.runs.job import Job
from pipeline.sweep import _stacks
from pipeline.sweep._stacks import StackPlan, plan, seconds

MakeJob = Callable[..., Job]
SETTINGS = (
    ("optimizer.lr=0.1", "model.hidden=[8]"),  # 2·8 + 8 + 8·2 + 2 = 42 parameters
    ("optimizer.lr=0.2", "model.hidden=[8]"),
    ("optimizer.lr=0.1", "model.hidden=[4]"),  # 22 parameters, less than 0.75 · 42
    ("optimizer.lr=0.1", "model.hidden=[7]"),  # 37 parameters
    ("optimizer.lr=0.1", "model.hidden=[8]", "training.epochs=2"),  # the first, shorter
    ("optimizer.lr=0.1", "model.hidden=[8]", "training.batch_size=20"),
)


@pytest.fixture
def planned(make_job: MakeJob) -> tuple[list[Job], list[Any]]:
    common = ("dataset=square", "dataset.samples=100", "training.batch_size=10", "training.epochs=4")
    jobs = [make_job(*common, *setting) for setting in SETTINGS]
    dataset = jobs[0].config.dataset.load()
    return jobs, [build_run(job.config, dataset) for job in jobs]


def test_similar_networks_share_a_stack_and_a_shorter_run_its_network(planned: tuple[list[Job], list[Any]]) -> None:
    assert [run.network.size for run in planned[1]] == [42, 42, 22, 37, 42, 42]
    assert plan(*planned, workers=1) == [
        StackPlan((0, 4, 1, 3), (0, 0, 1, 2)),
        StackPlan((5,), (0,)),
        StackPlan((2,), (0,)),
    ]


def test_no_stack_is_more_than_half_of_what_a_worker_does(planned: tuple[list[Job], list[Any]]) -> None:
    # (42 + 42 + 22 + 37 + 42) · 4 epochs = 740 are 370 a worker: a half of that holds one network of 42 · 4 = 168.
    assert [stack.numbers for stack in plan(*planned, workers=2)] == [(0, 4), (1,), (5,), (3,), (2,)]
    assert [stack.numbers for stack in plan(*planned, workers=1)] == [(0, 4, 1, 3), (5,), (2,)]


def test_equal_networks_are_shared_out_evenly(make_job: MakeJob) -> None:
    jobs = [make_job("dataset=square", f"optimizer.lr={rate}") for rate in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)]
    runs = [build_run(job.config, jobs[0].config.dataset.load()) for job in jobs]
    assert [len(stack.numbers) for stack in plan(jobs, runs, workers=2)] == [2, 2, 2, 2]


def test_every_worker_has_as_many_stacks_of_as_many_networks(make_job: MakeJob) -> None:
    widths, rates = (64, 128), range(1, 13)
    jobs = [
        make_job("dataset=square", f"model.hidden=[{w}]", f"optimizer.lr=0.{rate:02}") for w in widths for rate in rates
    ]
    runs = [build_run(job.config, jobs[0].config.dataset.load()) for job in jobs]
    stacks = plan(jobs, runs, workers=2)
    wide, narrow = [[len(s.numbers) for s in stacks if (s.numbers[0] > 11) == is_wide] for is_wide in (True, False)]
    assert (wide, narrow) == ([3, 3, 3, 3], [6, 6])  # 4 + 4 + 4 and 8 + 4 would leave one worker waiting
    assert sorted(number for stack in stacks for number in stack.numbers) == list(range(24))


@pytest.mark.parametrize(
    ("members", "widest", "workers", "widths"),
    [(12, 4, 2, [3, 3, 3, 3]), (12, 8, 2, [6, 6]), (13, 8, 2, [7, 6]), (3, 2, 4, [1, 1, 1]), (5, 8, 1, [5])],
)
def test_a_group_is_cut_evenly(members: int, widest: int, workers: int, widths: list[int]) -> None:
    stacks = _stacks._cut(range(members), widest, workers)
    assert [len(stack) for stack in stacks] == widths
    assert [n for stack in stacks for n in stack] == list(range(members))


def test_the_weights_of_a_stack_fit_the_cache(make_job: MakeJob) -> None:
    def width(size: int, dtype: str = "float32") -> int:
        run: Any = SimpleNamespace(network=SimpleNamespace(size=size))
        return _stacks._width(make_job(f"training.dtype={dtype}", "training.device=cpu"), run)

    assert width(78_643) == 10  # 3 MiB / (4 · 78 643 bytes)
    assert width(78_643, "float64") == 5
    assert (width(1), width(10**9)) == (32, 1)


def test_time_is_steps_and_products(planned: tuple[list[Job], list[Any]]) -> None:
    (first, *_), (run, *_) = planned
    assert seconds(first, run, 85) == pytest.approx(4 * (9 * 1e-4 + 3 * 42 * 85 / 1e10))
