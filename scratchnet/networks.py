"""Networks by name: what configurations and estimators both build."""

from collections.abc import Sequence

from scratchnet.initializers import INITIALIZERS, Initializer, Normal
from scratchnet.layers import (
    Dropout,
    Flatten,
    Layer,
    LayerNorm,
    Linear,
    MeanOverPatches,
    Patchify,
    Sequential,
    Transpose,
    activations,
)

ACTIVATIONS: dict[str, type[Layer]] = {
    "relu": activations.ReLU,
    "leaky_relu": activations.LeakyReLU,
    "tanh": activations.Tanh,
    "sigmoid": activations.Sigmoid,
    "gelu": activations.GELU,
}
LAYERS: dict[str, type[Layer]] = {
    "linear": Linear,
    "layer_norm": LayerNorm,
    "dropout": Dropout,
    "patchify": Patchify,
    "transpose": Transpose,
    "mean_over_patches": MeanOverPatches,
    "flatten": Flatten,
} | ACTIVATIONS
_RECTIFIERS = ("relu", "leaky_relu", "gelu")


def initializer_rule(name: str, activation: str) -> str:
    """What an initializer's name stands for: auto is he for rectifiers and their like, glorot for all else."""
    if name != "auto":
        return name
    return "he" if activation in _RECTIFIERS else "glorot"


def initial_weights(
    initializer: str | Initializer, activation: str, layers: int, scale: Sequence[float] = (0.01,)
) -> list[Initializer]:
    """The initializer of each linear layer: one that is given, or by name auto (he for rectifiers, else glorot), he, ….

    `scale`: standard deviations of normal, one for all layers or one a layer.
    """
    if not isinstance(initializer, str):
        return [initializer] * layers
    rule = initializer_rule(initializer, activation)
    scales = list(scale) * (layers if len(scale) == 1 else 1)
    return [Normal(std) if rule == "normal" else INITIALIZERS[rule]() for std in scales]


def mlp(
    inputs: int,
    hidden: Sequence[int],
    outputs: int,
    *,
    activation: str | Layer,
    initializers: Sequence[Initializer],
    layer_norm: bool = False,
    dropout: bool = False,
    input_dropout: bool = False,
) -> Sequential:
    """inputs -> hidden widths with activation (and layer norm, dropout) -> outputs. One initializer a linear layer.

    `activation`: the name of one of `ACTIVATIONS`, or a layer that keeps the shape.
    """
    nonlinearity = ACTIVATIONS[activation]() if isinstance(activation, str) else activation
    layers: list[Layer] = [Dropout(inputs, rate="input_dropout")] if input_dropout else []
    for width, rule in zip(hidden, initializers, strict=False):
        layers.append(Linear(inputs, width, rule))
        layers += [LayerNorm(width)] if layer_norm else []
        layers.append(nonlinearity)
        layers += [Dropout(width)] if dropout else []
        inputs = width
    return Sequential((*layers, Linear(inputs, outputs, initializers[-1])))
