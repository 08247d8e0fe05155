"""Whether targets are classes or values, and the classes as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pipeline.datasets._data import Task
from pipeline.errors import UserError

Asked = Literal["auto", "classification", "regression"]
_MOST_CLASSES = 20  # so many different whole numbers are classes where nobody says what they are


@dataclass(frozen=True)
class Targets:
    """int64 (N,) classes with their names, or float64 (N, outputs); `note` says what was decided and why.

    values: what stands for each class in the files, () for regression.
    """

    train: np.ndarray
    test: np.ndarray | None
    class_names: tuple[str, ...]
    note: str
    values: tuple[str, ...] = ()


def targets_of(
    where: str, train: np.ndarray, test: np.ndarray | None, asked: Asked, names: Sequence[str] | None
) -> Targets:
    """Targets (N,) or (N, K) of any type. Raises UserError that names `where` and row, counted from 1.

    Text, truth values and rows with a single 1 among 0s are classes, and so are whole numbers of which there are few
    different ones, each twice or more on average. All else are values. Classes are numbered in the order of their
    values, and `names` are the names to give them in that order.
    """
    parts = [_plain(where, part) for part in (train, test) if part is not None]
    values = np.concatenate(parts) if len({part.shape[1:] for part in parts}) == 1 else None
    if values is None:
        raise UserError(f"{where}: {parts[0].shape[1:]} targets an example in training, {parts[1].shape[1:]} in test")
    if _one_hot(values) and asked != "regression":
        values = values.argmax(1)
        task, why = "classification", "one-hot"
    elif asked == "auto":
        task, why = _told(values)
    else:
        task, why = asked, f"dataset.task={asked}"
    if task == "regression":
        return _values(where, values, len(train), test is not None, why, names)
    return _classes(where, values, len(train), test is not None, why, names)


def _plain(where: str, values: np.ndarray) -> np.ndarray:
    """(N,) or (N, K) of numbers, truth values or text; nothing missing."""
    values = np.asarray(values)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim not in (1, 2) or not values.size:
        raise UserError(f"{where}: an array of shape {values.shape}; give one target an example, or a row of them")
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind == "O":
        if row := _first([not isinstance(value, str | int | float | np.generic) for value in values.ravel()]):
            raise UserError(f"{where}: row {row} holds a {type(values.ravel()[row - 1]).__name__}, no number or text")
        values = values.astype(str)
    if values.dtype.kind not in "biufU":
        raise UserError(f"{where}: targets of type {values.dtype}; give numbers or text")
    if values.dtype.kind == "f" and (row := _first(~np.isfinite(values).reshape(len(values), -1).all(1))):
        raise UserError(f"{where}: row {row} is missing, NaN or infinite; leave the row out, or mend it")
    return values


def _first(bad: Any) -> int:
    """The first true one, counted from 1; 0 where there is none."""
    return int(np.argmax(bad)) + 1 if np.any(bad) else 0


def _one_hot(values: np.ndarray) -> bool:
    if values.ndim != 2 or values.dtype.kind == "U":
        return False
    return bool(((values == 0) | (values == 1)).all() and (values.sum(1) == 1).all())


def _told(values: np.ndarray) -> tuple[Task, str]:
    if values.ndim == 2:
        return "regression", f"{values.shape[1]} columns"
    if values.dtype.kind in "bU":
        return "classification", "text" if values.dtype.kind == "U" else "true or false"
    distinct = len(np.unique(values))
    if (values % 1).any():
        return "regression", "numbers with fractions"
    if distinct <= min(_MOST_CLASSES, len(values) // 2):
        return "classification", f"{distinct} different whole numbers"
    return "regression", f"{distinct} different whole numbers"


def _values(where: str, values: np.ndarray, train: int, test: bool, why: str, names: Sequence[str] | None) -> Targets:
    if values.dtype.kind == "U":
        row = _first([not _is_number(value) for value in values.ravel()])
        text = f"row {row} is {str(values.ravel()[row - 1])!r}, no number" if row else "text, not numbers"
        raise UserError(f"{where}: {text}; a regression needs numbers, dataset.task=classification takes text")
    if names:
        raise UserError(
            f"dataset.class_names: {where} holds values, no classes; leave the names out, or take "
            "dataset.task=classification"
        )
    values = values.astype(np.float64).reshape(len(values), -1)
    if row := _first((np.abs(values) > 1e18).any(1)):
        raise UserError(f"{where}: row {row} is beyond 1e18, whose square no float32 holds; take another unit")
    if (values[:train] == values[0]).all():
        raise UserError(f"{where}: all targets are equal, so there is nothing to learn; give another target")
    outputs = values.shape[1]
    note = f"{where}: regression, {outputs} value{'s' * (outputs > 1)} an example (told from {why})"
    return Targets(values[:train], values[train:] if test else None, (), note)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _classes(where: str, values: np.ndarray, train: int, test: bool, why: str, names: Sequence[str] | None) -> Targets:
    if values.ndim == 2:
        raise UserError(
            f"{where}: {values.shape[1]} targets an example, and a classification has one; name one column, "
            "or take dataset.task=regression"
        )
    if values.dtype.kind == "f" and (row := _first(values % 1 != 0)):
        raise UserError(
            f"{where}: row {row} is {values[row - 1]:g}, and classes are whole numbers or text; "
            "dataset.task=regression takes values"
        )
    distinct, codes = np.unique(values[:train], return_inverse=True)
    if len(distinct) < 2:
        raise UserError(
            f"{where}: a single class, {distinct[0]}, so there is nothing to learn; give examples of another"
        )
    texts = [str(value) if values.dtype.kind in "bU" else str(int(value)) for value in distinct]
    if names is not None and len(names) != len(texts):
        raise UserError(
            f"dataset.class_names: {len(names)} names for the {len(texts)} classes of {where} "
            f"({', '.join(texts[:10])}{', …' * (len(texts) > 10)}); give one for each, in this order"
        )
    if names is not None and len(set(names)) < len(names):
        raise UserError("dataset.class_names: a name stands there twice; give each class a name of its own")
    rest = values[train:]
    if row := _first(~np.isin(rest, distinct)):
        raise UserError(
            f"{where}: the class {rest[row - 1]} of row {row} of the test split is not in the training split; "
            "leave it out, or add examples of it"
        )
    return Targets(
        codes.reshape(-1).astype(np.int64),
        np.searchsorted(distinct, rest).astype(np.int64) if test else None,
        tuple(names or texts),
        f"{where}: classification, {len(texts)} classes (told from {why})",
        tuple(texts),
    )
