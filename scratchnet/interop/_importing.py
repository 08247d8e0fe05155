"""A `torch.nn` module as a network of the engine."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

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
    Patchify,
    Residual,
    Sequential,
    Transpose,
    activations,
)

M = TypeVar("M", bound=nn.Module)

_HINTS: dict[type[nn.Module], str] = {
    nn.Softmax: "leave it out: the loss contains it",
    nn.LogSoftmax: "leave it out: the loss contains it",
    modules.Normalise: "convert the part behind it; the engine normalises examples (scratchnet.Examples)",
}


class Converted(NamedTuple):
    """A network, one run's parameters (without a run axis), and the rates of its dropout layers by their names."""

    network: Sequential
    params: dict[str, Tensor]
    settings: dict[str, float]


def from_torch(module: nn.Module) -> Converted:
    """The network, parameters and dropout rates of a `torch.nn` module: what `to_torch` undoes and is undone by.

    Known are `nn.Sequential` (nested too), `Linear`, `LayerNorm` over the last axis, `ReLU`, `LeakyReLU`, `Tanh`,
    `Sigmoid`, `GELU`, `Dropout`, `Identity` (left out), `Flatten` of all axes but the first (left out at the start: the
    engine's inputs are flat rows), and the modules that `to_torch` adds. A bias that a module lacks becomes zeros: the
    outputs are the same, but training would change it. Dropout before the first linear layer becomes "input_dropout",
    all other "dropout". Parameters are copied to the CPU in their own type.

    Raises TypeError for any other module and ValueError for options that the engine does not have; both name the
    module by its place, as in `module.get_submodule(place)`.
    """
    reader = _Reader(list(_leaves(module)))
    layer, params = reader.read(module, "") or (Sequential(()), {})
    if not isinstance(layer, Sequential):
        layer, params = Sequential((layer,)), {f"0.{name}": value for name, value in params.items()}
    types = {value.dtype for value in params.values()}
    if not types <= {torch.float32} and not types <= {torch.float64}:
        names = ", ".join(sorted(map(str, types)))
        raise ValueError(f"from_torch: parameters of type {names}; give them one: module.float() or module.double()")
    return Converted(layer, params, reader.settings)


Part = tuple[Layer, dict[str, Tensor]]


class _Reader:
    """Walks the modules in the order of their use, with what a dropout layer must know of those around it."""

    def __init__(self, leaves: list[nn.Module]) -> None:
        self.leaves, self.position = leaves, 0  # the leaf that is read next
        self.settings: dict[str, float] = {}

    def read(self, module: nn.Module, place: str) -> Part | None:
        """The layer of a module and its parameters, None where nothing is left of it."""
        if module._forward_hooks or module._forward_pre_hooks:
            raise ValueError(f"from_torch: {_text(module, place)}: its hooks cannot be taken along; remove them")
        if type(module) is nn.Sequential:
            return self._sequential(module, place)
        if type(module) is modules.Residual:
            inner = self.read(module.inner, _join(place, "inner"))
            layer, params = inner or (Sequential(()), {})
            return Residual(layer), params
        self.position += 1
        if type(module) is nn.Identity or (type(module) is nn.Flatten and self.position == 1):
            return None
        if type(module) is nn.Dropout:
            return self._dropout(module, place), {}
        convert = _LEAVES.get(type(module))
        if convert is None:
            hint = _HINTS.get(type(module), f"known are Sequential, Dropout, {', '.join(m.__name__ for m in _LEAVES)}")
            raise TypeError(f"from_torch: {_text(module, place)} has no counterpart in the engine; {hint}")
        try:
            return convert(module)
        except ValueError as error:
            raise ValueError(f"from_torch: {_text(module, place)}: {error}") from error

    def _sequential(self, module: nn.Sequential, place: str) -> Part:
        inner = [(name, child) for name, child in module._modules.items() if child is not None]
        parts = [part for name, child in inner if (part := self.read(child, _join(place, name))) is not None]
        params = {f"{i}.{name}": value for i, (_, values) in enumerate(parts) for name, value in values.items()}
        return Sequential(tuple(layer for layer, _ in parts)), params

    def _dropout(self, module: nn.Dropout, place: str) -> Dropout:
        before, after = self.leaves[: self.position - 1], self.leaves[self.position :]
        rate = "dropout" if any(type(leaf) is nn.Linear for leaf in before) else "input_dropout"
        if self.settings.setdefault(rate, module.p) != module.p:
            raise ValueError(
                f"from_torch: {_text(module, place)}: another {rate} layer has p={self.settings[rate]}; "
                "a run has one rate for all of them"
            )
        features = _width(reversed(before), 1) or _width(after, 0)
        if features is None:
            raise ValueError(f"from_torch: {_text(module, place)}: how many features has it? put it beside a Linear")
        return Dropout(features, rate)


def _width(leaves: Any, end: int) -> int | None:
    """The features that pass between a place and these leaves, going away from it; `end` 1 is a leaf's output."""
    for leaf in leaves:
        if isinstance(leaf, nn.Linear):
            return (leaf.in_features, leaf.out_features)[end]
        if isinstance(leaf, nn.LayerNorm):
            return int(leaf.normalized_shape[-1])
        if isinstance(leaf, modules.Patchify):
            pixels = leaf.height * leaf.width if end == 0 else leaf.patch_size**2
            return leaf.channels * pixels
        if isinstance(leaf, (modules.Transpose, nn.Flatten)):
            return None
    return None


def _linear(module: nn.Linear) -> Part:
    weight = _copy(module.weight.mT)
    bias = weight.new_zeros(module.out_features) if module.bias is None else _copy(module.bias)
    return Linear(module.in_features, module.out_features), {"weight": weight, "bias": bias}


def _layer_norm(module: nn.LayerNorm) -> Part:
    if len(module.normalized_shape) != 1:
        raise ValueError("the engine normalises over the last axis alone")
    if not module.elementwise_affine:
        raise ValueError("the engine's has a scale and a shift; take elementwise_affine=True")
    [features] = module.normalized_shape
    scale = _copy(module.weight)
    shift = torch.zeros_like(scale) if module.bias is None else _copy(module.bias)
    return LayerNorm(features, module.eps), {"scale": scale, "shift": shift}


def _gelu(module: nn.GELU) -> Part:
    if module.approximate != "none":
        raise ValueError("the engine has the exact GELU; take approximate='none'")
    return activations.GELU(), {}


def _flatten(module: nn.Flatten) -> Part:
    if (module.start_dim, module.end_dim) != (1, -1):
        raise ValueError("the engine flattens all axes but the first; take nn.Flatten()")
    return Flatten(), {}


def _patchify(module: modules.Patchify) -> Part:
    return Patchify(module.channels, module.height, module.width, module.patch_size), {}


_LEAVES: dict[type[nn.Module], Callable[[Any], Part]] = {
    nn.Linear: _linear,
    nn.LayerNorm: _layer_norm,
    nn.ReLU: lambda module: (activations.ReLU(), {}),
    nn.LeakyReLU: lambda module: (activations.LeakyReLU(module.negative_slope), {}),
    nn.Tanh: lambda module: (activations.Tanh(), {}),
    nn.Sigmoid: lambda module: (activations.Sigmoid(), {}),
    nn.GELU: _gelu,
    nn.Flatten: _flatten,
    modules.Patchify: _patchify,
    modules.Transpose: lambda module: (Transpose(), {}),
    modules.MeanOverPatches: lambda module: (MeanOverPatches(), {}),
}


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    """The modules without modules within, in the order of their use; one that is used twice comes twice."""
    inner = [child for child in module._modules.values() if child is not None]
    if not inner and type(module) is not nn.Sequential:
        yield module
    for child in inner:
        yield from _leaves(child)


def _copy(value: Tensor) -> Tensor:
    return value.detach().cpu().clone(memory_format=torch.contiguous_format)


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _text(module: nn.Module, place: str) -> str:
    text = f"{module}" if not module._modules else type(module).__name__
    return f"{place}: {text}" if place else text
