"""Numbers too small to be normal, below 1.2e-38 in float32, count as zero while a stack computes on the CPU.

Processors take a hundred times as long for arithmetic on them, and they stay: Adam's moments of units that are dead
shrink to the smallest of them and never to zero. XLA computes without them as well, and so do GPUs in their fast modes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_DENORMAL = 1e-40


@contextmanager
def denormals_as_zero() -> Iterator[None]:
    """In this thread, where the processor can; torch's other threads compute as they did."""
    already = not torch.tensor(_DENORMAL, dtype=torch.float32).mul(1).item()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(already)
