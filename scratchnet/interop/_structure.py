"""Networks as plain values that JSON can hold, for files that say what their numbers mean."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from scratchnet.layers import Layer

_ENGINE = "scratchnet"


def describe(layer: Layer) -> dict[str, Any]:
    """{"layer": its class, then its fields}: numbers and texts as they are, layers within it in the same way.

    A class of the engine is told by its name, one from elsewhere as "module:name". What is only of use before training,
    the initializer, is left out.
    """
    return {"layer": _name(type(layer))} | {
        field.name: _plain(getattr(layer, field.name)) for field in fields(layer) if field.compare
    }


def build(description: Mapping[str, Any], find: Callable[[str], Any] | None = None) -> Layer:
    """The layer that `describe` gave: `build(describe(network)) == network`, also by way of JSON.

    `find("module:name")` gives the classes from elsewhere; without it there are none.

    Raises ValueError for what describes no layer of this engine, and whatever `find` raises.
    """
    known = {cls.__name__: cls for cls in _layers(Layer) if _is_ours(cls)}
    try:
        name = description["layer"]
        cls = find(name) if find is not None and ":" in name else known[name]
        return cls(**{name: _built(value, find) for name, value in description.items() if name != "layer"})
    except (KeyError, TypeError) as error:
        text = str(description)
        short = text if len(text) <= 100 else f"{text[:100]} …"
        raise ValueError(f"{short}: describes no layer of this version of the engine ({error})") from error


def _name(cls: type[Layer]) -> str:
    return cls.__name__ if _is_ours(cls) else f"{cls.__module__}:{cls.__qualname__}"


def _is_ours(cls: type[Layer]) -> bool:
    return cls.__module__.partition(".")[0] == _ENGINE


def _plain(value: Any) -> Any:
    if isinstance(value, Layer):
        return describe(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _built(value: Any, find: Callable[[str], Any] | None) -> Any:
    if isinstance(value, Mapping):
        return build(value, find)
    return tuple(_built(item, find) for item in value) if isinstance(value, list) else value


def _layers(base: type[Layer]) -> Iterator[type[Layer]]:
    for cls in base.__subclasses__():
        yield cls
        yield from _layers(cls)
