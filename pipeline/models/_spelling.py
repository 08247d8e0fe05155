"""How a network is written down: the nested lists and mappings of `model.layers`, read into items.

relu                                  a layer by its name
{linear: 256}                         with its first argument
{layer: my_layers:Gate, width: 64}    with arguments by name; names with a colon are written so
[layer_norm, {linear: 64}]            layers that are one
{residual: [{linear: 64}, relu]}      layers beside the identity
{repeat: 3, layers: [...]}            layers again and again
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_LAYERS, DEEPEST = 1000, 20
_BLOCKS = ("residual", "repeat", "layer")


class Misspelt(ValueError):
    """A list of layers that cannot be read: which item, why, and what to write."""


@dataclass(frozen=True)
class Item:
    """A layer by its name. `first`: its first argument, where one is given without a name; `place`: "item 2.1"."""

    name: str
    first: Any
    arguments: Mapping[str, Any]
    place: str


@dataclass(frozen=True)
class Block:
    """Layers that are one, beside the identity where `residual`."""

    items: tuple["Item | Block", ...]
    residual: bool
    place: str


Node = Item | Block


def read(spelling: Sequence[Any]) -> tuple[Node, ...]:
    """The items of a list. Raises Misspelt."""
    if not spelling:
        raise Misspelt("no layers; give some, such as [{linear: 128}, relu], or take model=mlp model.hidden=[]")
    return tuple(_nodes(spelling, "item ", 1, [MOST_LAYERS]))


def flat(nodes: Sequence[Node]) -> Iterator[Item]:
    """The layers in the order in which examples pass them."""
    for node in nodes:
        if isinstance(node, Block):
            yield from flat(node.items)
        else:
            yield node


def _nodes(values: Sequence[Any], prefix: str, depth: int, left: list[int]) -> Iterator[Node]:
    """`left`: how many layers there still may be."""
    if depth > DEEPEST:
        raise Misspelt(f"lists within lists more than {DEEPEST} deep; write fewer")
    for number, value in enumerate(values, 1):
        yield from _node(value, f"{prefix}{number}", depth, left)


def _node(value: Any, place: str, depth: int, left: list[int]) -> Iterator[Node]:
    if isinstance(value, list):
        yield Block(_inner(value, place, depth, left), False, place)
    elif isinstance(value, str):
        yield _item(value, None, {}, place, left)
    elif isinstance(value, Mapping) and value:
        (name, first), *rest = value.items()
        arguments = {str(key): argument for key, argument in rest}
        if name == "repeat":
            yield from _repeated(first, arguments, place, depth, left)
        elif name == "residual":
            if arguments:
                raise Misspelt(f"{place}: residual takes a list of layers and nothing else, not {_listed(arguments)}")
            yield Block(_inner(first, place, depth, left), True, place)
        elif name == "layer":
            if not isinstance(first, str):
                raise Misspelt(f"{place}: layer={first} is no name; write {{layer: my_layers:Gate, width: 64}}")
            yield _item(first, None, arguments, place, left)
        else:
            yield _item(str(name), first, arguments, place, left)
    else:
        raise Misspelt(f"{place}: {value!r} is no layer; write a name, {{name: argument}} or a list of layers")


def _item(name: str, first: Any, arguments: Mapping[str, Any], place: str, left: list[int]) -> Item:
    if name in _BLOCKS:
        example = "{repeat: 3, layers: [...]}" if name == "repeat" else f"{{{name}: ...}}"
        raise Misspelt(f"{place}: {name} needs to be told what; write {example}")
    left[0] -= 1
    if left[0] < 0:
        raise Misspelt(f"{place}: more than {MOST_LAYERS} layers; allowed: at most {MOST_LAYERS}, repeats included")
    return Item(name, first, arguments, place)


def _inner(value: Any, place: str, depth: int, left: list[int]) -> tuple[Node, ...]:
    if not isinstance(value, list) or not value:
        raise Misspelt(f"{place}: {value!r} is no list of layers; give one or more, such as [{{linear: 64}}, relu]")
    return tuple(_nodes(value, f"{place}.", depth + 1, left))


def _repeated(times: Any, arguments: Mapping[str, Any], place: str, depth: int, left: list[int]) -> Iterator[Node]:
    if not isinstance(times, int) or isinstance(times, bool) or not 1 <= times <= MOST_LAYERS:
        raise Misspelt(f"{place}: repeat={times}; allowed: a whole number from 1 to {MOST_LAYERS}")
    if set(arguments) != {"layers"}:
        given = _listed(arguments) or "nothing else"
        raise Misspelt(f"{place}: repeat comes with layers, not with {given}; write {{repeat: {times}, layers: [...]}}")
    for _ in range(times):
        yield from _inner(arguments["layers"], place, depth, left)


def _listed(arguments: Mapping[str, Any]) -> str:
    return ", ".join(arguments)
