"""Whether the first weight rests for a block of steps, for how many, and how the block lies in memory.

See `scratchnet.compiled.ahead` for what that is. The limits are those of processors, measured: benchmarks/LOG.md.
"""

import math
from dataclasses import dataclass

from scratchnet.compiled import tables
from scratchnet.compiled.tiles import SLAB
from scratchnet.kernels import _blas
from scratchnet.kernels._builder import aligned

_NARROW = 12  # below so many hidden units the first layer is cheaper to step than to look ahead for


@dataclass(frozen=True)
class _Limits:
    """Where a block pays."""

    batch: int  # the most examples a batch,
    batch_moving: int  # or with momentum, for then there are twice as many products
    steps: int  # the fewest
    rows: tuple[tuple[float, int], ...]  # up to so many columns, so many examples


_TILED = _Limits(512, 0, 1, ((128, 16), (math.inf, 48)))  # a block of one step gains too
_COPYING = _Limits(16, 4, 3, ((47, 16), (191, 32), (639, 48), (math.inf, 64)))  # copies are dear for a few rows
_OTHER = _Limits(6, 4, 3, ((128, 16), (math.inf, 32)))


@dataclass(frozen=True)
class Block:
    """The steps and examples that are looked ahead for, and sizes in numbers.

    Rows of inputs lie an odd number of cache lines apart: lines that hold a column would else crowd into a part of the
    cache. The Gram matrix lies behind the inputs, products and deltas behind that.
    """

    steps: int = 1
    rows: int = 0
    input_stride: int = 0
    gram_stride: int = 0
    output_stride: int = 0
    gram_place: int = 0
    size: int = 0
    panels: int = 0

    @classmethod
    def of(cls, features: int, units: int, batch: int, *, moving: bool, tiled: bool) -> "Block":
        """For a weight (features, units)."""
        steps = best_steps(units, batch, moving=moving, tiled=tiled)
        rows, stride, wide = steps * batch, (aligned(features) // tables.ALIGNED | 1) * tables.ALIGNED, aligned(units)
        gram_stride = aligned(rows) if steps > 1 else 0
        in_network = steps == 1 and wide == units  # products and deltas stay where the network has them
        place = aligned(rows) * stride
        size = place + rows * (gram_stride + (0 if in_network else 4 * wide))
        panels = features * wide + max(aligned(features), SLAB) * tables.ALIGNED if tiled else 0
        return cls(steps, rows, stride, gram_stride, wide, place, size, panels)


def pays(units: int, batch: int, *, moving: bool, tiled: bool) -> bool:
    """Whether a first weight of so many columns is better left alone for a block of steps."""
    limits = _limits(tiled)
    return units >= _NARROW and batch <= (limits.batch_moving if moving else limits.batch)


def best_steps(units: int, batch: int, *, moving: bool, tiled: bool) -> int:
    """How many steps are best looked ahead for.

    More of them share the cost of reading the weight, and with momentum the velocity, which grows with their columns;
    but each example has a product in the Gram matrix with all that come before it.
    """
    limits = _limits(tiled)
    columns = 2 * units if moving and limits is _COPYING else units
    rows = next(rows for most, rows in limits.rows if columns <= most)
    return max(limits.steps, rows // batch)


def _limits(tiled: bool) -> _Limits:
    return _TILED if tiled else _COPYING if _blas.is_openblas() else _OTHER
