"""Parts of a user's own are tried on a few numbers before anything trains."""

import functools
from collections.abc import Sequence
from typing import Any

import torch

import scratchnet as sn
from pipeline import seams
from pipeline.errors import UserError
from pipeline.importing import raised
from scratchnet.initializers import Initializer

_ROWS, _FEATURES, _OUTPUTS = 2, 3, 5


def activation(key: str, name: str) -> sn.Layer:
    """The layer of an activation. Raises UserError where a user's does not keep the shape of what comes in."""
    part = seams.activation.find(key, name)
    if name not in seams.activation.shipped():
        _try_activation(f"{key}={name}", part)
    layer: sn.Layer = seams.made(part)
    return layer


def initializer(key: str, name: str) -> str | Initializer:
    """The rule that a user wrote, or the name of one that ships. Raises UserError where a user's draws no weight."""
    if name in seams.initializer.shipped():
        return name
    part = seams.initializer.find(key, name)
    _try_initializer(f"{key}={name}", part)
    rule: Initializer = seams.made(part)
    return rule


@functools.cache
def _try_activation(what: str, part: Any) -> None:
    shape = (1, _ROWS, _FEATURES)
    try:
        layer = seams.made(part)
        params = layer.init([torch.Generator().manual_seed(0)])
        y, saved = layer.forward(params, torch.zeros(shape, dtype=torch.float32))
        dx, _ = layer.backward(params, saved, torch.zeros(shape, dtype=torch.float32))
    except Exception as error:
        raise UserError(f"{what}: on numbers of shape {shape} it {raised(error)}") from error
    _check(f"{what}: y", y, shape)
    _check(f"{what}: dx", dx, shape)


@functools.cache
def _try_initializer(what: str, part: Any) -> None:
    try:
        weight = seams.made(part)(torch.Generator().manual_seed(0), _FEATURES, _OUTPUTS)
    except Exception as error:
        raise UserError(f"{what}: for fan_in {_FEATURES} and fan_out {_OUTPUTS} it {raised(error)}") from error
    _check(f"{what}: the weight", weight, (_FEATURES, _OUTPUTS))


def _check(what: str, got: object, shape: Sequence[int]) -> None:
    if not isinstance(got, torch.Tensor) or got.shape != shape or not got.is_floating_point():
        given = f"{tuple(got.shape)} {got.dtype}" if isinstance(got, torch.Tensor) else type(got).__name__
        raise UserError(f"{what} expected {tuple(shape)} floating, got {given}; correct its shape")
