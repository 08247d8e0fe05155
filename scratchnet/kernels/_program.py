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
from scratchnet.kernels import _blocks
from scratchnet.kernels._blocks import Block, Steps
from scratchnet.kernels._builder import Builder, Unsupported, Value, aligned
from scratchnet.layers import Sequential, parameter_shapes

_EXAMPLES = 4096  # that are trained at a time: larger batches need no more memory
_PATCHES = 1024  # patches that are trained at a time: what lies between their products stays in the cache


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
    block: Block


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
    network: Sequential, batch: int, how: Steps | None, layout: Layout | None = None, *, tiled: bool = False
) -> Compiled:
    """The program of a network for batches of so many examples.

    `how` the optimizer steps; None for outputs alone. `layout`: that in which the parameters lie already, None for the
    one that suits the program. `tiled`: whether the products of the first weight, where that rests for a block of
    steps, may be those of `scratchnet.compiled.tiles`.
    """
    features = network.input_features
    assert features is not None
    shapes = parameter_shapes(network)
    plain = Layout.of(shapes)
    builder, output = _build(network, features, 1, plain)
    patches = max((value.outer for operation in builder.operations for value in (operation.x, operation.y)), default=1)
    piece = min(batch, max(_PATCHES // patches, 1) if patches > 1 else _EXAMPLES)
    ahead = -1 if how is None or piece < batch else _resting(builder, batch, layout, how, tiled=tiled)
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
    units = builder.operations[ahead].y.inner
    block = Block.of(features, units, batch, how, tiled=tiled) if how and ahead >= 0 else Block()
    return _finish(builder, output, layout, block, (batch, piece, block.steps, ahead, features))


def _build(network: Sequential, features: int, rows: int, layout: Layout) -> tuple[Builder, Value]:
    builder = Builder(rows, names={name: p for p, name in enumerate(layout.names)})
    x = Value(builder.room(rows * features), features)
    return builder, builder.layer(network, "", x)


def _resting(builder: Builder, batch: int, layout: Layout | None, how: Steps, *, tiled: bool) -> int:
    """The operation whose weight rests for a block of steps, -1 where none can, or it would not pay."""
    for o, operation in enumerate(builder.operations):
        x = operation.x
        if operation.code == tables.PRODUCT and not x.cut and not x.entered:
            turned = layout is not None and layout.turned[operation.weight]
            return o if not turned and _blocks.pays(operation.y.inner, batch, how, tiled=tiled) else -1
        if not (operation.code == tables.ELEMENTWISE and operation.kind == kinds.IDENTITY and operation.y.place == 0):
            return -1
    return -1


def _finish(builder: Builder, output: Value, layout: Layout, block: Block, sizes: tuple[int, ...]) -> Compiled:
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
    numbers = (*sizes, output.inner, 0, output.place, output.gradient, builder.noises, layout.vectors, block.tiled)
    numbers += (block.input_stride, block.gram_stride, block.output_stride, block.gram_place, block.room)
    program = Program(operations, reals, weights, pixels.astype(np.int64), np.array(numbers, np.int64))
    return Compiled(program, layout, tuple(op.rate for op in builder.operations), builder.used, block)
