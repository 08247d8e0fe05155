"""Files of tables as data frames: CSV and its relatives, and what pandas reads with the help of other packages."""

import csv
import io
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, TextIO

import numpy as np
import pandas as pd

from pipeline.datasets._reading import GZIP, check_file, read_file, unpack
from pipeline.errors import UserError
from pipeline.extras import missing

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".parquet", ".feather", ".xlsx")
_NO_TEXT = "holds bytes that are no text; give a CSV file, or name it by its kind"
_SEPARATORS = (",", ";", "\t", "|")


def read_table(path: Path, decimal: str, text: Sequence[str] = ()) -> tuple[pd.DataFrame, list[str]]:
    """The table, and lines on what was decided in reading it. Raises UserError that names file and fault.

    `text`: columns to take as they are written, 007 and not 7.
    """
    if _of_packages(path):
        return _with_packages(check_file(path), path.name.lower()), []
    [frame] = _csv(path, io.StringIO(_decoded(path), newline=""), decimal, text, None)
    return _without_index(path, frame)


def table_pieces(path: Path, decimal: str, text: Sequence[str], rows: int) -> Iterator[pd.DataFrame]:
    """The same table in pieces of so many rows, of which no more than one is in memory where the format allows it."""
    if not _of_packages(path):
        raw: IO[bytes] = check_file(path).open("rb")
        with raw:
            if raw.read(2) == GZIP:
                raw = io.BytesIO(unpack(path, read_file(path)))
            raw.seek(0)
            with io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as stream:
                yield from _csv(path, stream, decimal, text, rows)
        return
    frame = _with_packages(check_file(path), path.name.lower())
    for start in range(0, max(len(frame), 1), rows):
        yield frame.iloc[start : start + rows].reset_index(drop=True)


def _decoded(path: Path) -> str:
    """The text of the whole file."""
    data = read_file(path)
    if data[:2] == GZIP:
        data = unpack(path, data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError(f"{path}: line {line} is not UTF-8 text (byte {error.start}); save the file as UTF-8") from None
    if "\0" in text:
        raise UserError(f"{path}: {_NO_TEXT}")
    return text


def _of_packages(path: Path) -> bool:
    name = path.name.lower()
    if not name.endswith(SUFFIXES):
        raise UserError(f"{path}: no known kind of table; there are {', '.join(SUFFIXES)}")
    return name.endswith((".parquet", ".feather", ".xlsx"))


def _csv(path: Path, stream: TextIO, decimal: str, text: Sequence[str], rows: int | None) -> Iterator[pd.DataFrame]:
    header: list[str] = []
    try:
        first = next((line for line in stream if line.strip()), "")
        if "\0" in first:
            raise UserError(f"{path}: {_NO_TEXT}")
        if first.lstrip()[:1] == "<":
            raise UserError(f"{path}: a web page (HTML) saved under this name; get the file again")
        separator = max(_SEPARATORS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))
        header = [cell.strip() for cell in next(csv.reader([first], delimiter=separator), [])]
        if twice := [cell for cell in header if cell and header.count(cell) > 1]:
            raise UserError(f"{path}: two columns are called {twice[0]}; give each a name of its own")
        stream.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # longer rows than the header has names
            frames = pd.read_csv(
                stream,
                sep=separator,
                decimal=decimal,
                index_col=False,
                low_memory=False,
                skipinitialspace=True,
                dtype=dict.fromkeys(text, str),
                chunksize=rows,
            )
            for frame in [frames] if isinstance(frames, pd.DataFrame) else frames:
                frame.columns = [str(name).strip() for name in frame.columns]
                yield frame.reset_index(drop=True)
    except UnicodeDecodeError:  # which says where in the piece that was read
        _decoded(path)
        raise
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError, csv.Error) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        if isinstance(error, pd.errors.ParserWarning):  # which says it in terms of its own arguments
            reason = "a line has more values"
        raise UserError(
            f"{path}: {reason}; every line needs as many values as the first has names ({len(header)})"
        ) from None


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
