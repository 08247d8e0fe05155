"""From the `model` section to a network of the engine.

A new model is a section of the schema, a file in conf/model/ and a function here.
"""

import math

import scratchnet as sn
from pipeline.config import schema
from scratchnet import networks
from scratchnet.initializers import Initializer


def build_network(model: schema.Model, input_shape: tuple[int, ...], outputs: int) -> sn.Sequential:
    """The network for inputs of `input_shape`, (features,) or (channels, height, width), and as many outputs."""
    if isinstance(model, schema.PatchMLP):
        channels, height, width = input_shape
        return patch_mlp(model, sn.Patchify(channels, height, width, model.patch_size), outputs)
    assert isinstance(model, schema.MLP)
    return mlp(model, math.prod(input_shape), outputs)


def mlp(model: schema.MLP, inputs: int, outputs: int) -> sn.Sequential:
    """inputs -> hidden widths with activation (and layer norm, dropout) -> outputs. A rate of 0 needs no dropout."""
    return networks.mlp(
        inputs,
        model.hidden,
        outputs,
        activation=model.activation,
        initializers=_initializers(model, model.activation),
        layer_norm=model.layer_norm,
        dropout=model.dropout > 0,
        input_dropout=model.input_dropout > 0,
    )


def patch_mlp(model: schema.PatchMLP, patches: sn.Patchify, outputs: int) -> sn.Sequential:
    """patches -> stem -> blocks of two MLPs -> mean over patches -> outputs."""
    initial = iter(_initializers(model, "relu"))
    layers: list[sn.Layer] = [patches, sn.Linear(patches.features, model.features, next(initial))]
    for _ in range(model.depth):
        for across, hidden in ((True, model.hidden_patches), (False, model.hidden_features)):
            width = patches.patches if across else model.features
            mixing = [sn.Linear(width, hidden, next(initial)), sn.ReLU(), sn.Linear(hidden, width, next(initial))]
            turned = [sn.Transpose(), *mixing, sn.Transpose()] if across else mixing
            norm = [sn.LayerNorm(model.features)] if model.layer_norm else []
            part = sn.Sequential((*norm, *turned))
            layers.append(sn.Residual(part) if model.residual else part)
    return sn.Sequential((*layers, sn.MeanOverPatches(), sn.Linear(model.features, outputs, next(initial))))


def penalized(model: schema.Model, network: sn.Sequential) -> tuple[str, ...] | None:
    """Names of the weights that `model.l2_layers` picks; None for all."""
    if model.l2_layers is None:
        return None
    weights = network.weight_names
    return tuple(weights[i] for i in sorted(set(model.l2_layers)))


def _initializers(model: schema.Model, activation: str) -> list[Initializer]:
    """The rule of each linear layer."""
    return networks.initial_weights(model.initializer, activation, model.linear_layers, model.initializer_scale)
