"""Networks by name: what configurations and estimators both build."""

from collections.abc import Sequence

from scratchnet.initializers import GlorotUniform, HeNormal, Initializer, Normal, Zeros
from scratchnet.layers import Dropout, Layer, LayerNorm, Linear, Sequential, activations

ACTIVATIONS: dict[str, type[Layer]] = {
    "relu": activations.ReLU,
    "leaky_relu": activations.LeakyReLU,
    "tanh": activations.Tanh,
    "sigmoid": activations.Sigmoid,
    "gelu": activations.GELU,
}
_RECTIFIERS = ("relu", "leaky_relu", "gelu")


def initializer_rule(name: str, activation: str) -> str:
    """What an initializer's name stands for: auto is he for rectifiers and their like, glorot for all else."""
    if name != "auto":
        return name
    return "he" if activation in _RECTIFIERS else "glorot"


def initial_weights(name: str, activation: str, layers: int, scale: Sequence[float] = (0.01,)) -> list[Initializer]:
    """The initializer of each linear layer: auto (he for rectifiers, else glorot), he, glorot, zeros or normal.

    `scale`: standard deviations of normal, one for all layers or one a layer.
    """
    scales = list(scale) * (layers if len(scale) == 1 else 1)
    fixed: dict[str, Initializer] = {"he": HeNormal(), "glorot": GlorotUniform(), "zeros": Zeros()}
    return [fixed.get(initializer_rule(name, activation)) or Normal(std) for std in scales]


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
