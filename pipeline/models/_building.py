"""A network from the items of `model.layers`: each layer gets its sizes from what comes in."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, cast

import scratchnet as sn
from pipeline import seams
from pipeline.errors import UserError, no_such
from pipeline.importing import raised
from pipeline.models import ModelChoice
from pipeline.models._spelling import Block, Item, Node, flat
from scratchnet._numbers import check_count
from scratchnet.initializers import Initializer
from scratchnet.layers import Elementwise, Shape

KEY = "model.layers"


def build(model: ModelChoice, nodes: Sequence[Node], input_shape: tuple[int, ...], outputs: int) -> sn.Sequential:
    """The network, with a linear layer to the outputs at its end. Raises UserError that names the item at fault."""
    items = list(flat(nodes))
    kinds = {name: seams.layer.find(KEY, name) for name in {item.name for item in items}}
    rules = _initializers(model, items, kinds)
    builder = _Builder(kinds, rules, input_shape if len(input_shape) == 3 else None)
    layers, shape = builder.layers(nodes, (math.prod(input_shape),))
    if len(shape) != 1:
        raise UserError(f"{KEY}: ends with {_size(shape)}; end with mean_over_patches or flatten")
    return sn.Sequential((*layers, sn.Linear(shape[0], outputs, next(rules))))


def _initializers(model: ModelChoice, items: Sequence[Item], kinds: Mapping[str, Any]) -> Iterator[Initializer]:
    """The rule of each linear layer and of the last: `auto` goes by the next activation, or else by the one before."""
    activations = [item.name if _is_activation(kinds[item.name]) else None for item in items]
    places = [place for place, item in enumerate(items) if item.name == "linear"]
    last = next(filter(None, reversed(activations)), "relu")
    following = [next(filter(None, activations[place:]), last) for place in places]
    return iter(model.initializers([*following, last]))


def _is_activation(kind: Any) -> bool:
    return issubclass(kind if isinstance(kind, type) else type(kind), Elementwise)


@dataclass
class _Builder:
    """Builds layer after layer. `image` is the shape of an image as long as its pixels come in unmixed."""

    kinds: Mapping[str, Any]
    rules: Iterator[Initializer]
    image: tuple[int, ...] | None

    def layers(self, nodes: Sequence[Node], shape: Shape) -> tuple[list[sn.Layer], Shape]:
        """The layers of these nodes for examples of `shape`, and the shape that they end with."""
        layers: list[sn.Layer] = []
        for node in nodes:
            layer, after = self._block(node, shape) if isinstance(node, Block) else self._item(node, shape)
            if layer is not None:
                layers.append(layer)
                self.image = None if layer.names or after != shape else self.image
            shape = after
        return layers, shape

    def _block(self, block: Block, shape: Shape) -> tuple[sn.Layer, Shape]:
        inner, after = self.layers(block.items, shape)
        network = sn.Sequential(tuple(inner))
        if not block.residual:
            return network, after
        if after != shape:
            remedy = f"end it with {{linear: {shape[-1]}}}" if after[:-1] == shape[:-1] else "end it as it begins"
            raise UserError(
                f"{KEY}: {block.place}, residual: begins with {_size(shape)} and ends with {_size(after)}; {remedy}"
            )
        return sn.Residual(network), after

    def _item(self, item: Item, shape: Shape) -> tuple[sn.Layer | None, Shape]:
        where = f"{KEY}: {item.place}, {item.name}"
        try:
            layer = self._made(where, item, shape)
            if isinstance(layer, sn.Dropout) and layer.rate == 0:
                return None, shape  # as in an mlp: a layer that leaves nothing out would only draw
            if isinstance(layer, sn.Flatten) and len(shape) == 1:
                return None, shape  # a habit from torch: rows are flat
            # A user's layer is asked all that a stack will ask it.
            _, _, after = hash(layer), (layer.weight_names, layer.size), layer.output_shape(shape)
        except UserError:
            raise
        except (ValueError, TypeError, NotImplementedError) as error:  # ShapeError is a ValueError
            raise UserError(f"{where}: {' '.join(str(error).split())}") from error
        except Exception as error:
            raise UserError(f"{where}: {raised(error)}") from error
        return layer, after

    def _made(self, where: str, item: Item, shape: Shape) -> sn.Layer:
        kind = self.kinds[item.name]
        if not isinstance(kind, type):
            if item.first is not None or item.arguments:
                raise UserError(f"{where}: a layer as it is, which takes no arguments; name its class instead")
            return cast(sn.Layer, kind)
        known = {field.name: field for field in fields(kind) if field.init}
        sizes = {name: size for name, size in self._sizes(shape).items() if name in known}
        if kind is sn.Linear:
            sizes["initializer"] = next(self.rules)
        if kind is sn.Patchify and "channels" not in sizes:
            raise UserError(f"{where}: needs the pixels of images; put it first, and take data of images")
        arguments = _arguments(where, item, known, sizes)
        if kind is sn.Dropout and isinstance(arguments.get("rate", ""), str):
            raise UserError(f"{where}: needs its rate; write {{dropout: 0.5}}")
        layer = kind(**sizes | arguments)
        for width in layer.widths:
            check_count(type(layer).__name__, width, getattr(layer, width), 1, 2**31)
        return cast(sn.Layer, layer)

    def _sizes(self, shape: Shape) -> dict[str, Any]:
        """What a layer learns from what comes in, by the names of its fields."""
        image = zip(("channels", "height", "width"), self.image or (), strict=False)
        return {"in_features": shape[-1], "features": shape[-1], **dict(image)}


def _arguments(where: str, item: Item, known: Mapping[str, "Field[Any]"], sizes: Mapping[str, Any]) -> dict[str, Any]:
    """What the user gives, by name."""
    free = [name for name in known if name not in sizes]
    arguments = dict(item.arguments)
    if isinstance(item.first, Mapping):
        arguments |= item.first
    elif item.first is not None:
        if not free or free[0] in arguments:
            raise UserError(f"{where}: takes no {item.first!r}; it has {', '.join(free) or 'no arguments'}")
        arguments[free[0]] = item.first
    for name in arguments:
        if name not in free:
            raise UserError(f"{where}: {name}: {no_such('argument', name, free) if free else 'it takes no arguments'}")
    missing = [name for name in free if name not in arguments and _needed(known[name])]
    if missing:
        raise UserError(f"{where}: needs {', '.join(missing)}; write {_example(item.name, missing)}")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in arguments.items()}


def _needed(field: "Field[Any]") -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _example(name: str, missing: Sequence[str]) -> str:
    numbers = ", ".join(f"{argument}: 7" for argument in missing)
    return f"{{layer: {name}, {numbers}}}" if ":" in name or len(missing) > 1 else f"{{{name}: 7}}"


def _size(shape: Shape) -> str:
    return f"{shape[0]} features" if len(shape) == 1 else f"{shape[0]} patches of {shape[-1]} features"
