"""Layers as the fused path runs them: for one run, on arrays that every step writes again.

Examples lie patch by patch, (P · B, F) for P patches of B examples, P = 1 where nothing cuts them. The same memory is
(P, B · F), of which a product from the left mixes the patches: nothing is ever transposed. The formulas are those of
the layers that the parts stand for.

Memory is what such passes wait for, so arrays are written over as soon as their numbers are spent: what forward
returns may be added to, and what backward is given may be written over where `overwrites` says so.
"""

from typing import TYPE_CHECKING

import numpy as np

from scratchnet import compiled
from scratchnet.layers import GELU, Elementwise, Layer, LayerNorm, LeakyReLU, Patchify, ReLU, Sigmoid, Tanh

if TYPE_CHECKING:
    from scratchnet.kernels.fused import FusedRun

KINDS: dict[type[Layer], int] = {
    ReLU: compiled.RELU,
    LeakyReLU: compiled.LEAKY_RELU,
    Tanh: compiled.TANH,
    Sigmoid: compiled.SIGMOID,
    GELU: compiled.GELU,
}
"""Activations as `scratchnet.compiled` knows them."""


class Part:
    """Base: forward and backward of one run's arrays. `bind` hands it the run whose values it reads and steps."""

    learns = False
    overwrites = False

    def bind(self, run: "FusedRun") -> None:
        self.run = run
        self.rooms: dict[tuple[str, int, int], np.ndarray] = {}

    def forward(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def backward(self, dy: np.ndarray, input_grad: bool) -> np.ndarray:
        """-> dx, or anything without `input_grad`; steps the weights."""
        raise NotImplementedError

    def room(self, what: str, rows: int, columns: int) -> np.ndarray:
        """An array to write to, the same at every step."""
        key = what, rows, columns
        found = self.rooms.get(key)
        if found is None:
            found = self.rooms[key] = np.empty((rows, columns), self.run.dtype)
        return found


class Product(Part):
    """A `Linear` layer without its bias: y = x W, or Wᵀ x `across` patches."""

    learns = True

    def __init__(self, weight: str, across: bool) -> None:
        self.name, self.across = weight, across

    def bind(self, run: "FusedRun") -> None:
        super().bind(run)
        self.k = run.names.index(self.name)
        self.weight = run.weights[self.k].value

    def forward(self, x: np.ndarray) -> np.ndarray:
        inputs, outputs = self.weight.shape
        if self.across:
            self.x = x.reshape(inputs, -1)
            y = np.matmul(self.weight.T, self.x, out=self.room("y", outputs, self.x.shape[1]))
        else:
            self.x = x.reshape(-1, inputs)
            y = np.matmul(self.x, self.weight, out=self.room("y", len(self.x), outputs))
        return self._scaled(y)

    def backward(self, dy: np.ndarray, input_grad: bool) -> np.ndarray:
        dx, x = dy, self.x
        if self.across:
            dy = dy.reshape(self.weight.shape[1], -1)
            if input_grad:
                dx = self._scaled(np.matmul(self.weight, dy, out=self.room("dx", *x.shape)))
            self.run.change(self.k, x, dy.T)
        else:
            dy = dy.reshape(-1, self.weight.shape[1])
            if input_grad:
                dx = self._scaled(np.matmul(dy, self.weight.T, out=self.room("dx", *x.shape)))
            self.run.change(self.k, x.T, dy)
        return dx

    def _scaled(self, product: np.ndarray) -> np.ndarray:
        if self.run.scale[self.k] != 1:
            product *= product.dtype.type(self.run.scale[self.k])
        return product


class Between(Part):
    """What follows a product: its bias, an activation, dropout; each may be missing."""

    def __init__(self, activation: Elementwise | None, bias: str | None, keep: str | None, across: bool) -> None:
        self.kind = compiled.IDENTITY if activation is None else KINDS[type(activation)]
        self.slope = getattr(activation, "negative_slope", 0.0)
        self.bias_name, self.keep_name, self.across = bias, keep, across
        self.learns, self.overwrites = bias is not None, activation is not None or keep is not None
        # f'(z) of a rectifier can be told from f(z), and a product's output is nobody else's.
        self.inside = self.learns and self.kind in (compiled.IDENTITY, compiled.RELU, compiled.LEAKY_RELU)

    def bind(self, run: "FusedRun") -> None:
        super().bind(run)
        nothing = run.nothing.reshape(-1)
        self.bias, self.gradient = nothing, nothing
        if self.bias_name is not None:
            self.bias, self.gradient = run.vector(self.bias_name)

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.z, self.keep = x, self.run.keep.get(self.keep_name, self.run.nothing)
        y = x if self.inside or (self.learns and not self.run.training) else self.room("y", *x.shape)
        compiled.activate_biased(self.kind, self.slope, self.bias, self.across, x, self.keep, y)
        return y

    def backward(self, dy: np.ndarray, input_grad: bool) -> np.ndarray:
        dx = dy.reshape(self.z.shape)
        compiled.differentiate(self.kind, self.slope, self.z, self.keep, self.across, dx, self.gradient)
        return dx


class Norm(Part):
    """A `LayerNorm`."""

    learns = True

    def __init__(self, prefix: str, layer: LayerNorm) -> None:
        self.prefix, self.layer = prefix, layer

    def bind(self, run: "FusedRun") -> None:
        super().bind(run)
        self.scale, self.dscale = run.vector(f"{self.prefix}.scale")
        self.shift, self.dshift = run.vector(f"{self.prefix}.shift")

    def forward(self, x: np.ndarray) -> np.ndarray:
        x = x.reshape(-1, self.layer.features)
        self.x, self.moments = x, self.room("moments", len(x), 2)
        y = self.room("y", *x.shape)
        compiled.normalize(x, self.scale, self.shift, self.layer.eps, self.moments, y)
        return y

    def backward(self, dy: np.ndarray, input_grad: bool) -> np.ndarray:
        dx = self.room("dx", *self.x.shape)
        dy = dy.reshape(dx.shape)
        compiled.normalize_back(dy, self.x, self.moments, self.scale, self.dscale, self.dshift, dx)
        return dx


class Cut(Part):
    """A `Patchify`: (B, C · H · W) -> (P · B, F). It learns nothing and comes first, so nothing comes back."""

    def __init__(self, layer: Patchify) -> None:
        p = layer.patch_size
        rows, columns = layer.height // p, layer.width // p
        pixels = np.arange(layer.channels * layer.height * layer.width).reshape(layer.channels, rows, p, columns, p)
        self.pixels = pixels.transpose(1, 3, 0, 2, 4).reshape(rows * columns, -1).copy()

    def forward(self, x: np.ndarray) -> np.ndarray:
        y = self.room("y", len(self.pixels) * len(x), self.pixels.shape[1])
        compiled.cut(x, self.pixels, y)
        return y


class Mean(Part):
    """A `MeanOverPatches`."""

    def __init__(self, patches: int) -> None:
        self.patches = patches

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.shape = x.shape
        x = x.reshape(self.patches, -1)
        y = self.room("y", 1, x.shape[1])
        np.add.reduce(x, 0, out=y[0])
        y /= self.patches
        return y.reshape(-1, self.shape[1])

    def backward(self, dy: np.ndarray, input_grad: bool) -> np.ndarray:
        dx = self.room("dx", self.patches, dy.size)
        np.divide(dy.reshape(1, -1), self.patches, out=dx)
        return dx.reshape(self.shape)


class Sum(Part):
    """A `Residual`: y = x + inner(x)."""

    learns = True

    def __init__(self, inner: list[Part]) -> None:
        self.inner = inner

    def bind(self, run: "FusedRun") -> None:
        for part in self.inner:
            part.bind(run)

    def forward(self, x: np.ndarray) -> np.ndarray:
        y = x
        for part in self.inner:
            y = part.forward(y)
        y = y.reshape(x.shape)
        y += x
        return y

    def backward(self, dy: np.ndarray, input_grad: bool) -> np.ndarray:
        dx = dy.copy() if self.inner[-1].overwrites else dy
        for part in reversed(self.inner):
            dx = part.backward(dx, True)
        dx = dx.reshape(dy.shape)
        dx += dy
        return dx
