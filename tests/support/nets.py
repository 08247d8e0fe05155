"""Networks of all the kinds that the pipeline builds, drawn by hypothesis."""

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
    features, norm, residual = draw(SIZE), draw(st.booleans()), draw(st.booleans())
    layers: list[sn.Layer] = [patches, sn.Linear(patches.features, features)]
    for across, width in ((True, patches.patches), (False, features)):
        hidden = draw(SIZE)
        mixing = (sn.Linear(width, hidden), sn.ReLU(), sn.Linear(hidden, width))
        turned = (sn.Transpose(), *mixing, sn.Transpose()) if across else mixing
        part = sn.Sequential((*((sn.LayerNorm(features),) if norm else ()), *turned))
        layers.append(sn.Residual(part) if residual else part)
    network = sn.Sequential((*layers, sn.MeanOverPatches(), sn.Linear(features, draw(SIZE))))
    return network, (patches.channels, patches.height, patches.width)


def nets() -> st.SearchStrategy[tuple[sn.Sequential, tuple[int, ...]]]:
    """Either kind."""
    return st.one_of(mlps(), patch_mlps())


def trained(network: sn.Sequential, dtype: torch.dtype, seed: int) -> dict[str, Tensor]:
    """One run's parameters, different from their initial zeros and ones."""
    generator = torch.Generator().manual_seed(seed)
    own = network.init([generator], torch.float64)
    noise = {name: 0.2 * torch.randn(value.shape, generator=generator).double() for name, value in own.items()}
    return {name: (value + noise[name])[0].to(dtype) for name, value in own.items()}


def outputs(network: sn.Layer, params: dict[str, Tensor], x: Tensor) -> Tensor:
    """What the engine makes of x (B, I): (B, K)."""
    return network.forward({name: value.unsqueeze(0) for name, value in params.items()}, x.unsqueeze(0))[0][0]
