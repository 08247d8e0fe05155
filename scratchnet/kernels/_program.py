"""A network as a program that compiled code runs: typed arrays of operations, sizes and places, or why there is none.

Every layer becomes one operation or part of one: a bias, an activation and a dropout that follow each other are one
pass, an exchange of axes is none. Forward, an operation writes over its input only where nobody reads that again;
backward, a gradient only where its last reader is the operation itself.
"""

import functools
import itertools
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from scratchnet.compiled import activations as kinds
from scratchnet.compiled import tables
from scratchnet.compiled.tables import Program
from scratchnet.layers import (
    GELU,
    Dropout,
    Layer,
    LayerNorm,
    LeakyReLU,
    Linear,
    MeanOverPatches,
    Patchify,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Tanh,
    Transpose,
)

_KINDS: dict[type[Layer], int] = {
    ReLU: kinds.RELU,
    LeakyReLU: kinds.LEAKY_RELU,
    Tanh: kinds.TANH,
    Sigmoid: kinds.SIGMOID,
    GELU: kinds.GELU,
}
_ALIGNED = 16  # numbers: vector registers and the library's fastest paths ask for 64 bytes
_PATCHES = 1024  # patches that are trained at a time: what lies between their products stays in the cache
_NARROW = 48  # below so many hidden units the first layer is cheaper to step than to look ahead for
_LARGEST_AHEAD = 8  # and above so many examples a batch
_BLOCK_ROWS = 32  # examples a block that is looked ahead in: a Gram matrix costs as many products a row
_LARGEST_LOOP = 6  # examples a batch up to which products are loops and not calls


class Unsupported(Exception):
    """A layer that compiled code does not know; the message says which."""


@dataclass
class _Value:
    """What passes between two operations: (outer, B, inner) in memory, three axes of a tensor or, `cut`, four."""

    place: int
    inner: int
    outer: int = 1
    cut: bool = False
    across: bool = False
    learned: bool = False  # whether a parameter lies before it
    free: bool = True  # whether backward has no need of it
    shared: bool = False  # whether a residual sum reads it as well
    entered: bool = False  # whether it ever was
    gradient: int | None = None


@dataclass
class _Operation:
    code: int
    x: _Value
    y: _Value
    kept: int = 0
    weight: int = -1
    bias: int = -1
    kind: int = kinds.IDENTITY
    noise: int = -1
    real: float = 0.0
    rate: str = ""
    second: _Value | None = None
    wanted: bool = False
    added: bool = False
    across: bool = field(init=False)

    def __post_init__(self) -> None:
        self.across = self.x.across  # later operations may look at the value along its other axis


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
        sizes = [_aligned(math.prod(shapes[name])) for name in names]
        places = tuple(itertools.accumulate(sizes, initial=0))
        stored = tuple(name in turned for name in names)
        return cls(names, tuple(shapes[name] for name in names), places[:-1], stored, len(weights), places[-1])


@dataclass(frozen=True)
class Compiled:
    """A program, the layout that it expects, and what memory it needs, in numbers."""

    program: Program
    layout: Layout
    rates: tuple[str, ...]  # the setting that each operation's dropout reads, "" where there is none
    work: int
    block: int
    block_rows: int


@dataclass
class _Builder:
    rows: int
    operations: list[_Operation] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    pixels: list[np.ndarray] = field(default_factory=list)
    used: int = 0
    noises: int = 0

    def room(self, numbers: int) -> int:
        """A place for so many numbers."""
        place = self.used
        self.used += _aligned(numbers)
        return place

    def value(self, like: _Value, **changes: int | bool) -> _Value:
        """A new value of the sizes of another, except for `changes`."""
        same = {name: getattr(like, name) for name in ("inner", "outer", "cut", "across", "learned")}
        made = _Value(0, **(same | changes))
        made.place = self.room(self.rows * made.outer * made.inner)
        return made

    def append(self, code: int, x: _Value, y: _Value, **facts: object) -> _Value:
        self.operations.append(_Operation(code, x, y, **facts))  # type: ignore[arg-type]
        return y

    def layer(self, layer: Layer, prefix: str, x: _Value) -> _Value:
        """Append a layer; -> its output."""
        kind = type(layer)
        if isinstance(layer, Sequential):
            for i, inner in enumerate(layer.layers):
                x = self.layer(inner, f"{prefix}{i}.", x)
            return x
        if isinstance(layer, Linear) and kind is Linear:
            return self._linear(layer, prefix, x)
        if kind in _KINDS:
            return self._elementwise(x, kind=_KINDS[kind], real=getattr(layer, "negative_slope", 0.0))
        if isinstance(layer, Dropout) and kind is Dropout:
            noise, self.noises = self.noises, self.noises + layer.features
            return self._elementwise(x, noise=noise, rate=layer.rate)
        if isinstance(layer, LayerNorm) and kind is LayerNorm:
            moments = self.room(4 * self.rows * x.inner if x.across else 2 * self.rows * x.outer + x.inner)
            y = self.value(x, learned=True)
            names = self.names[f"{prefix}scale"], self.names[f"{prefix}shift"]
            x.free = False
            return self.append(tables.NORM, x, y, kept=moments, weight=names[0], bias=names[1], real=layer.eps)
        if isinstance(layer, Patchify) and kind is Patchify:
            y = self.value(x, outer=layer.patches, inner=layer.features, cut=True)
            start = sum(map(len, self.pixels))
            self.pixels.append(_pixels(layer))
            return self.append(tables.CUT, x, y, noise=start)
        if kind is Transpose:
            x.across = not x.across
            return x
        if kind is MeanOverPatches:
            width = x.outer if x.across else x.inner
            return self.append(tables.MEAN, x, self.value(x, outer=1, inner=width, cut=False, across=False))
        if isinstance(layer, Residual) and kind is Residual:
            return self._residual(layer, prefix, x)
        raise Unsupported(f"it has no {kind.__name__}")

    def _linear(self, layer: Linear, prefix: str, x: _Value) -> _Value:
        sizes = {"outer": layer.out_features} if x.across else {"inner": layer.out_features}
        y = self.value(x, learned=True, **sizes)
        x.free = False
        self.append(tables.PRODUCT, x, y, weight=self.names[f"{prefix}weight"])
        self.operations.append(_Operation(tables.ELEMENTWISE, y, y, bias=self.names[f"{prefix}bias"]))
        return y

    def _elementwise(self, x: _Value, *, kind: int = kinds.IDENTITY, noise: int = -1, **facts: Any) -> _Value:
        """An activation or a dropout, in the pass of the operation before where that has room for it."""
        last = self.operations[-1] if self.operations else None
        activated = kind != kinds.IDENTITY
        joins = (
            last is not None
            and last.code == tables.ELEMENTWISE
            and last.y is x
            and not x.shared
            and last.noise < 0
            and not (activated and last.kind != kinds.IDENTITY)
        )
        if joins:
            assert last is not None
            operation, x = last, last.x
            kind, facts = (kind, facts) if activated else (last.kind, {"real": last.real, **facts})
            operation.kind, operation.noise = kind, noise
            for name, fact in facts.items():
                setattr(operation, name, fact)
        else:
            operation = _Operation(tables.ELEMENTWISE, x, x, kind=kind, noise=noise, **facts)
            self.operations.append(operation)
        operation.y = self._written(operation, x)
        return operation.y

    def _written(self, operation: _Operation, x: _Value) -> _Value:
        """Where a pass writes, and what its derivative is told from."""
        kind, inside = operation.kind, x.free and not x.shared
        y = replace(x, shared=False) if inside else self.value(x)
        y.free = kind in (kinds.IDENTITY, kinds.GELU) or (kind in (kinds.TANH, kinds.SIGMOID) and operation.noise >= 0)
        operation.kept = y.place
        if kind == kinds.GELU:  # told from its input
            operation.kept = x.place
            y.place = self.room(self.rows * x.outer * x.inner) if inside else y.place
        elif kind in (kinds.TANH, kinds.SIGMOID) and operation.noise >= 0:  # told from what dropout takes away
            operation.kept = x.place if inside else y.place
            y.place = self.room(self.rows * x.outer * x.inner)
        return y

    def _residual(self, layer: Residual, prefix: str, x: _Value) -> _Value:
        across, shared = x.across, x.shared
        x.shared = x.entered = True
        z = self.layer(layer.inner, prefix, x)
        if z.across != across:
            raise Unsupported("it adds nothing to its own exchange of axes (Residual around one Transpose)")
        x.shared = shared
        learned = x.learned or z.learned
        in_place = z.free and not z.shared and z is not x
        y = replace(z, learned=learned) if in_place else self.value(x, learned=learned)
        y.across = across
        self.operations.append(_Operation(tables.ADD, x, y, kept=z.place, second=z))
        return y

    def gradients(self, output: _Value) -> None:
        """Where the gradients lie, from the output back."""
        output.gradient = self.room(self.rows * output.inner * output.outer)
        for operation in reversed(self.operations):
            x, y, z = operation.x, operation.y, operation.second
            operation.wanted = x.learned
            if not y.learned:
                continue
            if z is not None and z is not x and z.learned:
                z.gradient = y.gradient
            if not x.learned or x is y:
                continue
            operation.added = x.gradient is not None
            if operation.added:
                continue
            passes = operation.code == tables.ELEMENTWISE or (
                z is not None and z is not x and self._leaves_gradient(z, x)
            )
            x.gradient = y.gradient if passes else self.room(self.rows * x.outer * x.inner)

    def _leaves_gradient(self, z: _Value, x: _Value) -> bool:
        """Whether what made z only reads its gradient, and does not at the same time write that of x."""
        made = [operation for operation in self.operations if operation.y is z]
        products = [operation for operation in made if operation.code == tables.PRODUCT]
        rest = [operation for operation in made if operation.code != tables.PRODUCT]
        only_biases = all(operation.kind == kinds.IDENTITY and operation.noise < 0 for operation in rest)
        return len(products) == 1 and only_biases and products[0].x is not x


@functools.lru_cache(maxsize=128)
def reason_against(network: Sequential) -> str | None:
    """Why there is no program for a network whose layers fit, None where there is."""
    features = network.input_features
    if features is None:
        return "it needs a first layer that has a size"
    try:
        _build(network, features, 1, Layout.of(_shapes(network)))
    except Unsupported as error:
        return str(error)
    return None


@functools.lru_cache(maxsize=128)
def compile_network(network: Sequential, batch: int, moving: bool | None, layout: Layout | None = None) -> Compiled:
    """The program of a network for batches of so many examples.

    `moving`: whether SGD has momentum; None for another optimizer, and for outputs alone. `layout`: that in which the
    parameters lie already, None for the one that suits the program.
    """
    features = network.input_features
    assert features is not None
    shapes = _shapes(network)
    plain = Layout.of(shapes)
    builder, output = _build(network, features, 1, plain)
    patches = max((value.outer for operation in builder.operations for value in (operation.x, operation.y)), default=1)
    piece = min(batch, max(_PATCHES // patches, 1)) if patches > 1 else batch
    ahead = _first_product(builder) if moving is not None and batch <= _LARGEST_AHEAD else -1
    looped = [
        plain.names[operation.weight]
        for o, operation in enumerate(builder.operations)
        if operation.code == tables.PRODUCT and not operation.x.cut and o != ahead
    ]
    layout = layout or (Layout.of(shapes, looped) if batch <= _LARGEST_LOOP else plain)
    builder, output = _build(network, features, piece, layout)
    builder.gradients(output)
    block = max(1, _BLOCK_ROWS // batch) if ahead >= 0 else 1
    return _finish(builder, output, layout, (batch, piece, block, ahead, features))


def _shapes(network: Sequential) -> dict[str, tuple[int, ...]]:
    params = network.init([torch.Generator().manual_seed(0)])
    return {name: tuple(value.shape[1:]) for name, value in params.items()}


def _build(network: Sequential, features: int, rows: int, layout: Layout) -> tuple[_Builder, _Value]:
    builder = _Builder(rows, names={name: p for p, name in enumerate(layout.names)})
    x = _Value(builder.room(rows * features), features)
    return builder, builder.layer(network, "", x)


def _first_product(builder: _Builder) -> int:
    """The operation whose weight can rest for a block of steps, -1 where none can."""
    for o, operation in enumerate(builder.operations):
        x = operation.x
        if operation.code == tables.PRODUCT and not x.cut and not x.entered and operation.y.inner >= _NARROW:
            return o
        if not (operation.code == tables.ELEMENTWISE and operation.kind == kinds.IDENTITY and operation.y.place == 0):
            return -1
    return -1


def _finish(builder: _Builder, output: _Value, layout: Layout, sizes: tuple[int, ...]) -> Compiled:
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
    numbers = (*sizes, output.inner, 0, output.place, output.gradient, builder.noises, layout.vectors)
    rows, room = batch * block, 0
    if ahead >= 0:
        wide = _aligned(rows * int(operations[ahead, tables.OUTPUTS]))
        room = _aligned(rows * features) + _aligned(rows * rows) + 4 * wide
    program = Program(operations, reals, weights, pixels.astype(np.int64), np.array(numbers, np.int64))
    return Compiled(program, layout, tuple(op.rate for op in builder.operations), builder.used, room, rows)


def _aligned(numbers: int) -> int:
    return -(-numbers // _ALIGNED) * _ALIGNED


def _pixels(layer: Patchify) -> np.ndarray:
    """(P · F) which number of an image each of its patches holds."""
    p = layer.patch_size
    rows, columns = layer.height // p, layer.width // p
    pixels = np.arange(layer.channels * layer.height * layer.width).reshape(layer.channels, rows, p, columns, p)
    return pixels.transpose(1, 3, 0, 2, 4).ravel()
