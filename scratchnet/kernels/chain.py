"""Networks that are a chain of linear layers: what can be looked ahead in."""

from dataclasses import dataclass

from scratchnet.kernels.parts import KINDS
from scratchnet.layers import Dropout, Elementwise, Linear, Sequential


@dataclass(frozen=True)
class Chain:
    """A network of (Dropout,) Linear (, activation (, Dropout), Linear)*, by the places of its layers."""

    linears: tuple[int, ...]
    kinds: tuple[int, ...]  # the activation between each two, as `scratchnet.compiled` knows it
    slopes: tuple[float, ...]
    keeps: tuple[int | None, ...]  # the dropout that follows each linear layer
    input_keep: int | None


def chain(network: Sequential) -> Chain | None:
    """The network as a chain of linear layers, None where it is something else."""
    linears: list[int] = []
    kinds: list[int] = []
    slopes: list[float] = []
    keeps: list[int | None] = []
    input_keep = None
    for i, layer in enumerate(network.layers):
        if isinstance(layer, Linear) and len(kinds) == len(linears):
            linears.append(i)
            keeps.append(None)
        elif isinstance(layer, Elementwise) and type(layer) in KINDS and len(kinds) < len(linears):
            kinds.append(KINDS[type(layer)])
            slopes.append(getattr(layer, "negative_slope", 0.0))
        elif isinstance(layer, Dropout) and not linears and input_keep is None:
            input_keep = i
        elif isinstance(layer, Dropout) and len(kinds) == len(linears) > 0 and keeps[-1] is None:
            keeps[-1] = i
        else:
            return None
    if not linears or len(kinds) != len(linears) - 1:
        return None
    return Chain(tuple(linears), tuple(kinds), tuple(slopes), tuple(keeps), input_keep)
