"""Layers one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from scratchnet.layers.activations import Elementwise
from scratchnet.layers.base import Layer, Params, Saved, Shape, check_layer


@dataclass(frozen=True)
class Sequential(Layer):
    """y = f_n(… f_2(f_1(x))), backward by the chain rule in reverse order.

    Parameters are keyed "i.name" by the place i of the layer, as in a `torch.nn.Sequential`.
    """

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.layers, Sequence):
            raise TypeError(f"Sequential: layers={self.layers!r} is no sequence; give a tuple of layers")
        object.__setattr__(self, "layers", tuple(self.layers))
        for layer in self.layers:
            check_layer("Sequential", layer)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{i}.{name}" for i, layer in enumerate(self.layers) for name in layer.names)

    @property
    def noise_names(self) -> tuple[str, ...]:
        return tuple(f"{i}.{name}" for i, layer in enumerate(self.layers) for name in layer.noise_names)

    @property
    def weight_names(self) -> tuple[str, ...]:
        return tuple(f"{i}.{name}" for i, layer in enumerate(self.layers) for name in layer.weight_names)

    @property
    def setting_names(self) -> tuple[str, ...]:
        return tuple(name for layer in self.layers for name in layer.setting_names)

    @property
    def input_features(self) -> int | None:
        for layer in self.layers:
            if layer.input_features is not None or not isinstance(layer, Elementwise):
                return layer.input_features
        return None

    @property
    def size(self) -> int:
        return sum(layer.size for layer in self.layers)

    @property
    def path(self) -> tuple[int, ...]:
        return tuple(width for layer in self.layers for width in layer.path)

    def init(self, generators: Sequence[torch.Generator], dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        return {
            f"{i}.{name}": value
            for i, layer in enumerate(self.layers)
            for name, value in layer.init(generators, dtype).items()
        }

    def noise(
        self, generators: Sequence[torch.Generator], settings: Params, batch: int, dtype: torch.dtype
    ) -> dict[str, Tensor]:
        return {
            f"{i}.{name}": value
            for i, layer in enumerate(self.layers)
            for name, value in layer.noise(generators, settings, batch, dtype).items()
        }

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        saved = []
        for i, layer in enumerate(self.layers):
            x, saved_by_layer = layer.forward(_params_of(layer, i, params), x)
            saved.append(saved_by_layer)
        return x, tuple(saved)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        # Below the first layer with parameters nobody needs a gradient unless the caller asks for dx.
        first = 0 if input_grad else next((i for i, layer in enumerate(self.layers) if layer.names), 0)
        grads: dict[str, Tensor] = {}
        gradient: Tensor | None = dy
        for i in range(len(self.layers) - 1, first - 1, -1):
            assert gradient is not None  # every layer above the first was asked for it
            layer, wanted = self.layers[i], input_grad or i > first
            inputs = _params_of(layer, i, params)
            gradient, layer_grads = layer.backward(inputs, saved[i], gradient, input_grad=wanted)
            grads.update((f"{i}.{name}", value) for name, value in layer_grads.items())
        return gradient, {name: grads[name] for name in self.names}

    def output_shape(self, shape: Shape) -> Shape:
        for layer in self.layers:
            shape = layer.output_shape(shape)
        return shape

    def fixed_sizes(self, shape: Shape) -> Shape:
        sizes: Shape = ()
        for layer in self.layers:
            sizes += layer.fixed_sizes(shape)
            shape = layer.output_shape(shape)
        return sizes

    def structure(self) -> Self:
        return type(self)(tuple(layer.structure() for layer in self.layers))

    def widest(self, others: Sequence[Layer]) -> Self:
        rows = zip(self.layers, *(other.layers for other in others if isinstance(other, Sequential)), strict=True)
        return type(self)(tuple(layer.widest(rest) for layer, *rest in rows))


def _params_of(layer: Layer, i: int, params: Params) -> dict[str, Tensor]:
    """The network's parameters and, in training, the noise that belong to layer i, by the layer's own names."""
    required = {name: params[f"{i}.{name}"] for name in layer.names}
    return required | {name: params[f"{i}.{name}"] for name in layer.noise_names if f"{i}.{name}" in params}
