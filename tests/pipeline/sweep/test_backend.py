"""Workers that have trained do other things too, and go when they are told to."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import numpy as np
import psutil
import pytest

from pipeline import pool
from pipeline.pool import run_in_background, shut_down
from pipeline.runs.job import Job
from pipeline.sweep import sweep
from pipeline.sweep._workers import Ended, Work
from pipeline.sweep.backend import Backend
from pipeline.sweep.sweep import SweepPlan

MakeJob = Callable[..., Job]
MAIN = os.getpid()


def process(_: object = None) -> int:
    time.sleep(0.1)  # so that no worker takes the work of both
    return os.getpid()


def dies_elsewhere(here: int) -> int:
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    return here


def fails() -> None:
    raise OSError("no space left")


@pytest.fixture
def workers() -> Iterator[set[int]]:
    yield set(Backend().run(process, range(2), 2))
    shut_down()


def test_without_workers_a_fork_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_have_started", Event())
    monkeypatch.setattr(pool, "_can_fork", lambda: True)
    before = set(psutil.Process().children())  # of other tests
    assert run_in_background(process)() != MAIN
    with pytest.raises(OSError, match="no space left"):
        run_in_background(fails)()
    assert run_in_background(dies_elsewhere, MAIN)() == MAIN
    assert set(psutil.Process().children()) <= before


def test_on_one_core_it_is_done_here_and_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_have_started", Event())
    monkeypatch.setattr(pool, "_can_fork", lambda: False)
    assert run_in_background(process)() == MAIN
    with pytest.raises(OSError, match="no space left"):
        run_in_background(fails)


def test_beside_workers_it_is_done_here(workers: set[int]) -> None:
    assert MAIN not in workers
    assert run_in_background(process)() == MAIN


def test_dismissed_workers_are_gone(workers: set[int]) -> None:
    assert all(map(psutil.pid_exists, workers))
    shut_down()
    assert not any(map(psutil.pid_exists, workers))


@pytest.mark.parametrize(("processes", "kind"), [(2, np.memmap), (1, np.ndarray)])
def test_workers_map_the_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_job: MakeJob, processes: int, kind: type
) -> None:
    job = make_job("dataset=fashion_mnist_mini")
    dataset = job.config.dataset.load()
    mean, std = dataset.statistics
    given: list[Work] = []

    def train(works: Sequence[Work], *_: object) -> Iterator[Ended]:
        given.extend(works)
        yield from ()

    monkeypatch.setattr(sweep, "train_all", train)
    plan = SweepPlan([job], {}, [Work((job,), (0,), dataset, tmp_path / "states/0.safetensors")], processes, Backend())
    plan.train(job.config.sweep, "off")
    [work] = given
    assert work.dataset is not None
    assert type(work.dataset.train.inputs) is kind
    for name in ("train", "validation", "test"):
        split, original = getattr(work.dataset, name), getattr(dataset, name)
        np.testing.assert_array_equal(split.inputs, original.inputs)
        np.testing.assert_array_equal(split.targets, original.targets)
    assert vars(work.dataset)["statistics"] == (mean, std)  # worked out once
