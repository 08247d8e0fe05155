"""Whether the first weight rests for a block of steps, for how many, and how the block lies in memory.

See `scratchnet.compiled.ahead` for what that is, and `scratchnet.compiled.panel_steps` for blocks of one step. The
limits are those of processors, measured: benchmarks/LOG.md.
"""

import math
from dataclasses import dataclass
from typing import Literal

from scratchnet.compiled import tables
from scratchnet.compiled.lines import LARGEST_BATCH
from scratchnet.compiled.panel_steps import STATES
from scratchnet.compiled.tiles import SLAB
from scratchnet.kernels import _blas
from scratchnet.kernels._builder import aligned

Steps = Literal["plain", "momentum", "adam"]  # of gradient descent, without and with momentum, and of Adam

_NARROW = 12  # below so many hidden units the first layer is cheaper to step than to look ahead for
_LARGEST_MOVING = 4  # examples a batch that are looked ahead for with momentum: there are twice as many products
_LARGEST_TILED = 512  # that a block of one step pays for, where its products are tiled


@dataclass(frozen=True)
class _Limits:
    """Where looking ahead pays."""

    batch: int  # the most examples a batch
    steps: int  # the fewest
    rows: tuple[tuple[float, int], ...]  # up to so many columns, so many examples


_TILED = _Limits(_LARGEST_TILED, 1, ((128, 16), (math.inf, 48)))
_COPYING = _Limits(16, 3, ((47, 16), (191, 32), (639, 48), (math.inf, 64)))  # copies are dear for a few rows
_OTHER = _Limits(6, 3, ((128, 16), (math.inf, 32)))


@dataclass(frozen=True)
class Block:
    """The steps and examples of a block, whether its products are tiled, and sizes in numbers.

    Rows of inputs lie an odd number of cache lines apart: lines that hold a column would else crowd into a part of the
    cache. The Gram matrix lies behind the inputs, products and deltas behind that.
    """

    steps: int = 1
    rows: int = 0
    tiled: bool = False
    input_stride: int = 0
    gram_stride: int = 0
    output_stride: int = 0
    gram_place: int = 0
    size: int = 0
    room: int = 0  # of a panel
    panels: int = 0

    @classmethod
    def of(cls, features: int, units: int, batch: int, how: Steps, *, tiled: bool) -> "Block":
        """For a weight (features, units)."""
        tiled = tiled and (how != "momentum" or batch > _LARGEST_MOVING)
        steps = 1 if tiled and how != "plain" else best_steps(units, batch, how, tiled=tiled)
        rows, stride, wide = steps * batch, (aligned(features) // tables.ALIGNED | 1) * tables.ALIGNED, aligned(units)
        gram_stride = aligned(rows) if steps > 1 else 0
        in_network = steps == 1 and wide == units  # products and deltas stay where the network has them
        place = aligned(rows) * stride
        size = place + rows * (gram_stride + (0 if in_network else 4 * wide))
        room = max(aligned(features), SLAB) * tables.ALIGNED if tiled else 0
        panels = room + features * wide * (1 if how == "plain" else 1 + STATES) if tiled else 0
        return cls(steps, rows, tiled, stride, gram_stride, wide, place, size, room, panels)


def pays(units: int, batch: int, how: Steps, *, tiled: bool) -> bool:
    """Whether a block pays for a first weight of so many columns."""
    if units < _NARROW:
        return False
    if how == "plain":
        return batch <= _limits(tiled).batch
    looks_ahead = how == "momentum" and batch <= _LARGEST_MOVING
    return looks_ahead or (tiled and LARGEST_BATCH < batch <= _LARGEST_TILED)


def best_steps(units: int, batch: int, how: Steps, *, tiled: bool) -> int:
    """How many steps are best looked ahead for.

    More of them share the cost of reading the weight, and with momentum the velocity, which grows with their columns;
    but each example has a product in the Gram matrix with all that come before it.
    """
    limits = _limits(tiled)
    columns = 2 * units if how == "momentum" and limits is _COPYING else units
    rows = next(rows for most, rows in limits.rows if columns <= most)
    return max(limits.steps, rows // batch)


def _limits(tiled: bool) -> _Limits:
    return _TILED if tiled else _COPYING if _blas.is_openblas() else _OTHER
