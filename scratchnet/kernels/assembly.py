"""A network as the parts that the fused path runs, where every layer has one and they fit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from scratchnet.kernels.parts import KINDS, Between, Cut, Mean, Norm, Part, Product, Sum
from scratchnet.layers import (
    Dropout,
    Elementwise,
    Layer,
    LayerNorm,
    Linear,
    MeanOverPatches,
    Patchify,
    Residual,
    Sequential,
    Transpose,
)


class Unsupported(Exception):
    """A layer that has no part, or stands where its part cannot."""


@dataclass
class _Shape:
    """Of what passes between two layers: patches is None where nothing cuts the examples, 0 features is unknown."""

    patches: int | None = None
    features: int = 0
    across: bool = False

    def enters(self, layer: Linear) -> bool:
        """Whether it has the size that the layer asks for."""
        return layer.in_features == (self.patches if self.across else self.features or layer.in_features)


def assemble(network: Sequential) -> list[Part] | None:
    """The network as parts, without the bias of its last layer, which is the loss's; None where it has none."""
    if not network.layers or type(network.layers[-1]) is not Linear:
        return None
    shape = _Shape()
    try:
        *found, _ = _parts(network, "", shape)
    except Unsupported:
        return None
    return found if shape.patches is None else None


def _parts(network: Layer, prefix: str, shape: _Shape) -> Iterator[Part]:
    if type(network) is not Sequential:
        raise Unsupported(network)
    for i, layer in enumerate(network.layers):
        before, after = (network.layers[j] if 0 <= j < len(network.layers) else None for j in (i - 1, i + 1))
        if type(layer) is Linear and shape.enters(layer):
            yield Product(f"{prefix}{i}.weight", shape.across)
            if shape.across:
                shape.patches = layer.out_features
            else:
                shape.features = layer.out_features
            if type(after) not in KINDS:
                yield Between(None, f"{prefix}{i}.bias", None, shape.across)
        elif isinstance(layer, Elementwise) and type(layer) in KINDS:
            bias = f"{prefix}{i - 1}.bias" if type(before) is Linear else None
            keep = f"{prefix}{i + 1}.keep" if type(after) is Dropout else None
            yield Between(layer, bias, keep, shape.across)
        elif type(layer) is Dropout and shape.patches is None:
            if type(before) not in KINDS:
                yield Between(None, None, f"{prefix}{i}.keep", False)
        elif type(layer) is LayerNorm and not shape.across and shape.features in (0, layer.features):
            yield Norm(f"{prefix}{i}", layer)
        elif type(layer) is Patchify and not prefix and shape == _Shape():
            shape.patches, shape.features = layer.patches, layer.features
            yield Cut(layer)
        elif type(layer) is Transpose and shape.patches is not None:
            shape.across = not shape.across
        elif type(layer) is MeanOverPatches and shape.patches is not None and not shape.across and not prefix:
            yield Mean(shape.patches)
            shape.patches = None
        elif type(layer) is Sequential:
            yield from _parts(layer, f"{prefix}{i}.", shape)
        elif type(layer) is Residual and not shape.across:
            within = replace(shape)
            inner = list(_parts(layer.inner, f"{prefix}{i}.", within))
            if not inner or within != shape:
                raise Unsupported(layer)
            yield Sum(inner)
        else:
            raise Unsupported(layer)
