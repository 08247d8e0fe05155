"""Files of tables as data frames: CSV and its relatives, and what pandas reads with the help of other packages."""

import csv
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.datasets._reading import GZIP, check_file, read_file, unpack
from pipeline.errors import UserError
from pipeline.extras import missing

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".parquet", ".feather", ".xlsx")
_SEPARATORS = (",", ";", "\t", "|")


def read_table(path: Path, decimal: str) -> tuple[pd.DataFrame, list[str]]:
    """The table, and lines on what was decided in reading it. Raises UserError that names file and fault."""
    name = path.name.lower()
    if not name.endswith(SUFFIXES):
        raise UserError(f"{path}: no known kind of table; there are {', '.join(SUFFIXES)}")
    if name.endswith((".parquet", ".feather", ".xlsx")):
        return _with_packages(check_file(path), name), []
    data = read_file(path)
    if data[:2] == GZIP:
        data = unpack(path, data)
    return _csv(path, data, decimal)


def _csv(path: Path, data: bytes, decimal: str) -> tuple[pd.DataFrame, list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(f"{path}: line {line} is not UTF-8 text (byte {error.start}); save the file as UTF-8") from None
    if "\0" in text:
        raise UserError(f"{path}: holds bytes that are no text; give a CSV file, or name it by its kind")
    first = next((line for line in text.splitlines() if line.strip()), "")
    if first.lstrip()[:1] == "<":
        raise UserError(f"{path}: a web page (HTML) saved under this name; get the file again")
    separator = max(_SEPARATORS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))
    header = [cell.strip() for cell in next(csv.reader([first], delimiter=separator), [])]
    if twice := [cell for cell in header if cell and header.count(cell) > 1]:
        raise UserError(f"{path}: two columns are called {twice[0]}; give each a name of its own")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # longer rows than the header has names
            frame = pd.read_csv(
                io.StringIO(text),
                sep=separator,
                decimal=decimal,
                index_col=False,
                low_memory=False,
                skipinitialspace=True,
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError, csv.Error) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise UserError(
            f"{path}: {reason}; every line needs as many values as the first has names ({len(header)})"
        ) from None
    frame.columns = [str(name).strip() for name in frame.columns]
    return _without_index(path, frame)


def _without_index(path: Path, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Without a first column that has no name and counts the rows, as pandas writes it."""
    name = str(frame.columns[0])
    values = frame.iloc[:, 0].to_numpy()
    counts = values.dtype.kind == "i" and any(
        np.array_equal(values, start + np.arange(len(values))) for start in (0, 1)
    )
    if not name.startswith("Unnamed: ") or not counts or len(frame.columns) == 1:
        return frame, []
    return frame.iloc[:, 1:], [f"{path}: its first column has no name and counts the rows; it is left out"]


def _with_packages(path: Path, name: str) -> pd.DataFrame:
    excel = name.endswith(".xlsx")
    if lacks := missing("openpyxl" if excel else "pyarrow", "tables", f"{path}: reading {path.suffix[1:]}"):
        raise UserError(lacks)
    read: Any = pd.read_excel if excel else pd.read_parquet if name.endswith(".parquet") else pd.read_feather
    try:
        frame: pd.DataFrame = read(path)
    except Exception as error:  # of the packages: each has its own for a damaged file
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise UserError(
            f"{path}: cannot be read ({reason}); is it whole, and of the kind that its name says?"
        ) from None
    return frame
