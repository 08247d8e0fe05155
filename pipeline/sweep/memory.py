"""Whether a run can fit into memory at all: rejected in the plan, as a worker would be killed without a message."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import torch

import scratchnet as sn
from pipeline.config.assemble import DTYPES
from pipeline.errors import UserError
from pipeline.runs.job import Job


def needed(job: Job, run: sn.Run) -> int:
    """A lower bound in bytes for training: weights, gradients and optimizer state, without the data."""
    itemsize = torch.finfo(DTYPES[job.config.training.dtype]).bits // 8
    state = 2 if isinstance(run.optimizer, sn.Adam) else int(run.settings.momentum > 0)
    average = torch.float64.itemsize if run.averaging else 0
    return run.network.size * (itemsize * (2 + state) + average)


def limit() -> int:
    """Bytes that a process may use: the machine's memory, or less under a resource limit or in a container."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with suppress(ImportError):  # not on Windows
        import resource

        limits += [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    with suppress(OSError, ValueError):  # "max" if there is none
        limits.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return min(value for value in limits if value > 0)  # -1 means no limit


def check_memory(jobs: Sequence[Job], runs: Sequence[sn.Run]) -> None:
    """Raise UserError with one line per run that cannot fit."""
    most = limit()
    lines = [_line(job, run, most) for job, run in zip(jobs, runs, strict=True) if needed(job, run) > most]
    if lines:
        raise UserError("\n".join(lines))


def _line(job: Job, run: sn.Run, most: int) -> str:
    size = f"{needed(job, run) / 2**30:,.1f} GiB for its {run.network.size:,} parameters"
    model = " ".join(text for text in job.overrides if text.startswith("model")) or "model"
    return f"{model}: needs at least {size}, but a process may use {most / 2**30:,.1f} GiB; use a smaller network"
