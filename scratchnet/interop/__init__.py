"""Trained networks to and from other forms: `torch.nn` modules, and plain values that JSON can hold.

Nothing here trains, so a change here leaves the figures of runs alone: see `pipeline.runs.identity.engine`.
"""

from scratchnet.interop._exporting import to_torch
from scratchnet.interop._importing import Converted, from_torch
from scratchnet.interop._structure import build, describe

__all__ = ["Converted", "build", "describe", "from_torch", "to_torch"]
