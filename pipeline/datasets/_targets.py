"""Whether targets are classes, labels or values, and the classes as numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pipeline.datasets._data import Task
from pipeline.errors import UserError

Asked = Literal["auto", "classification", "multilabel", "regression"]
_MOST_CLASSES = 20  # so many different whole numbers are classes where nobody says what they are


@dataclass(frozen=True)
class Targets:
    """Of each split: int64 (N,) classes, float64 (N, labels) of 0s and 1s, or float64 (N, outputs) values.

    class_names: of the classes or labels, () for values. `note` says what was decided and why. values: what stands for
    each class in the files, () for all else.
    """

    splits: dict[str, np.ndarray]
    class_names: tuple[str, ...]
    note: str
    values: tuple[str, ...] = ()


def targets_of(
    where: str, given: Mapping[str, np.ndarray], asked: Asked, names: Sequence[str] | None, columns: Sequence[str] = ()
) -> Targets:
    """Targets (N,) or (N, K) of any type, the training split first. Raises UserError that names `where` and row.

    Text, truth values and rows with a single 1 among 0s are classes, and so are whole numbers of which there are few
    different ones, each twice or more on average. Other rows of 0s and 1s are labels, any number of which an example
    has. All else are values. Classes are numbered in the order of their values, and `names` are the names to give them
    in that order; `columns` are the names of several targets. Rows are counted from 1.
    """
    parts = [_plain(where, part) for part in given.values()]
    for split, part in zip(given, parts, strict=True):
        if part.shape[1:] != parts[0].shape[1:]:
            raise UserError(
                f"{where}: {parts[0].shape[1:]} targets an example in training, {part.shape[1:]} in {split}; "
                "give as many in both"
            )
    values = np.concatenate(parts)
    if asked in ("auto", "classification") and _one_hot(values):
        values = values.argmax(1)
        names = names or [columns[k] for k in np.unique(values[: len(parts[0])]) if columns] or None
        task, why = "classification", "one-hot"
    elif asked == "auto":
        task, why = _told(values)
    else:
        task, why = asked, f"dataset.task={asked}"
    train = len(parts[0])
    if task == "regression":
        made, texts, note = _values(where, values, train, why, names)
    elif task == "multilabel":
        made, texts, note = _labels(where, values, train, why, names or columns)
    else:
        made, texts, note = _classes(where, values, {split: len(part) for split, part in given.items()}, why, names)
    ends = np.cumsum([len(part) for part in parts])[:-1]
    written = tuple(_class_texts(values[:train])) if task == "classification" else ()
    return Targets(dict(zip(given, np.split(made, ends), strict=True)), texts, note, written)


Made = tuple[np.ndarray, tuple[str, ...], str]


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


def _flags(values: np.ndarray) -> bool:
    return values.ndim == 2 and values.dtype.kind != "U" and bool(((values == 0) | (values == 1)).all())


def _one_hot(values: np.ndarray) -> bool:
    return _flags(values) and bool((values.sum(1) == 1).all())


def _told(values: np.ndarray) -> tuple[Task, str]:
    if _flags(values):
        return "multilabel", f"{values.shape[1]} columns of 0 and 1"
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


def _values(where: str, values: np.ndarray, train: int, why: str, names: Sequence[str] | None) -> Made:
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
    return values, (), f"{where}: regression, {outputs} value{'s' * (outputs > 1)} an example (told from {why})"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _labels(where: str, values: np.ndarray, train: int, why: str, names: Sequence[str]) -> Made:
    if values.ndim == 1 or not _flags(values):
        row = 0 if values.ndim == 1 or values.dtype.kind == "U" else _first(((values != 0) & (values != 1)).any(1))
        what = f"row {row} has another number than 0 and 1" if row else f"targets of shape {values.shape}"
        raise UserError(f"{where}: {what}; dataset.task=multilabel takes rows of 0 and 1, one for each label")
    texts = tuple(names) or tuple(map(str, range(values.shape[1])))
    _check_class_names(where, texts, tuple(map(str, range(values.shape[1]))), "labels")
    for label, column in zip(texts, values[:train].T, strict=True):
        if (column == column[0]).all():
            raise UserError(
                f"{where}: the label {label} is {column[0]:g} in every training example, so there is nothing to learn; "
                "leave it out"
            )
    return values.astype(np.float64), texts, f"{where}: multi-label, {len(texts)} labels (told from {why})"


def _classes(where: str, values: np.ndarray, sizes: Mapping[str, int], why: str, names: Sequence[str] | None) -> Made:
    if values.ndim == 2:
        ways = "dataset.task=multilabel" if _flags(values) else "dataset.task=regression"
        raise UserError(
            f"{where}: {values.shape[1]} targets an example, and a classification has one; name one column, "
            f"or take {ways}"
        )
    if values.dtype.kind == "f" and (row := _first(values % 1 != 0)):
        raise UserError(
            f"{where}: row {row} is {values[row - 1]:g}, and classes are whole numbers or text; "
            "dataset.task=regression takes values"
        )
    distinct = np.unique(values[: next(iter(sizes.values()))])
    if len(distinct) < 2:
        raise UserError(
            f"{where}: a single class, {distinct[0]}, so there is nothing to learn; give examples of another"
        )
    texts = _class_texts(distinct)
    if names is not None:
        _check_class_names(where, names, texts, "classes")
    start = 0
    for split, size in sizes.items():
        part = values[start : start + size]
        start += size
        if row := _first(~np.isin(part, distinct)):
            raise UserError(
                f"{where}: the class {part[row - 1]} of row {row} of the {split} split is not in the training split; "
                "leave it out, or add examples of it"
            )
    codes = np.searchsorted(distinct, values).astype(np.int64)
    return codes, tuple(names or texts), f"{where}: classification, {len(texts)} classes (told from {why})"


def _class_texts(values: np.ndarray) -> list[str]:
    """What the different classes are called in files, in the order of their values."""
    return [str(value) if values.dtype.kind in "bU" else str(int(value)) for value in np.unique(values)]


def _check_class_names(where: str, names: Sequence[str], texts: Sequence[str], what: str) -> None:
    if len(names) != len(texts):
        raise UserError(
            f"dataset.class_names: {len(names)} names for the {len(texts)} {what} of {where} "
            f"({', '.join(texts[:10])}{', …' * (len(texts) > 10)}); give one for each, in this order"
        )
    if len(set(names)) < len(names):
        raise UserError("dataset.class_names: a name stands there twice; give each class a name of its own")
