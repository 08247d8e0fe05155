"""A network as operations on places in memory, forward and backward.

Every layer becomes one operation or part of one: a bias, an activation and a dropout that follow each other are one
pass, an exchange of axes is none. Forward, an operation writes over its input only where nobody reads that again;
backward, a gradient only where its last reader is the operation itself.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from scratchnet.compiled import activations as kinds
from scratchnet.compiled import tables
from scratchnet.layers import (
    GELU,
    Dropout,
    Flatten,
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


class Unsupported(Exception):
    """A layer that compiled code does not know; the message says which."""


@dataclass
class Value:
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
class Operation:
    code: int
    x: Value
    y: Value
    kept: int = 0
    weight: int = -1
    bias: int = -1
    kind: int = kinds.IDENTITY
    noise: int = -1
    real: float = 0.0
    rate: str | float = 0.0
    second: Value | None = None
    wanted: bool = False
    added: bool = False
    across: bool = field(init=False)

    def __post_init__(self) -> None:
        self.across = self.x.across  # later operations may look at the value along its other axis


@dataclass
class Builder:
    rows: int
    operations: list[Operation] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    pixels: list[np.ndarray] = field(default_factory=list)
    used: int = 0
    noises: int = 0

    def room(self, numbers: int) -> int:
        """A place for so many numbers."""
        place = self.used
        self.used += aligned(numbers)
        return place

    def value(self, like: Value, **changes: int | bool) -> Value:
        """A new value of the sizes of another, except for `changes`."""
        same = {name: getattr(like, name) for name in ("inner", "outer", "cut", "across", "learned")}
        made = Value(0, **(same | changes))
        made.place = self.room(self.rows * made.outer * made.inner)
        return made

    def append(self, code: int, x: Value, y: Value, **facts: object) -> Value:
        self.operations.append(Operation(code, x, y, **facts))  # type: ignore[arg-type]
        return y

    def layer(self, layer: Layer, prefix: str, x: Value) -> Value:
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
            return self.append(tables.CUT, x, y, noise=self._begin(_pixels(layer)))
        if kind is Flatten:
            return self._flatten(x) if x.cut else x
        if kind is Transpose:
            x.across = not x.across
            return x
        if kind is MeanOverPatches:
            width = x.outer if x.across else x.inner
            return self.append(tables.MEAN, x, self.value(x, outer=1, inner=width, cut=False, across=False))
        if isinstance(layer, Residual) and kind is Residual:
            return self._residual(layer, prefix, x)
        raise Unsupported(f"it has no {kind.__name__}")

    def _flatten(self, x: Value) -> Value:
        y = self.value(x, outer=1, inner=x.outer * x.inner, cut=False, across=False)
        places = np.arange(y.inner)
        chosen = places.reshape(x.inner, x.outer).T.ravel() if x.across else places
        return self.append(tables.FLATTEN, x, y, noise=self._begin(chosen))

    def _begin(self, pixels: np.ndarray) -> int:
        """Keep the pixels of a cut or a flattening; -> where they begin."""
        start = sum(map(len, self.pixels))
        self.pixels.append(pixels)
        return start

    def _linear(self, layer: Linear, prefix: str, x: Value) -> Value:
        sizes = {"outer": layer.out_features} if x.across else {"inner": layer.out_features}
        y = self.value(x, learned=True, **sizes)
        x.free = False
        self.append(tables.PRODUCT, x, y, weight=self.names[f"{prefix}weight"])
        self.operations.append(Operation(tables.ELEMENTWISE, y, y, bias=self.names[f"{prefix}bias"]))
        return y

    def _elementwise(self, x: Value, *, kind: int = kinds.IDENTITY, noise: int = -1, **facts: Any) -> Value:
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
            operation = Operation(tables.ELEMENTWISE, x, x, kind=kind, noise=noise, **facts)
            self.operations.append(operation)
        operation.y = self._written(operation, x)
        return operation.y

    def _written(self, operation: Operation, x: Value) -> Value:
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

    def _residual(self, layer: Residual, prefix: str, x: Value) -> Value:
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
        self.operations.append(Operation(tables.ADD, x, y, kept=z.place, second=z))
        return y

    def gradients(self, output: Value) -> None:
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

    def _leaves_gradient(self, z: Value, x: Value) -> bool:
        """Whether what made z only reads its gradient, and does not at the same time write that of x."""
        made = [operation for operation in self.operations if operation.y is z]
        products = [operation for operation in made if operation.code == tables.PRODUCT]
        rest = [operation for operation in made if operation.code != tables.PRODUCT]
        only_biases = all(operation.kind == kinds.IDENTITY and operation.noise < 0 for operation in rest)
        return len(products) == 1 and only_biases and products[0].x is not x


def aligned(numbers: int) -> int:
    return -(-numbers // tables.ALIGNED) * tables.ALIGNED


def _pixels(layer: Patchify) -> np.ndarray:
    """(P · F) which number of an image each of its patches holds."""
    p = layer.patch_size
    rows, columns = layer.height // p, layer.width // p
    pixels = np.arange(layer.channels * layer.height * layer.width).reshape(layer.channels, rows, p, columns, p)
    return pixels.transpose(1, 3, 0, 2, 4).ravel()
