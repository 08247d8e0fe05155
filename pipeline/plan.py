"""Which runs train together: jobs -> stacks of equal structure, no wider than the machine bears."""

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence

import torch

import scratchnet as sn
from pipeline.build import DTYPES, build_device
from pipeline.runs import Job

# On a CPU a stack saves the Python call a step until its weights leave the cache; measured in benchmarks/LOG.md.
_CACHE_BYTES = 3 * 2**20
_WIDEST_CPU, _WIDEST_GPU = 32, 1024
_USEFUL = 0.75  # the least share of a stack's largest run that is worth padding up to it


def plan(jobs: Sequence[Job], runs: Sequence[sn.Run], workers: int) -> list[list[int]]:
    """Numbers of the jobs of each stack, the longest stack first.

    Jobs share a stack where data, order, batch size, dtype and device are the same and their networks are equal
    up to hidden widths; a stack's weights stay in one core's cache, and there are stacks for all workers.
    """
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for i, (job, run) in enumerate(zip(jobs, runs, strict=True)):
        groups[_key(job, run)].append(i)
    shape = [(run.epochs, run.network.size) for run in runs]
    stacks: list[list[int]] = []
    for members in groups.values():
        # Alike in length and width together, so that little is padded and no run waits for a longer one.
        members.sort(key=shape.__getitem__, reverse=True)
        while members:
            first = members[0]
            widest = min(_width(jobs[first], runs[first]), math.ceil(len(jobs) / workers))
            fitting = [i for i in members[:widest] if _alike(shape[i], shape[first])]
            stacks.append(fitting)
            members = [i for i in members[:widest] if i not in fitting] + members[widest:]
    return sorted(stacks, key=lambda stack: -len(stack) * math.prod(shape[stack[0]]))


def _alike(shape: tuple[int, int], first: tuple[int, int]) -> bool:
    """Whether (epochs, parameters) differ by so little that padding and waiting waste little."""
    return all(_USEFUL * b <= a <= b for a, b in zip(shape, first, strict=True))


def _width(job: Job, run: sn.Run) -> int:
    """How many runs of this size train together at best."""
    if build_device(job.config).type == "cuda":
        return _WIDEST_GPU
    size = torch.finfo(DTYPES[job.config.training.dtype]).bits // 8
    return max(1, min(_WIDEST_CPU, _CACHE_BYTES // (run.network.size * size)))


def _key(job: Job, run: sn.Run) -> Hashable:
    training = job.config.training.model_dump_json(exclude={"epochs", "patience", "log_every", "label_smoothing"})
    return (job.config.dataset.model_dump_json(), training, run.network.structure(), run.loss, run.optimizer)
