"""Networks drawn by hypothesis: those that the pipeline builds (`nets`), and all layers in any order (`any_nets`)."""

import torch
from hypothesis import strategies as st
from torch import Tensor

import scratchnet as sn
from scratchnet import networks

SIZE = st.integers(1, 9)


@st.composite
def mlps(draw: st.DrawFn) -> tuple[sn.Sequential, tuple[int, ...]]:
    """A network as `model=mlp` has them, and the shape of its inputs."""
    hidden = draw(st.lists(SIZE, max_size=3))
    name, inputs = draw(st.sampled_from(list(networks.ACTIVATIONS))), draw(SIZE)
    switches = {key: draw(st.booleans()) for key in ("layer_norm", "dropout", "input_dropout")}
    rules = networks.initial_weights("auto", name, len(hidden) + 1)
    return networks.mlp(inputs, hidden, draw(SIZE), activation=name, initializers=rules, **switches), (inputs,)


@st.composite
def patch_mlps(draw: st.DrawFn) -> tuple[sn.Sequential, tuple[int, ...]]:
    """A network as `model=patch_mlp` has them, with one block, and the shape of its inputs."""
    patches = sn.Patchify(draw(st.integers(1, 3)), 2 * draw(SIZE), 4 * draw(st.integers(1, 2)), 2)
    features, norm, residual, dropout = draw(SIZE), draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    nonlinearity = networks.ACTIVATIONS[draw(st.sampled_from(list(networks.ACTIVATIONS)))]()
    layers: list[sn.Layer] = [patches, sn.Linear(patches.features, features)]
    for across, width in ((True, patches.patches), (False, features)):
        hidden = draw(SIZE)
        mixing = (sn.Linear(width, hidden), nonlinearity, sn.Linear(hidden, width))
        turned = (sn.Transpose(), *mixing, sn.Transpose()) if across else mixing
        part = sn.Sequential((*((sn.LayerNorm(features),) if norm else ()), *turned))
        layers.append(sn.Residual(part) if residual else part)
    layers += [sn.MeanOverPatches(), *([sn.Dropout(features)] if dropout else [])]
    network = sn.Sequential((*layers, sn.Linear(features, draw(SIZE))))
    return network, (patches.channels, patches.height, patches.width)


def nets() -> st.SearchStrategy[tuple[sn.Sequential, tuple[int, ...]]]:
    """Either kind."""
    return st.one_of(mlps(), patch_mlps())


ACTIVATIONS = (sn.ReLU(), sn.LeakyReLU(0.1), sn.Tanh(), sn.Sigmoid(), sn.GELU())


@st.composite
def any_nets(draw: st.DrawFn) -> tuple[sn.Sequential, int]:
    """A network of all layers of the engine in any order that fits, and how many features its inputs have."""
    features = draw(st.integers(1, 12))
    layers, shape = draw_layers(draw, (features,), depth=2)
    if len(shape) == 2:
        layers.append(draw(st.sampled_from([sn.MeanOverPatches(), sn.Flatten()])))
        shape = layers[-1].output_shape(shape)
    if draw(st.integers(0, 9)):  # most networks end in a linear layer
        layers.append(sn.Linear(shape[0], draw(st.integers(1, 6))))
    return sn.Sequential(tuple(layers)), features


def draw_layers(
    draw: st.DrawFn, shape: tuple[int, ...], depth: int, mean: bool = True
) -> tuple[list[sn.Layer], tuple[int, ...]]:
    """Layers that follow each other from examples of `shape` on, (I,) or (P, F), and the shape that they end with."""
    layers: list[sn.Layer] = []
    for _ in range(draw(st.integers(0, 4))):
        kinds = ["linear", "activation", "norm"]
        kinds += ["dropout", "patchify"] if len(shape) == 1 else 2 * ["transpose"]
        kinds += ["mean", "flatten"] if len(shape) == 2 and mean else []
        kinds += ["residual", "sequential"] if depth else []
        kind = draw(st.sampled_from(kinds))
        if kind == "linear":
            layer: sn.Layer = sn.Linear(shape[-1], draw(st.integers(1, 6)))
        elif kind == "activation":
            layer = draw(st.sampled_from(ACTIVATIONS))
        elif kind == "norm":
            layer = sn.LayerNorm(shape[-1], draw(st.sampled_from([1e-5, 0.1])))
        elif kind == "dropout":
            layer = sn.Dropout(shape[0], draw(st.sampled_from(["dropout", "input_dropout"])))
        elif kind == "patchify":
            layer = draw(st.sampled_from(cuts(shape[0])))
        elif kind == "transpose":
            layer = sn.Transpose()
        elif kind == "mean":
            layer = sn.MeanOverPatches()
        elif kind == "flatten":
            layer = sn.Flatten()
        elif kind == "residual":
            # Patches that are averaged away inside could not be given back.
            inner, end = draw_layers(draw, shape, depth - 1, mean=len(shape) == 1)
            layer = sn.Residual(sn.Sequential((*inner, *back(end, shape))))
        else:
            layer = sn.Sequential(tuple(draw_layers(draw, shape, depth - 1, mean)[0]))
        layers.append(layer)
        shape = layer.output_shape(shape)
    return layers, shape


def cuts(features: int) -> list[sn.Patchify]:
    """All ways to read a row of so many features as an image and to cut it into patches."""
    divisors = [d for d in range(1, features + 1) if features % d == 0]
    return [
        sn.Patchify(channels, height, features // channels // height, size)
        for channels in divisors
        for height in divisors
        if features // channels % height == 0
        for size in divisors
        if height % size == 0 and features // channels // height % size == 0
    ]


def back(end: tuple[int, ...], start: tuple[int, ...]) -> list[sn.Layer]:
    """Layers that lead from one shape to another."""
    if len(end) > len(start):
        return [sn.MeanOverPatches(), *back(end[1:], start)]
    layers: list[sn.Layer] = [sn.Linear(end[-1], start[-1])] if end[-1] != start[-1] else []
    if len(end) == 2 and end[0] != start[0]:
        layers += [sn.Transpose(), sn.Linear(end[0], start[0]), sn.Transpose()]
    return layers


def trained(network: sn.Sequential, dtype: torch.dtype, seed: int) -> dict[str, Tensor]:
    """One run's parameters, different from their initial zeros and ones."""
    generator = torch.Generator().manual_seed(seed)
    initial = network.init([generator], torch.float64)
    changes = {name: 0.2 * torch.randn(value.shape, generator=generator).double() for name, value in initial.items()}
    return {name: (value + changes[name])[0].to(dtype) for name, value in initial.items()}


def outputs(network: sn.Layer, params: dict[str, Tensor], x: Tensor) -> Tensor:
    """The engine's outputs (B, K) for x (B, I)."""
    return network.forward({name: value.unsqueeze(0) for name, value in params.items()}, x.unsqueeze(0))[0][0]
