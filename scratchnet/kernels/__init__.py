"""How steps are computed: which kernels there are, and which one trains a stack.

A kernel answers `refusal`, `train` and `predict`; all end where `plain`, the layers' own text, ends, up to rounding.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from scratchnet.examples import Examples
from scratchnet.kernels import compiled, plain
from scratchnet.kernels.compiled import prepare
from scratchnet.run import Run
from scratchnet.values import Values

__all__ = ["KERNELS", "NAMES", "Choice", "Kernel", "choose", "prepare"]


class Kernel(Protocol):
    """A way to compute steps and outputs."""

    name: str
    rows: int  # examples that are evaluated at a time

    def refusal(self, run: Run, device: torch.device) -> str | None:
        """Why it cannot train the run on this device, None where it can."""

    def train(self, values: Values, examples: Examples, order: Tensor, batch_size: int) -> Tensor:
        """One step for each `batch_size` rows of `order` (n,); -> (steps, R) loss of every batch before its step."""

    def predict(self, values: Values, inputs: Tensor, normalisation: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Outputs (R, n, K) for raw inputs (n, I) and their mean and std, or for normalised ones; without noise."""


class Choice(NamedTuple):
    """A kernel, and why the faster one was not taken."""

    kernel: Kernel
    reason: str | None


KERNELS: dict[str, Kernel] = {"plain": plain, "compiled": compiled}
NAMES = ("auto", *KERNELS)
_FORMER = {"lookahead": "compiled", "fused": "compiled"}  # what results of version 0.1 say


def choose(wanted: str, runs: Sequence[Run], device: torch.device) -> Choice:
    """The kernel called `wanted`; for "auto" the compiled one unless it refuses a run. Former names are read.

    Raises ValueError for an unknown name, and where what is wanted cannot train one of the runs.
    """
    wanted = _FORMER.get(wanted, wanted)
    if wanted not in NAMES:
        raise ValueError(f"kernel={wanted!r} is none of {', '.join(NAMES)}")
    if wanted == "plain":
        return Choice(KERNELS["plain"], None)
    reason = next(filter(None, (compiled.refusal(run, device) for run in runs)), None)
    if reason is None:
        return Choice(KERNELS["compiled"], None)
    if wanted == "compiled":
        raise ValueError(f"kernel=compiled: {reason}; take kernel=auto or plain")
    return Choice(KERNELS["plain"], reason)
