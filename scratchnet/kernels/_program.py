"""A network as a program for compiled code: typed arrays of operations, sizes and places, or why there is none."""

import functools
import itertools
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from scratchnet.compiled import activations as kinds
from scratchnet.compiled import tables
from scratchnet.compiled.lines import LARGEST_BATCH
from scratchnet.compiled.tables import Program
from scratchnet.compiled.tiles import SLAB
from scratchnet.kernels import _blas
from scratchnet.kernels._builder import Builder, Unsupported, Value, aligned
from scratchnet.layers import Sequential, parameter_shapes

_PATCHES = 1024  # patches that are trained at a time: what lies between their products stays in the cache
_NARROW = 12  # below so many hidden units the first layer is cheaper to step than to look ahead for
_LARGEST_AHEAD = 6  # and above so many examples a batch,
_LARGEST_AHEAD_COPYING = 16  # where the library copies what it multiplies, which is dear for a few rows,
_LARGEST_AHEAD_MOVING = 4  # or with momentum, for then there are twice as many products
_BLOCK_ROWS = ((128, 16), (math.inf, 32))  # up to so many columns, so many examples are looked ahead for,
_BLOCK_ROWS_COPYING = ((47, 16), (191, 32), (639, 48), (math.inf, 64))  # where the library copies
_LEAST_BLOCK = 3  # steps
_LARGEST_TILED = 512  # where the products are tiled, which a block of one step gains from as well,
_BLOCK_ROWS_TILED = ((128, 16), (math.inf, 48))


@dataclass(frozen=True)
class Layout:
    """Where a run's parameters lie in a flat array: the weights of products first, then the vectors."""

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    places: tuple[int, ...]
    turned: tuple[bool, ...]  # stored as (O, I)
    vectors: int  # number of the first vector
    size: int

    @classmethod
    def of(cls, shapes: Mapping[str, tuple[int, ...]], turned: Collection[str] = ()) -> "Layout":
        """The layout of parameters of these shapes, of which some are stored turned."""
        weights = [name for name, shape in shapes.items() if len(shape) == 2]
        names = (*weights, *(name for name, shape in shapes.items() if len(shape) != 2))
        sizes = [aligned(math.prod(shapes[name])) for name in names]
        places = tuple(itertools.accumulate(sizes, initial=0))
        stored = tuple(name in turned for name in names)
        return cls(names, tuple(shapes[name] for name in names), places[:-1], stored, len(weights), places[-1])


@dataclass(frozen=True)
class Compiled:
    """A program, the layout that it expects, and what memory it needs, in numbers."""

    program: Program
    layout: Layout
    rates: tuple[str | float, ...]  # of each operation's dropout, or the setting that it reads
    work: int
    block: int
    panels: int
    block_rows: int


@functools.lru_cache(maxsize=128)
def reason_against(network: Sequential) -> str | None:
    """Why there is no program for a network whose layers fit, None where there is."""
    features = network.input_features
    if features is None:
        return "it needs a first layer that has a size"
    try:
        _build(network, features, 1, Layout.of(parameter_shapes(network)))
    except Unsupported as error:
        return str(error)
    return None


@functools.lru_cache(maxsize=128)
def compile_network(
    network: Sequential, batch: int, moving: bool | None, layout: Layout | None = None, *, tiled: bool = False
) -> Compiled:
    """The program of a network for batches of so many examples.

    `moving`: whether SGD has momentum; None for another optimizer, and for outputs alone. `layout`: that in which the
    parameters lie already, None for the one that suits the program. `tiled`: whether the products of the first weight,
    where that rests for a block of steps, are those of `scratchnet.compiled.tiles`.
    """
    features = network.input_features
    assert features is not None
    shapes = parameter_shapes(network)
    plain = Layout.of(shapes)
    builder, output = _build(network, features, 1, plain)
    patches = max((value.outer for operation in builder.operations for value in (operation.x, operation.y)), default=1)
    piece = min(batch, max(_PATCHES // patches, 1)) if patches > 1 else batch
    tiled = tiled and moving is False
    rests = moving is not None and batch <= _largest_ahead(moving, tiled) and piece == batch
    ahead = _first_product(builder) if rests else -1
    if layout is not None and ahead >= 0 and layout.turned[builder.operations[ahead].weight]:
        ahead = -1
    looped = [
        plain.names[operation.weight]
        for o, operation in enumerate(builder.operations)
        if operation.code == tables.PRODUCT
        and not operation.x.cut
        and o != ahead
        and operation.x.inner >= operation.y.inner
    ]
    layout = layout or (Layout.of(shapes, looped) if batch <= LARGEST_BATCH else plain)
    builder, output = _build(network, features, piece, layout)
    builder.gradients(output)
    block = 1
    if ahead >= 0:
        units = builder.operations[ahead].y.inner
        block = max(1 if tiled else _LEAST_BLOCK, _block_rows(units, bool(moving), tiled) // batch)
    return _finish(builder, output, layout, (batch, piece, block, ahead, features), tiled)


def _build(network: Sequential, features: int, rows: int, layout: Layout) -> tuple[Builder, Value]:
    builder = Builder(rows, names={name: p for p, name in enumerate(layout.names)})
    x = Value(builder.room(rows * features), features)
    return builder, builder.layer(network, "", x)


def _largest_ahead(moving: bool, tiled: bool) -> int:
    """The most examples a batch for which looking ahead pays."""
    if tiled:
        return _LARGEST_TILED
    if moving:
        return _LARGEST_AHEAD_MOVING
    return _LARGEST_AHEAD_COPYING if _blas.is_openblas() else _LARGEST_AHEAD


def _block_rows(units: int, moving: bool, tiled: bool) -> int:
    """How many examples are best looked ahead for.

    More of them share the cost of reading the weight, and with momentum the velocity, which grows with their columns;
    but each has a product in the Gram matrix with all that come before it.
    """
    if tiled:
        return next(rows for most, rows in _BLOCK_ROWS_TILED if units <= most)
    if not _blas.is_openblas():
        return next(rows for most, rows in _BLOCK_ROWS if units <= most)
    columns = 2 * units if moving else units
    return next(rows for most, rows in _BLOCK_ROWS_COPYING if columns <= most)


def _first_product(builder: Builder) -> int:
    """The operation whose weight can rest for a block of steps, -1 where none can."""
    for o, operation in enumerate(builder.operations):
        x = operation.x
        if operation.code == tables.PRODUCT and not x.cut and not x.entered and operation.y.inner >= _NARROW:
            return o
        if not (operation.code == tables.ELEMENTWISE and operation.kind == kinds.IDENTITY and operation.y.place == 0):
            return -1
    return -1


def _finish(builder: Builder, output: Value, layout: Layout, sizes: tuple[int, ...], tiled: bool) -> Compiled:
    batch, _, block, ahead, features = sizes
    operations = np.zeros((len(builder.operations), tables.COLUMNS), np.int64)
    reals = np.zeros((len(builder.operations), 2))
    for row, real, op in zip(operations, reals, builder.operations, strict=True):
        row[tables.CODE], row[tables.X], row[tables.Y], row[tables.KEPT] = op.code, op.x.place, op.y.place, op.kept
        row[tables.DX], row[tables.DY] = op.x.gradient or 0, op.y.gradient or 0
        row[tables.WANTED], row[tables.ADDED], row[tables.ACROSS] = op.wanted, op.added, op.across
        row[tables.WEIGHT], row[tables.BIAS], row[tables.KIND] = op.weight, op.bias, op.kind
        sized = op.y if op.code == tables.CUT else op.x
        row[tables.OUTER], row[tables.INNER], row[tables.NOISE] = sized.outer, sized.inner, op.noise
        if op.code == tables.PRODUCT:
            row[tables.OUTPUTS] = layout.shapes[op.weight][1]
        real[0] = op.real
    weights = np.array(
        [
            (place, *(shape if len(shape) == 2 else (1, math.prod(shape))), turned)
            for place, shape, turned in zip(layout.places, layout.shapes, layout.turned, strict=True)
        ],
        np.int64,
    ).reshape(-1, 4)
    pixels = np.concatenate(builder.pixels) if builder.pixels else np.zeros(0, np.int64)
    assert output.gradient is not None
    numbers = (*sizes, output.inner, 0, output.place, output.gradient, builder.noises, layout.vectors, tiled)
    rows, room, panels = batch * block, 0, 0
    if ahead >= 0:  # see `scratchnet.compiled.ahead.rooms`
        outputs = int(operations[ahead, tables.OUTPUTS])
        stride, wide = (aligned(features) // tables.ALIGNED | 1) * tables.ALIGNED, aligned(outputs)
        several, single = block > 1, block == 1 and wide == outputs
        room = aligned(rows) * stride + rows * (several * aligned(rows) + (not single) * 4 * wide)
        panels = tiled * (features * wide + max(aligned(features), SLAB) * tables.ALIGNED)
    program = Program(operations, reals, weights, pixels.astype(np.int64), np.array(numbers, np.int64))
    return Compiled(program, layout, tuple(op.rate for op in builder.operations), builder.used, room, panels, rows)
