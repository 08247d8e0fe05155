"""New data read for a trained network, as its training data were: frames, arrays and files, a batch at a time."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.datasets._data import Task
from pipeline.datasets._known_arrays import checked, examples_of, other_units
from pipeline.datasets._known_targets import classes_of, values_of
from pipeline.datasets._preprocessing import Preprocessing
from pipeline.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.datasets._encoding import Encoding

_NUMBERS = 2**24  # inputs of a batch hold no more, or are one example
_ROWS = 20_000


@dataclass(frozen=True)
class Batch:
    """Some examples of one file. Those of images are numbered by their files.

    inputs: raw, (N, *shape). rows: (N,) their numbers from 1. targets: int64 (N,) classes, −1 where not known, or
    float64 (N, outputs) labels of 0 and 1 or values, NaN where missing; None where the file has none. new_texts: of
    columns of text, those that training did not have. unknown: labels that are no class of the network.
    """

    where: str
    inputs: np.ndarray
    rows: np.ndarray
    targets: np.ndarray | None = None
    files: Sequence[str] | None = None
    notes: Sequence[str] = ()
    new_texts: dict[str, set[str]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Reader:
    """What a network takes and gives, by which new data are read.

    shape: of one raw input. outputs: classes, labels, or values. encoding: of the columns of a table, None for arrays.
    """

    task: Task
    shape: tuple[int, ...]
    outputs: int
    class_names: tuple[str, ...]
    encoding: "Encoding | None"
    facts: Preprocessing

    @property
    def rows(self) -> int:
        """Examples a batch."""
        return max(1, min(_ROWS, _NUMBERS // math.prod(self.shape)))

    def files(self, paths: Iterable[Path]) -> Iterator[Batch]:
        """The examples of files and folders. Raises UserError that names the one that cannot be read."""
        from pipeline.datasets._new_files import batches

        return batches(self, list(paths))

    def frame(self, frame: "pd.DataFrame", where: str = "the frame", first: int = 1) -> Batch:
        """The rows of a table by the names of its columns."""
        from pipeline.datasets._known_columns import Piece, known_columns

        frame = frame.set_axis([str(name).strip() for name in frame.columns], axis=1)
        piece = Piece(where, frame, first)
        targets = self.facts.targets
        there = [name for name in targets if name in frame.columns]
        if self.encoding is None:
            inputs, notes = self._unnamed(piece, there)
            rows, new = np.arange(len(frame)), dict[str, set[str]]()
        else:
            inputs, rows, new = known_columns(piece, self.encoding, self.facts.missing)
            used = {column.name for column in self.encoding.columns} | set(targets)
            rest = [name for name in frame.columns if name not in used and not name.startswith("Unnamed: ")]
            notes = [f"{where}: not used: {', '.join(rest[:8])}{', …' * (len(rest) > 8)}"] if rest else []
            if len(rows) < len(frame):
                notes.append(f"{where}: rows with missing values are left out, as in training")
        if there and len(there) < len(targets):
            notes.append(f"{where}: not scored: of the targets only {', '.join(there)} are there")
        values, unknown = None, set[str]()
        if len(there) == len(targets):
            if self.task == "classification":
                values, unknown = classes_of(frame[there[0]].astype(object).to_numpy()[rows], self._codes)
            else:
                what = "where the target is a number; mend it, or leave it empty"
                values = np.stack([piece.numbers(name, what) for name in targets], 1)[rows]
        return Batch(where, inputs, first + rows, values, None, notes, new, unknown)

    def array(self, x: Any, y: Any = None, where: str = "the array", notes: Sequence[str] = ()) -> Iterator[Batch]:
        """Examples along an axis of x, with their targets if there are any."""
        x, axis = examples_of(where, x, self.shape, self.facts.examples_axis)
        if axis != self.facts.examples_axis:
            along = "first" if axis == 0 else "last"
            notes = [*notes, f"{where}: the examples are along the {along} axis, in training they were not"]
        targets, unknown = self._targets(where, y, len(x), axis) if y is not None else (None, set[str]())
        for start in range(0, max(len(x), 1), self.rows):
            part = slice(start, start + self.rows)
            inputs = checked(where, x[part], start + 1)
            rows = np.arange(start, start + len(inputs)) + 1
            said = [*notes, *other_units(where, inputs, self.facts)]
            yield Batch(where, inputs, rows, None if targets is None else targets[part], notes=said, unknown=unknown)

    def classes(self, labels: Any) -> tuple[np.ndarray, set[str]]:
        """int64 (N,) classes of labels, −1 where there is none, and the names of those that are not known."""
        return classes_of(labels, self._codes)

    @property
    def _codes(self) -> dict[str, int]:
        values = self.facts.class_values or tuple(map(str, range(len(self.class_names))))
        return {name: k for k, name in enumerate(self.class_names)} | {text: k for k, text in enumerate(values)}

    def _targets(self, where: str, y: Any, count: int, axis: int) -> tuple[np.ndarray, set[str]]:
        y = np.asarray(y)
        if y.ndim == 2 and (axis == -1 or len(y) != count) and y.shape[-1] == count:
            y = y.T
        if y.ndim == 0 or len(y) != count:
            raise UserError(f"{where}: {count} examples, but targets of shape {y.shape}; give one target an example")
        return self.classes(y) if self.task == "classification" else (values_of(where, y, self.outputs), set[str]())

    def _unnamed(self, piece: Any, targets: Sequence[str]) -> tuple[np.ndarray, list[str]]:
        """Columns of numbers in their order, for a network that was trained on an array: there are no names."""
        names = [name for name in piece.frame.columns if name not in targets and not name.startswith("Unnamed: ")]
        if self.shape != (len(names),):
            takes = f"({', '.join(map(str, self.shape))})"
            raise UserError(
                f"{piece.where}: {len(names)} columns of inputs, but the model was trained on arrays, an example of "
                f"shape {takes}; give such arrays (.npz, .npy), or as many columns in their order"
            )
        columns = [piece.numbers(name, "where the model was trained on numbers; mend it") for name in names]
        inputs = np.stack(columns, 1)
        notes = [
            f"{piece.where}: the columns are taken in their order: the model was trained on an array, without names"
        ]
        return checked(piece.where, inputs, piece.first), notes
