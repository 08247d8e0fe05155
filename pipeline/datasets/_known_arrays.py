"""New arrays as the examples that a network takes."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.datasets._arrays import named
from pipeline.datasets._assemble import check_numbers, typed
from pipeline.datasets._preprocessing import Preprocessing
from pipeline.errors import UserError


def pick(where: str, arrays: Mapping[str, np.ndarray], facts: Preprocessing) -> tuple[str, str | None, list[str]]:
    """The names of inputs and of targets, if any, and a line where others are there that could be meant."""
    x, y, part = facts.inputs_name, facts.targets_name, ""
    if x not in arrays:
        parts = [part for part in ("", "test", "train") if named(arrays, "x", part)]
        if parts:
            part, x = parts[0], named(arrays, "x", parts[0])
        elif len(arrays) == 1:
            x = next(iter(arrays))
        else:
            listed = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
            raise UserError(f"{where}: no array is called as inputs are; it holds {listed}; call them x")
    assert x is not None
    if y not in arrays:
        y = named(arrays, "y", part)
    rest = [name for name in arrays if name not in (x, y)]
    return x, y, [f"{where}: used are {x}{f' and {y}' if y else ''}, not {', '.join(rest)}"] if rest else []


def numbers_of(where: str, x: Any) -> np.ndarray:
    """x as an array. Raises UserError where it is not of real numbers, or some of them are masked."""
    if np.ma.is_masked(x):
        raise UserError(f"{where}: some numbers are masked; fill them in: x.filled(0)")
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise UserError(f"{where}: inputs of type {array.dtype}; give numbers")
    return array


def examples_of(where: str, x: Any, shape: tuple[int, ...], first_choice: int) -> tuple[np.ndarray, int]:
    """x as (N, *shape), and along which axis, 0 or −1, its examples were. Raises UserError where no axis fits.

    Images may be without an axis of channels, have it last, or be flat rows.
    """
    x = numbers_of(where, x)
    for axis in (first_choice, -1 - first_choice):
        fitting = _shaped(np.moveaxis(x, axis, 0), shape) if x.ndim else None
        if fitting is not None:
            return fitting, axis
    expected = f"(N, {', '.join(map(str, shape))})"
    remedy = "one example alone is x[None]" if x.shape == shape else "give examples of the shape that it was trained on"
    raise UserError(f"{where}: inputs of shape {x.shape}, but the model takes {expected}; {remedy}")


def _shaped(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    if x.shape[1:] == shape:
        return x
    if shape == (1,) and x.ndim == 1:
        return x[:, np.newaxis]
    if len(shape) != 3:
        return None
    if x.shape[1:] == (*shape[1:], shape[0]):
        return np.moveaxis(x, 3, 1)
    if shape[0] == 1 and x.shape[1:] == shape[1:]:
        return x[:, np.newaxis]
    return x.reshape(len(x), *shape) if x.shape[1:] == (math.prod(shape),) else None


def checked(where: str, x: np.ndarray, first: int) -> np.ndarray:
    """Of a type that the engine reads, without NaN and infinity; `first` is the number of the first row."""
    values = typed(np.ascontiguousarray(x))
    if values.dtype.kind == "f" and values.size:
        check_numbers(where, values, first)
    return values


def other_units(where: str, x: np.ndarray, facts: Preprocessing) -> list[str]:
    """A line for images whose values are so far from those of training that the units must be others."""
    if facts.highest is None or x.ndim != 4 or not x.size:
        return []
    highest = float(x.max())
    low = x.dtype.kind == "f" and 0 < highest <= 1 and facts.highest > 50
    if not low and highest <= 4 * facts.highest:
        return []
    return [
        f"{where}: values up to {highest:g}, where training had up to {facts.highest:g}; are they in the same units?"
    ]
