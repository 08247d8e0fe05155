"""Which algorithm trains a stack: the plain steps, or one of the fast paths that end where they end."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, get_args

import numpy as np
import torch
from threadpoolctl import ThreadpoolController
from torch import Tensor

from scratchnet.augment import Augment
from scratchnet.examples import Examples
from scratchnet.kernels import fused, lookahead, plain
from scratchnet.kernels.assembly import assemble
from scratchnet.kernels.chain import chain
from scratchnet.layers import LayerNorm, Linear, MeanOverPatches, Patchify, ReLU, Sequential
from scratchnet.losses import CrossEntropy, MeanSquaredError
from scratchnet.optimizers import SGD, Adam, Optimizer
from scratchnet.run import Run
from scratchnet.values import Values

Kernel = Literal["auto", "plain", "lookahead", "fused"]

# The largest batches that looking ahead pays for (benchmarks/LOG.md): two products more a block with momentum, and
# networks too narrow for it, which train in the same compiled loop.
_LARGEST_BATCH, _WITH_MOMENTUM, _NARROW = 16, 8, 64


def refusal(kernel: Kernel, run: Run, device: torch.device) -> str | None:
    """Why this kernel cannot train the run, None where it can."""
    if kernel == "plain":
        return None
    if device.type != "cpu":
        return f"it is compiled for the CPU, not for {device.type}"
    if kernel == "lookahead" and type(run.optimizer) is not SGD:
        return f"it is SGD reordered, and the optimizer is {type(run.optimizer).__name__}"
    if type(run.optimizer) not in (SGD, Adam):
        return f"it has no {type(run.optimizer).__name__}"
    if type(run.loss) not in (CrossEntropy, MeanSquaredError):
        return f"it has no {type(run.loss).__name__}"
    if kernel == "lookahead" and chain(run.network) is None:
        return "it needs linear layers with activations and dropout between them, first a linear layer on the data"
    if kernel == "fused" and assemble(run.network) is None:
        return "it needs layers that fit, the last one linear"
    if not set(run.weights) <= set(run.network.weight_names):
        return "it has no decay of biases, scales and shifts"
    decay = run.settings.l2 + run.settings.weight_decay
    if decay and (largest := run.settings.lr * decay * run.schedule.highest) >= 0.5:
        return (
            f"a step would take {largest:g} of each weight; lr at its highest times l2 and weight_decay must stay "
            "below 0.5"
        )
    return None


def choose(wanted: Kernel, runs: Sequence[Run], batch_size: int, device: torch.device) -> Kernel:
    """What is wanted, "plain", "lookahead" or "fused", and for "auto" the fastest that is exact for these runs.

    Raises ValueError where what is wanted cannot train one of the runs.
    """
    if wanted not in get_args(Kernel):
        raise ValueError(f"kernel={wanted!r} is none of {', '.join(get_args(Kernel))}")
    small = batch_size <= min(map(_largest_batch, runs))
    fastest: tuple[Kernel, ...] = ("lookahead", "fused") if small else ("fused",)
    for kernel in fastest if wanted == "auto" else (wanted,):
        reason = next(filter(None, (refusal(kernel, run, device) for run in runs)), None)
        if reason is None:
            return kernel
        if wanted != "auto":
            raise ValueError(f"kernel={wanted}: {reason}; take kernel=auto or plain")
    return "plain"


def trainer(kernel: Kernel) -> Callable[..., Tensor]:
    """The function that trains by the kernel that `choose` gave; it takes what `plain.train` takes."""
    if kernel == "plain":
        return plain.train
    train = lookahead.train if kernel == "lookahead" else fused.train

    def with_threads_of_torch(
        values: Values,
        examples: Examples,
        order: Tensor,
        batch_size: int,
        augment: Augment | None,
        generator: torch.Generator | None,
    ) -> Tensor:
        with as_torch():
            return train(values, examples, order, batch_size, augment, generator)

    return with_threads_of_torch


def predictor(
    wanted: Kernel, runs: Sequence[Run], device: torch.device
) -> Callable[[Values], Callable[[Tensor], Tensor]]:
    """The function that makes a predictor of the values as they are, by the fused path where it can."""
    can = wanted != "plain" and all(refusal("fused", run, device) is None for run in runs)
    return fused.predictors if can else plain.predictor


def _largest_batch(run: Run) -> int:
    """The largest batch that the look-ahead is the fastest for."""
    first = next(layer for layer in (*run.network.layers, Linear(0, 0)) if isinstance(layer, Linear))
    if first.out_features < lookahead.NARROW:
        return _NARROW
    return _WITH_MOMENTUM if run.settings.momentum else _LARGEST_BATCH


@contextmanager
def as_torch() -> Iterator[None]:
    """While it lasts, numpy computes as torch does: on as many threads, and without warning of what overflows."""
    with _libraries().limit(limits=torch.get_num_threads(), user_api="blas"), np.errstate(all="ignore"):
        yield


@functools.cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def prepare(dtype: torch.dtype) -> None:
    """Compile for `dtype`, or load what was compiled before: some seconds the first time, on each machine."""
    zeros = torch.zeros(1, 2)
    short = Sequential((Linear(2, 2),))
    long = Sequential((Patchify(1, 1, 2, 1), Linear(1, 2), LayerNorm(2), ReLU(), MeanOverPatches(), Linear(2, 2)))
    uses: list[tuple[Kernel, Sequential, Optimizer]] = [
        ("lookahead", short, SGD()),
        ("fused", long, SGD()),
        ("fused", short, Adam()),
    ]
    for kernel, network, optimizer in uses:
        run = Run(network, CrossEntropy(), optimizer, {"lr": 0.1})
        values = Values([run], steps_per_epoch=1, dtype=dtype, device="cpu")
        examples = Examples(zeros, zeros[:, 0].long(), zeros[0], zeros[0] + 1)
        trainer(kernel)(values, examples, torch.tensor([0]), 1, None, None)
