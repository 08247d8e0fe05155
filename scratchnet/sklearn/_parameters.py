"""Which values the parameters of the estimators may have; checked by `fit`, as scikit-learn wants it."""

import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from scratchnet.initializers import INITIALIZERS
from scratchnet.networks import ACTIVATIONS
from scratchnet.optimizers import SGD, Adam, Optimizer
from scratchnet.schedules import Constant, Cosine, OneCycle, Schedule, Step

OPTIMIZERS: dict[str, Optimizer] = {"sgd": SGD(), "adam": Adam()}
SCHEDULES: dict[str, Schedule] = {"constant": Constant(), "step": Step(), "cosine": Cosine(), "one_cycle": OneCycle()}
DEVICES, DTYPES = ("auto", "cpu", "cuda"), ("float32", "float64")


Rule = tuple[Callable[[Any], bool], str]  # whether a value is allowed, and which are


def _count(value: Any, least: int = 1) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def _real(value: Any, least: float, below: float = math.inf) -> bool:
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and least <= float(value) < below
    except OverflowError:  # a whole number beyond float64
        return False


def _one_of(names: Iterable[str], kind: type | None = None) -> Rule:
    known, also = tuple(names), f", or a scratchnet.{kind.__name__}" if kind else ""

    def allowed(value: Any) -> bool:
        return value in known if isinstance(value, str) else kind is not None and isinstance(value, kind)

    return allowed, ", ".join(known) + also


_PROBABILITY = (lambda value: _real(value, 0, 1), "from 0 up to, but not including, 1")
_DECAY = (lambda value: _real(value, 0), "0 or more")
_COUNT = (_count, "a whole number of 1 or more")
_SWITCH = (lambda value: isinstance(value, bool), "True or False")
_ALLOWED: dict[str, Rule] = {
    "hidden": (
        lambda value: isinstance(value, tuple | list) and all(map(_count, value)),
        "a tuple of widths of 1 or more, such as (128,)",
    ),
    "activation": _one_of(ACTIVATIONS),
    "layer_norm": _SWITCH,
    "dropout": _PROBABILITY,
    "input_dropout": _PROBABILITY,
    "initializer": _one_of(("auto", *INITIALIZERS)),
    "l2": _DECAY,
    "weight_decay": _DECAY,
    "optimizer": _one_of(OPTIMIZERS, Optimizer),
    "lr": (lambda value: _real(value, 0) and value > 0, "a number above 0"),
    "momentum": _PROBABILITY,
    "schedule": _one_of(("auto", *SCHEDULES), Schedule),
    "batch_size": (lambda value: value == "auto" if isinstance(value, str) else _count(value), "auto, or 1 or more"),
    "warm_start": _SWITCH,
    "normalize_y": _SWITCH,
    "class_weight": (
        lambda value: (
            all(_real(weight, 0) for weight in value.values())
            if isinstance(value, dict)
            else value is None or (isinstance(value, str) and value == "balanced")
        ),
        "None, 'balanced', or a dict of a weight of 0 or more for each class",
    ),
    "epochs": _COUNT,
    "label_smoothing": _PROBABILITY,
    "patience": (lambda value: _count(value, 0), "a whole number of 0 or more"),
    "validation_fraction": (lambda value: _real(value, 0, 1) and value > 0, "between 0 and 1"),
    "device": _one_of(DEVICES),
    "dtype": _one_of(DTYPES),
    "threads": _COUNT,
}


def check_parameters(owner: str, parameters: Mapping[str, Any]) -> None:
    """Raise ValueError with a line that names the first wrong parameter and says what is allowed."""
    for name, (allowed, text) in _ALLOWED.items():
        if name in parameters and not allowed(parameters[name]):
            raise ValueError(f"{owner}: {name}={parameters[name]!r}; allowed: {text}")
