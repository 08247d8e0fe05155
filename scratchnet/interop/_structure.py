"""Networks as plain values that JSON can hold, for files that say what their numbers mean."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from scratchnet.layers import Layer


def describe(layer: Layer) -> dict[str, Any]:
    """{"layer": its class, then its fields}: numbers and texts as they are, layers within it in the same way.

    What is only of use before training, the initializer, is left out.
    """
    return {"layer": type(layer).__name__} | {
        field.name: _plain(getattr(layer, field.name)) for field in fields(layer) if field.compare
    }


def build(description: Mapping[str, Any]) -> Layer:
    """The layer that `describe` gave: `build(describe(network)) == network`, also by way of JSON.

    Raises ValueError for what describes no layer of this engine.
    """
    known = {cls.__name__: cls for cls in _layers(Layer)}
    try:
        cls = known[description["layer"]]
        return cls(**{name: _built(value) for name, value in description.items() if name != "layer"})
    except (KeyError, TypeError) as error:
        text = str(description)
        short = text if len(text) <= 100 else f"{text[:100]} …"
        raise ValueError(f"{short}: describes no layer of this version of the engine ({error})") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Layer):
        return describe(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _built(value: Any) -> Any:
    if isinstance(value, Mapping):
        return build(value)
    return tuple(_built(item) for item in value) if isinstance(value, list) else value


def _layers(base: type[Layer]) -> Iterator[type[Layer]]:
    for cls in base.__subclasses__():
        yield cls
        yield from _layers(cls)
