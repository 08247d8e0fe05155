"""The kinds of parts that the engine takes: wherever one is named, one of a user's own may be."""

import inspect
from collections.abc import Mapping
from typing import Any

from pipeline.parts import Seam


def made(part: Any) -> Any:
    """The object of a part that may be named by its class."""
    return part() if isinstance(part, type) else part


def _activations() -> Mapping[str, Any]:
    from scratchnet.networks import ACTIVATIONS

    return ACTIVATIONS


def _is_activation(part: Any) -> bool:
    from scratchnet import Layer

    return isinstance(part, Layer) or (_is_class_of(part, Layer) and _takes_nothing(part))


def _is_class_of(part: Any, base: type) -> bool:
    return isinstance(part, type) and issubclass(part, base)


def _takes_nothing(part: Any) -> bool:
    """Whether it can be called without arguments."""
    try:
        inspect.signature(part).bind()
    except TypeError:
        return False
    return True


activation = Seam(
    "activation",
    "activations",
    _activations,
    _is_activation,
    "a class of scratchnet.Layer that can be made without arguments, or an object of one",
)


def _losses() -> Mapping[str, Any]:
    from scratchnet.losses import LOSSES

    return LOSSES


def _is_loss(part: Any) -> bool:
    from scratchnet import Loss

    known = getattr(part, "target_kind", None) in ("labels", "flags", "values")
    return known and (isinstance(part, Loss) or (_is_class_of(part, Loss) and _takes_nothing(part)))


loss = Seam(
    "loss",
    "losses",
    _losses,
    _is_loss,
    "a class of scratchnet.Loss with a target_kind that can be made without arguments, or an object of one",
)
