"""history.csv, written and read: one row per epoch of a run."""

import csv
import hashlib
import io
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import one_line
from pipeline.files import HISTORY, read_whole, write_whole
from pipeline.runs.metrics import Row
from pipeline.runs.problem import Problem

_MOST_BYTES = 2**30  # five million epochs
_LAST = 2**53  # float64 holds all whole numbers up to here


@dataclass(frozen=True)
class History:
    """Epochs of a run: `table` is float64 (epochs, names), NaN where a cell is empty. `damage` says what was lost."""

    names: list[str]
    table: np.ndarray
    damage: str = ""

    @property
    def rows(self) -> list[Row]:
        """One dictionary per epoch."""
        return [dict(zip(self.names, values, strict=True)) for values in self.table.tolist()]


class HistoryText:
    """The text of history.csv while a run trains: an epoch adds a line.

    To make the text anew after each epoch would take longer, after a thousand of a small network, than to train them.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.data = bytearray()
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Add an epoch, which has the columns of the first."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        if not self.data:
            writer.writerow(row)
        writer.writerow("" if math.isnan(value) else value for value in row.values())
        self.data += stream.getvalue().encode()

    def write(self, folder: Path, *, durable: bool = False) -> None:
        """Replace the file, which need not be `durable` as the run trains: the checkpoint holds the text as well."""
        write_whole(folder / HISTORY, self.data, durable=durable)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @staticmethod
    def rows_of(data: bytes) -> list[Row]:
        """The epochs of what `data` was: the numbers to the last digit, the epoch's as a whole one."""
        names, *lines = csv.reader(io.StringIO(data.decode(), newline=""))
        return [
            {
                name: int(cell) if name == "epoch" else float(cell or "nan")
                for name, cell in zip(names, line, strict=True)
            }
            for line in lines
        ]


def read_history(folder: Path) -> History | Problem:
    """The epochs of the run in `folder`; damaged lines are skipped, cells that hold text become NaN."""
    try:
        text = read_whole(folder / HISTORY, _MOST_BYTES).decode()
        lines = [line for line in csv.reader(io.StringIO(text, newline="")) if line]
    except FileNotFoundError:
        return Problem("no_history", folder, f"{HISTORY} is missing")
    except OSError as error:
        return Problem("bad_history", folder, f"{HISTORY} cannot be read ({error.strerror or error})")
    except (ValueError, csv.Error) as error:
        return Problem("bad_history", folder, f"{HISTORY} is not a table ({one_line(error)})")
    names = lines[0] if lines else []
    repeated = [name for name, count in Counter([*names, "run"]).items() if count > 1]  # `run` is added on reading
    if repeated:
        return Problem("bad_history", folder, f"{HISTORY} repeats the column {repeated[0]!r}")
    if "epoch" not in names or len(lines) == 1:
        return Problem("bad_history", folder, f"{HISTORY} holds no epoch")
    damage: list[str] = []
    try:
        table = np.array([[float(cell) if cell else math.nan for cell in line] for line in lines[1:]])
        if table.shape[1:] != (len(names),):
            raise ValueError
    except ValueError:
        table, damage = _readable(names, lines[1:])
    epochs = table[:, names.index("epoch")]
    counted = (epochs >= 0) & (epochs < _LAST) & (epochs == np.floor(epochs))
    if not counted.all():
        damage.append(f"{len(counted) - counted.sum()} lines without an epoch")
    if not counted.any():
        return Problem("bad_history", folder, f"{HISTORY} holds no epoch")
    return History(names, table[counted], f"{HISTORY} is damaged: {', '.join(damage)}" if damage else "")


def _readable(names: Sequence[str], lines: Sequence[Sequence[str]]) -> tuple[np.ndarray, list[str]]:
    """The readable part of a damaged table, and what was lost."""
    whole = [line for line in lines if len(line) == len(names)]
    table = np.array([[_number(cell) for cell in line] for line in whole]).reshape(-1, len(names))
    damage = [f"{len(lines) - len(whole)} lines with too many or too few cells"] if len(whole) < len(lines) else []
    lost = {name for line in whole for name, cell in zip(names, line, strict=True) if cell and _number(cell) is None}
    return table.astype(float), damage + ([f"text among the numbers of {', '.join(sorted(lost))}"] if lost else [])


def _number(cell: str) -> float | None:
    """The number, or None (NaN in an array of floats) for a cell that is empty or not a number."""
    try:
        return float(cell)
    except ValueError:
        return None
