"""The contracts that layers, losses, initializers and schedules keep: one text for tests and for a user's own.

`python -m scratchnet.check my_layers:Swish` tries those that a part must keep. Only here is automatic differentiation
used: as what a hand-derived gradient must equal. Nothing that trains imports this package.
"""

from scratchnet.check import _initializers, _losses, _schedules
from scratchnet.check._layers import CONTRACTS as LAYERS
from scratchnet.check._layers import Case
from scratchnet.check._numbers import Broken

LOSSES, INITIALIZERS, SCHEDULES = _losses.CONTRACTS, _initializers.CONTRACTS, _schedules.CONTRACTS

__all__ = ["INITIALIZERS", "LAYERS", "LOSSES", "SCHEDULES", "Broken", "Case"]
