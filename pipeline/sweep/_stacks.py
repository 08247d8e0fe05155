"""Which runs train together: jobs -> stacks of equal structure, no wider than pays off on this machine."""

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

import scratchnet as sn
from pipeline.config.assemble import DTYPES, build_device
from pipeline.runs.identity import without_epochs
from pipeline.runs.job import Job

# On a CPU a stack saves Python overhead per step until its weights exceed the cache; measured in benchmarks/LOG.md.
_CACHE_BYTES = 3 * 2**20
_WIDEST_CPU, _WIDEST_GPU = 32, 1024
_STEP_SECONDS, _RATE = 1e-4, 1e10  # overhead per step, and multiply-adds per second in its products
_STACKS_A_WORKER = 2  # at least, on a CPU: with one each, those that have ended wait for the one that has not
_USEFUL = 0.75  # runs smaller than this share of a stack's largest are not worth padding


@dataclass(frozen=True)
class StackPlan:
    """Jobs that train in one pass. Jobs of equal `rows` are one network, recorded at several lengths."""

    numbers: tuple[int, ...]  # indices into the list of jobs
    rows: tuple[int, ...]


def plan(jobs: Sequence[Job], runs: Sequence[sn.Run], workers: int) -> list[StackPlan]:
    """The stacks, the longest first.

    Jobs that differ only in `training.epochs` are one network if the schedule does not depend on the length. Networks
    share a stack where data, batch size, dtype and device are the same and they are equal up to hidden widths, on a GPU
    also the order of the examples; a stack's weights fit one core's cache, and no stack is so long that the others'
    workers wait for it.
    """
    networks = _networks(jobs, runs)
    longest = [max(members, key=lambda i: runs[i].epochs) for members in networks]
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for n, i in enumerate(longest):
        groups[_key(jobs[i], runs[i])].append(n)
    shape = [(runs[i].epochs, runs[i].network.size) for i in longest]
    share = sum(map(math.prod, shape)) / workers  # parameters times epochs
    stacks: list[list[int]] = []
    for members in groups.values():
        # Similar length and width together, so that there is little padding and no run waits for a longer one.
        members.sort(key=shape.__getitem__, reverse=True)
        while members:
            first = members[0]
            device, cost = build_device(jobs[longest[first]].config).type, math.prod(shape[first])
            widest = _width(jobs[longest[first]], runs[longest[first]])
            if workers > 1:
                widest = max(1, min(widest, math.floor(share / cost / (_STACKS_A_WORKER if device == "cpu" else 1))))
            similar = [n for n in members if _similar(shape[n], shape[first])]
            stacks += _cut(similar, widest, workers if device == "cpu" else 1)
            members = [n for n in members if n not in similar]
    stacks.sort(key=lambda stack: -len(stack) * math.prod(shape[stack[0]]))
    return [_stack([networks[n] for n in stack]) for stack in stacks]


def seconds(job: Job, run: sn.Run, examples: int) -> float:
    """Roughly how long one core trains the job's run on this number of examples."""
    steps = math.ceil(examples / job.config.training.batch_size)
    return run.epochs * (steps * _STEP_SECONDS + 3 * run.network.size * examples / _RATE)


def one_per_stack(jobs: Sequence[Job]) -> list[StackPlan]:
    """Each job in its own stack, for runs that are paused and resumed one by one."""
    return [StackPlan((i,), (0,)) for i in range(len(jobs))]


def _cut(members: Sequence[int], widest: int, workers: int) -> list[list[int]]:
    """Stacks of nearly equal width, as many for each worker where there are enough members."""
    count = math.ceil(math.ceil(len(members) / widest) / workers) * workers
    return [part.tolist() for part in np.array_split(members, min(count, len(members)))]


def _stack(networks: Sequence[Sequence[int]]) -> StackPlan:
    pairs = [(i, row) for row, members in enumerate(networks) for i in members]
    return StackPlan(tuple(i for i, _ in pairs), tuple(row for _, row in pairs))


def _networks(jobs: Sequence[Job], runs: Sequence[sn.Run]) -> list[list[int]]:
    """Jobs grouped by the network that they record."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for i, (job, run) in enumerate(zip(jobs, runs, strict=True)):
        groups[i if run.schedule.depends_on_length else without_epochs(job.config)].append(i)
    return list(groups.values())


def _similar(shape: tuple[int, int], first: tuple[int, int]) -> bool:
    """Whether (epochs, parameters) are close enough for little waste by padding and waiting."""
    return all(_USEFUL * b <= a <= b for a, b in zip(shape, first, strict=True))


def _width(job: Job, run: sn.Run) -> int:
    """The best number of runs of this size to train together."""
    if build_device(job.config).type == "cuda":
        return _WIDEST_GPU
    size = torch.finfo(DTYPES[job.config.training.dtype]).bits // 8
    return max(1, min(_WIDEST_CPU, _CACHE_BYTES // (run.network.size * size)))


def _key(job: Job, run: sn.Run) -> Hashable:
    apart = {"epochs", "patience", "log_every", "label_smoothing", "averaging"}
    if build_device(job.config).type == "cpu":
        apart.add("order_seed")
    training = job.config.training.model_dump_json(exclude=apart)
    return (job.config.dataset.model_dump_json(), training, run.structure)
