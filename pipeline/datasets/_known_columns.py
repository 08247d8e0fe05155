"""The columns of a new table as the features that a network was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from pipeline.datasets._encoding import Column, Encoding
from pipeline.datasets._frame import LARGEST, as_text
from pipeline.errors import UserError, no_such

Missing = Literal["error", "mean", "drop"]


@dataclass(frozen=True)
class Piece:
    """Rows of a table, of which the first is number `first`; rows are counted from 1, below the header."""

    where: str
    frame: pd.DataFrame
    first: int = 1

    def place(self, position: int, name: str) -> str:
        """In messages."""
        return f"{self.where}: row {self.first + position}, column {name}"

    def numbers(self, name: str, what: str) -> "pd.Series[float]":
        """A column as float64, NaN where it is missing. Raises UserError that names the row of what is no number."""
        values = self.frame[name]
        if pd.api.types.is_datetime64_any_dtype(values) or pd.api.types.is_timedelta64_dtype(values):
            raise UserError(f"{self.place(0, name)}: a date or a time, {what}")
        if pd.api.types.is_complex_dtype(values):
            raise UserError(f"{self.place(0, name)}: complex numbers, {what}")
        if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
            numbers = values.astype("Float64").astype(float)
        else:
            text = as_text(values).replace({"True": "1", "False": "0"})
            numbers = pd.to_numeric(text, errors="coerce").astype(float)
            bad = np.asarray(text.notna() & numbers.isna())
            if bad.any() and (at := int(np.argmax(bad))) is not None:
                raise UserError(f"{self.place(at, name)}: {text.iloc[at]!r}, {what}")
        beyond = np.asarray(numbers.abs() > LARGEST)
        if beyond.any():
            at = int(np.argmax(beyond))
            raise UserError(f"{self.place(at, name)}: {numbers.iloc[at]:g}, beyond 1e18; mend it, or leave it empty")
        return numbers

    def text(self, name: str) -> "pd.Series[Any]":
        """A column as text, None where it is missing; whole numbers without a point."""
        values = self.frame[name]
        if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
            values = values.astype("Int64")
        return as_text(values)


def known_columns(
    piece: Piece, encoding: Encoding, missing: Missing
) -> tuple[np.ndarray, np.ndarray, dict[str, set[str]]]:
    """Features (N, features), which rows they are of, and the texts of each column that training did not have.

    Columns may be in any order, and others beside them. Raises UserError that names file, row and column where one is
    lacking, holds what it cannot, or has a gap that `missing` does not allow.
    """
    check_names(piece, [column.name for column in encoding.columns])
    columns = {column.name: _column(piece, column) for column in encoding.columns}
    frame = pd.DataFrame(columns, index=piece.frame.index)
    gaps = frame.isna()
    rows = np.arange(len(frame))
    if missing == "drop":
        rows = np.flatnonzero(~gaps.to_numpy().any(1))
        frame = frame.iloc[rows]
    elif missing == "error" and gaps.to_numpy().any():
        name = next(name for name in frame.columns if gaps[name].any())
        raise UserError(
            f"{piece.place(int(np.argmax(gaps[name])), name)}: missing, and nothing was missing in training; fill it "
            "in, or take missing=mean (of the training split) or missing=drop (leave such rows out)"
        )
    return encoding.encode(frame), rows, encoding.new_texts(frame)


def check_names(piece: Piece, wanted: Sequence[str]) -> None:
    """Every column that is wanted is there, once."""
    names = [str(name).strip() for name in piece.frame.columns]
    if twice := [name for name in wanted if names.count(name) > 1]:
        raise UserError(f"{piece.where}: two columns are called {twice[0]}; give each a name of its own")
    if lacking := [name for name in wanted if name not in names]:
        more = f" (and {len(lacking) - 1} more that the model was trained on)" if len(lacking) > 1 else ""
        raise UserError(f"{piece.where}: column {lacking[0]} is missing{more}: {no_such('column', lacking[0], names)}")


def _column(piece: Piece, column: Column) -> "pd.Series[Any]":
    if column.categories:
        return piece.text(column.name)
    return piece.numbers(column.name, "where the model was trained on numbers; mend it, or leave it empty")
