"""A trained network as a `torch.nn` module."""

from collections import OrderedDict
from collections.abc import Mapping
from functools import singledispatch

import torch
from torch import Tensor, nn

from scratchnet.interop import _modules as modules
from scratchnet.layers import (
    Dropout,
    Flatten,
    Layer,
    LayerNorm,
    Linear,
    MeanOverPatches,
    Params,
    Patchify,
    Residual,
    Sequential,
    Transpose,
    activations,
    check_shape,
)

Settings = Mapping[str, float]


def to_torch(
    network: Layer,
    params: Params,
    settings: Settings | None = None,
    *,
    mean: Tensor | None = None,
    std: Tensor | None = None,
) -> nn.Module:
    """The `torch.nn` module with the outputs of `network` for one run's `params`, as `Stack.params_of(r)` gives them.

    Layer i of a `Sequential` is module i of an `nn.Sequential`, with copies of the parameters in their own type;
    torch keeps the weight of a linear layer (O, I), the engine (I, O). `settings` gives the rates of dropout
    (absent: 0). With `mean` and `std` (I,), in units of the raw inputs, the module takes raw rows (B, I) or images
    (B, C, H, W) of any type and normalises them, and the network is its part `network`. It is in evaluation mode:
    call `.train()` to train it on.

    Raises TypeError for a layer that has no counterpart, ValueError (a ShapeError where it is a shape) for params
    that are not this network's.
    """
    if missing := set(network.names) ^ set(params):
        remedy = "give one run's parameters, as Stack.params_of(r)"
        raise ValueError(f"to_torch: the parameters of another network: {', '.join(sorted(missing))} differ; {remedy}")
    if (mean is None) != (std is None):
        raise ValueError("to_torch: mean and std go together; give both or none")
    module = _made(network, params, settings or {})
    if mean is None or std is None:
        return module.eval()
    dtype = next((value.dtype for value in params.values()), torch.float32)
    normalise = modules.Normalise(*(value.detach().to(dtype, copy=True) for value in (mean, std)))
    return nn.Sequential(OrderedDict(flatten=nn.Flatten(), normalise=normalise, network=module)).eval()


def _made(layer: Layer, params: Params, settings: Settings) -> nn.Module:
    """The module of one layer. One from elsewhere makes its own: what it inherits is another layer's."""
    if type(layer) in _module.registry:
        return _module(layer, params, settings)
    if (of_its_own := getattr(layer, "to_torch", None)) is not None:
        module: nn.Module = of_its_own(params)
        return module
    raise TypeError(
        f"to_torch: {layer} has no counterpart; give its class a method to_torch(self, params) that makes its module"
    )


@singledispatch
def _module(layer: Layer, params: Params, settings: Settings) -> nn.Module:
    """The module of one class of layers; a new one registers its module here."""
    raise NotImplementedError


@_module.register
def _(layer: Sequential, params: Params, settings: Settings) -> nn.Module:
    inner_params = [{name: params[f"{i}.{name}"] for name in inner.names} for i, inner in enumerate(layer.layers)]
    return nn.Sequential(*(_made(*pair, settings) for pair in zip(layer.layers, inner_params, strict=True)))


@_module.register
def _(layer: Residual, params: Params, settings: Settings) -> nn.Module:
    return modules.Residual(_made(layer.inner, params, settings))


@_module.register
def _(layer: Linear, params: Params, settings: Settings) -> nn.Module:
    shapes = {"weight": (layer.in_features, layer.out_features), "bias": (layer.out_features,)}
    _check(layer, params, shapes)
    module = nn.Linear(layer.in_features, layer.out_features, device="meta")  # no memory, and no random numbers
    return _filled(module, weight=params["weight"].mT, bias=params["bias"])


@_module.register
def _(layer: LayerNorm, params: Params, settings: Settings) -> nn.Module:
    _check(layer, params, dict.fromkeys(layer.names, (layer.features,)))
    module = nn.LayerNorm(layer.features, layer.eps, device="meta")
    return _filled(module, weight=params["scale"], bias=params["shift"])


@_module.register
def _(layer: Dropout, params: Params, settings: Settings) -> nn.Module:
    return nn.Dropout(float(settings.get(layer.rate, 0.0) if isinstance(layer.rate, str) else layer.rate))


@_module.register
def _(layer: activations.ReLU, params: Params, settings: Settings) -> nn.Module:
    return nn.ReLU()


@_module.register
def _(layer: activations.LeakyReLU, params: Params, settings: Settings) -> nn.Module:
    return nn.LeakyReLU(layer.negative_slope)


@_module.register
def _(layer: activations.Tanh, params: Params, settings: Settings) -> nn.Module:
    return nn.Tanh()


@_module.register
def _(layer: activations.Sigmoid, params: Params, settings: Settings) -> nn.Module:
    return nn.Sigmoid()


@_module.register
def _(layer: activations.GELU, params: Params, settings: Settings) -> nn.Module:
    return nn.GELU()


@_module.register
def _(layer: Patchify, params: Params, settings: Settings) -> nn.Module:
    return modules.Patchify(layer.channels, layer.height, layer.width, layer.patch_size)


@_module.register
def _(layer: Transpose, params: Params, settings: Settings) -> nn.Module:
    return modules.Transpose()


@_module.register
def _(layer: MeanOverPatches, params: Params, settings: Settings) -> nn.Module:
    return modules.MeanOverPatches()


@_module.register
def _(layer: Flatten, params: Params, settings: Settings) -> nn.Module:
    return nn.Flatten()


def _check(layer: Layer, params: Params, shapes: Mapping[str, tuple[int, ...]]) -> None:
    for name, shape in shapes.items():
        remedy = "give one run's parameters without the run axis, as Stack.params_of(r)"
        check_shape(layer, name, params[name].shape, f"{shape}", params[name].shape == shape, remedy)


def _filled(module: nn.Module, **values: Tensor) -> nn.Module:
    """The module with copies of the values as its parameters."""
    copies = {name: value.detach().clone(memory_format=torch.contiguous_format) for name, value in values.items()}
    module.load_state_dict(copies, assign=True)
    return module
