"""A data frame as inputs and targets: every column numbers or text, nothing missing that nobody has decided on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from pipeline.datasets._raw import Part, Raw
from pipeline.errors import UserError, no_such

Missing = Literal["error", "mean", "drop"]
LARGEST = 1e18  # whose square a float32 holds
_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True)
class Columns:
    """What is said of the columns: which are targets, which are left out, which are text whatever they look like."""

    target: Sequence[str]
    ignore: Sequence[str] = ()
    text: Sequence[str] = ()
    missing: Missing = "error"
    most_categories: int = 100


def raw_of(where: str, train: pd.DataFrame, test: pd.DataFrame | None, columns: Columns, test_where: str = "") -> Raw:
    """The examples of one data frame, or of two. Raises UserError that names file, row and column.

    Rows are counted from 1, below the header.
    """
    _check_names(where, train, columns)
    frames = [train]
    if test is not None:
        _check_names(test_where, test, columns)
        if missing := [name for name in train.columns if name not in test.columns and name not in columns.ignore]:
            raise UserError(f"{test_where}: column {missing[0]} is missing, which {where} has; give both the same")
        frames.append(test[[name for name in train.columns if name in test.columns]])
    # Together, so that a column is numbers or text in both.
    table = _Table(pd.concat(frames, ignore_index=True), [(where, len(train)), (test_where, len(frames[-1]))])
    names = [name for name in train.columns if name not in columns.ignore]
    alone = columns.target if len(columns.target) == 1 else ()  # True and False of several are 1 and 0
    texts = [*columns.text, *(name for name in alone if pd.api.types.is_bool_dtype(table.frame[name]))]
    frame = pd.DataFrame({name: table.column(name, name in texts) for name in names})
    kept, notes = _present(table, frame, columns)
    inputs = frame.drop(columns=list(columns.target))
    if not len(inputs.columns):
        raise UserError(f"{where}: no column is left for the inputs; name fewer in dataset.target or dataset.ignore")
    targets = _targets(where, frame, columns.target)
    first, rest = np.flatnonzero(kept[: len(train)]), len(train) + np.flatnonzero(kept[len(train) :])
    parts = [Part(inputs.iloc[rows].reset_index(drop=True), targets[rows]) for rows in (first, rest)]
    named = f"{where}: column{'s' * (len(columns.target) > 1)} {', '.join(columns.target)}"
    return Raw(
        where,
        named,
        parts[0],
        parts[1] if test is not None else None,
        target_names=tuple(columns.target),
        most_categories=columns.most_categories,
        notes=tuple(notes),
    )


def _check_names(where: str, frame: pd.DataFrame, columns: Columns) -> None:
    names = list(frame.columns)
    if not names or not len(frame):
        raise UserError(f"{where}: {len(frame)} rows of {len(names)} columns; give a table with examples")
    if odd := [name for name in names if not isinstance(name, str)]:
        raise UserError(f"{where}: the column {odd[0]!r} has no text for a name; name the columns in the first line")
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"{where}: two columns are called {twice[0]}; give each a name of its own")
    for key, wanted in (("target", columns.target), ("ignore", columns.ignore), ("text_columns", columns.text)):
        for name in wanted:
            if name not in names:
                numbers = all(_is_number(other) for other in names)
                hint = "; its first line holds numbers, no names: write names above them" if numbers else ""
                raise UserError(f"dataset.{key}={name}: {where}: {no_such('column', name, names)}{hint}")
    if both := [name for name in columns.target if name in columns.ignore]:
        raise UserError(f"dataset.ignore={both[0]}: is a target; leave it out of one of the two")


@dataclass(frozen=True)
class _Table:
    """Rows of one or two files, and where each is."""

    frame: pd.DataFrame
    files: list[tuple[str, int]]

    def place(self, position: int, name: str) -> str:
        (first, length), (second, _) = self.files
        where, row = (first, position) if position < length else (second, position - length)
        return f"{where}: row {row + 1}, column {name}"

    def column(self, name: str, text: bool) -> "pd.Series[Any]":
        """float64, or text with None where it is missing."""
        values = self.frame[name]
        if text:
            return as_text(values)
        if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
            if pd.api.types.is_complex_dtype(values):
                raise UserError(f"{self.place(0, name)}: complex numbers; give real ones")
            return self._numbers(name, values.astype("Float64").astype(float))
        if pd.api.types.is_datetime64_any_dtype(values) or pd.api.types.is_timedelta64_dtype(values):
            raise UserError(
                f"{self.place(0, name)}: a date or a time; leave the column out by dataset.ignore=[{name}], "
                "or make numbers of it"
            )
        texts = as_text(values)
        present = texts.dropna()
        numbers = pd.to_numeric(present, errors="coerce")
        if len(present) and numbers.notna().all():
            return self._numbers(name, pd.to_numeric(texts).astype(float))
        if numbers.notna().mean() >= 0.5:
            position = int(numbers.index[numbers.isna()][0])
            raise UserError(
                f"{self.place(position, name)}: {present[position]!r} among numbers; mend it, leave it empty "
                f"(dataset.missing=mean or drop), or take all as text by dataset.text_columns=[{name}]"
            )
        if len(present) and present.map(lambda value: bool(_COMMA.fullmatch(value))).mean() >= 0.5:
            position = int(present.index[0])
            raise UserError(
                f"{self.place(position, name)}: {present[position]!r} has a comma for a decimal point; "
                "dataset.decimal=',' reads it"
            )
        return texts

    def _numbers(self, name: str, values: "pd.Series[float]") -> "pd.Series[float]":
        for bad, what in ((np.isinf(values), "infinity"), (values.abs() > LARGEST, "a number beyond 1e18")):
            if bad.any():
                raise UserError(
                    f"{self.place(int(np.argmax(bad)), name)}: {what}; mend it, or leave it empty "
                    "(dataset.missing=mean or drop)"
                )
        return values


def as_text(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Without blanks around it; None where nothing is left."""
    return (
        values.astype(object).map(lambda value: None if pd.isna(value) else str(value).strip() or None).astype(object)
    )


def _present(table: _Table, frame: pd.DataFrame, columns: Columns) -> tuple[np.ndarray, list[str]]:
    """Which rows stay, and what is to be said of missing values."""
    empty = frame.isna()
    where = table.files[0][0]
    kept = np.ones(len(frame), dtype=bool)
    if not empty.to_numpy().any():
        return kept, []
    if columns.missing == "drop":
        kept = np.asarray(~empty.to_numpy().any(1))
        if not kept[: table.files[0][1]].any():
            raise UserError(f"{where}: every row has a missing value; take dataset.missing=mean, or leave columns out")
        return kept, [f"{where}: {(~kept).sum()} of {len(kept)} rows left out, as values are missing"]
    for name in frame.columns if columns.missing == "error" else columns.target:
        if empty[name].any():
            ways = (
                "dataset.missing=mean fills it in, "
                if columns.missing == "error" and name not in columns.target
                else ""
            )
            raise UserError(
                f"{table.place(int(np.argmax(empty[name])), name)}: missing ({int(empty[name].sum())} in this "
                f"column); {ways}dataset.missing=drop leaves such rows out"
            )
    filled = ", ".join(f"{name} ({int(empty[name].sum())})" for name in frame.columns if empty[name].any())
    return kept, [
        f"{where}: missing values of {filled} are the mean of the training split, of text 0 in all its features"
    ]


def _targets(where: str, frame: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    texts = [name for name in names if frame[name].dtype != np.float64]
    if len(names) == 1:
        values = frame[names[0]]
        return np.array([value or "" for value in values], dtype=str) if texts else values.to_numpy()
    if texts:
        raise UserError(
            f"{where}: column {texts[0]} is text; several targets are numbers, or 0 and 1 for labels that an example "
            "has or not: write these, or name one column of text alone"
        )
    return frame[list(names)].to_numpy()


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?(\.\d+)?", text))
