"""How long a sweep will take, and how much memory: the plan, at the rate of a short measurement."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import torch

import scratchnet as sn
from pipeline.config.assemble import build_run
from pipeline.config.schema import Sweep
from pipeline.durations import duration
from pipeline.runs.job import Job
from pipeline.sweep import halving
from pipeline.sweep._stacks import seconds
from pipeline.sweep._workers import Work
from pipeline.sweep.memory import needed
from pipeline.training.setup import Setup

_MEASURED = 0.5  # seconds


def estimate(works: Sequence[Work], processes: int, options: Sweep) -> str | None:
    """One line for the user; None where there is nothing to train, or this process does not have the data."""
    if not works or works[0].dataset is None:
        return None
    first = max(works, key=_planned)
    measured = _epoch_seconds(first) * first.jobs[0].config.training.epochs
    total = sum(map(_planned, works)) * measured / _planned(first)
    total *= _share_of_epochs([job for work in works for job in work.jobs], options)
    # No stack is split, and the last ones may run alone.
    longest = max(map(_planned, works)) * measured / _planned(first)
    expected = max(total / processes, longest if options.kind != "halving" else 0.0)
    networks = max(sum(needed(job, run) for job, run in zip(work.jobs, _runs(work), strict=True)) for work in works)
    return (
        f"expected: about {duration(expected)} on {processes} process{'es' * (processes > 1)} and "
        f"{processes * (_resident() + networks) / 2**20:,.0f} MB of memory, by a measurement of {_MEASURED:g} s"
    )


def _runs(work: Work) -> list[sn.Run]:
    assert work.dataset is not None
    return [build_run(job.config, work.dataset) for job in work.jobs]


def _planned(work: Work) -> float:
    """Seconds by the planner's rough constants, of which only the ratios are used."""
    assert work.dataset is not None
    examples = len(work.dataset.train)
    pairs = dict(zip(work.rows, zip(work.jobs, _runs(work), strict=True), strict=True))  # a network once
    return sum(seconds(job, run, examples) for job, run in pairs.values())


def _epoch_seconds(work: Work) -> float:
    """Seconds of an epoch of the stack, its evaluation included."""
    assert work.dataset is not None
    setup = Setup.of(work.jobs, work.rows, work.dataset)
    size, batches = setup.batch_size, setup.batches
    order = torch.arange(len(setup.splits["train"]), device=setup.stack.device).unsqueeze(0)
    generators = [torch.Generator(setup.stack.device).manual_seed(0)]

    def train(first: int, last: int) -> None:
        setup.train(order[:, first * size : last * size], generators)

    train(0, min(2, batches))  # what happens once
    count, start = max(batches // 50, 1), time.perf_counter()
    done = 0
    while time.perf_counter() - start < _MEASURED:
        first = done % batches
        last = min(first + count, batches)
        train(first, last)
        done += last - first
    step = (time.perf_counter() - start) / done
    examples = setup.splits["train"]
    most = min(len(examples), 2000)
    part = replace(examples, inputs=examples.inputs[:most], targets=examples.targets[:most])
    setup.stack.evaluate(part)
    start = time.perf_counter()
    setup.stack.evaluate(part)
    evaluation = (time.perf_counter() - start) / len(part) * sum(map(len, setup.splits.values()))
    return step * batches + evaluation


def _share_of_epochs(jobs: Sequence[Job], options: Sweep) -> float:
    """The share of all epochs that halving trains."""
    if options.kind != "halving":
        return 1.0
    trained, before, count = 0.0, 0.0, len(jobs)
    rungs = halving.rungs(jobs, options)
    settings = len(halving.replicates_of(jobs))
    for rung in rungs:
        trained += count * (rung.share - before)
        before, count = rung.share, len(jobs) * rung.stay // settings
    return trained / len(jobs)


def _resident() -> int:
    """Bytes that this process has in memory, code and data included."""
    try:
        import resource
    except ImportError:  # not on Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
