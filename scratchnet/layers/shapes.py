"""The shapes of parameters, known without drawing any."""

from scratchnet.layers.base import Layer
from scratchnet.layers.linear import Linear
from scratchnet.layers.norm import LayerNorm
from scratchnet.layers.residual import Residual
from scratchnet.layers.sequential import Sequential


def parameter_shapes(layer: Layer) -> dict[str, tuple[int, ...]]:
    """The shape of each parameter by its name, without the run axis; {} for a layer that is not of the engine."""
    if isinstance(layer, Sequential):
        parts = enumerate(layer.layers)
        return {f"{i}.{name}": shape for i, part in parts for name, shape in parameter_shapes(part).items()}
    if isinstance(layer, Residual):
        return parameter_shapes(layer.inner)
    if isinstance(layer, Linear):
        return {"weight": (layer.in_features, layer.out_features), "bias": (layer.out_features,)}
    if isinstance(layer, LayerNorm):
        return {"scale": (layer.features,), "shift": (layer.features,)}
    return {}
