"""The data sets that a run can train on: each choice of `dataset` is a module here."""

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from pipeline.choices import Choice, Probability, Sections, Seed
from pipeline.datasets._data import Card, Dataset, Official, Split, Task, bibtex_key, counted, names_of_outputs
from pipeline.datasets._preprocessing import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    import scratchnet as sn
    from pipeline.datasets._reader import Batch, Reader

__all__ = [
    "Batch",
    "Card",
    "Dataset",
    "DatasetChoice",
    "Official",
    "Preprocessing",
    "Reader",
    "Split",
    "Task",
    "bibtex_key",
    "counted",
    "names_of_outputs",
    "reader_of",
]


class DatasetChoice(Choice):
    """What all data sets have."""

    validation_fraction: Probability = Field(description="the share of the training examples kept for validation")
    seed: Seed = Field(description="a whole number, 0 or more: draws the split, and the points of toy problems")
    folds: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=0,
        description="0, or k for cross-validation: the test split is one of k parts of the examples, drawn by "
        "dataset.seed; a test split that is given is left alone",
    )
    fold: Annotated[int, Field(ge=0)] = Field(
        default=0, description="which of the parts is the test split, from 0: sweep all with dataset.fold=0,1,2,3,4"
    )

    def mistakes(self, config: Sections) -> list[str]:
        mistakes = super().mistakes(config)
        if self.folds == 1:
            mistakes.append("dataset.folds=1: would leave nothing to train on; give 2 or more, or 0 for none")
        elif self.fold >= max(self.folds, 1):
            allowed = f"0 to {self.folds - 1}" if self.folds else "0 without dataset.folds, the number of parts"
            mistakes.append(f"dataset.fold={self.fold}: allowed: {allowed}")
        return mistakes

    @property
    def known_task(self) -> Task | None:
        """What its targets are before anything is read; None where only the data tells."""
        return None

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """(features,) or (channels, height, width) of an example; None where only the data tells."""
        return None

    def official(self) -> Official:
        """The arrays as their authors give them. Raises UserError where files are missing or bad."""
        raise NotImplementedError

    def load(self) -> Dataset:
        """The data, split and fingerprinted; equal data is loaded once a process.

        Raises UserError where files are missing or bad, or the split leaves a side empty.
        """
        return _load(_Source(self.source(), self))

    def source(self) -> str:
        """All that the loaded arrays follow from, as JSON."""
        return self.model_dump_json()

    def reading(self) -> dict[str, Any]:
        """The keys by which files are read, by the names of `Preprocessing`; what was to be told has been."""
        return {}

    def normalisation(self, dataset: Dataset) -> tuple[list[float], list[float]]:
        """Mean and std in units of the raw inputs, one for all features or one a channel."""
        return [0.0], [1.0]

    def augment(self, dataset: Dataset) -> "sn.Augment | None":
        """What is done to training examples at random, None where nothing is."""
        return None


@dataclass(frozen=True)
class _Source:
    """A choice that equals all others of the same arrays."""

    text: str
    choice: DatasetChoice = field(compare=False)


@functools.lru_cache(maxsize=8)
def _load(source: _Source) -> Dataset:
    choice = source.choice
    official = choice.official()
    if choice.folds and not official.folded:
        official = official.folded_by(choice.folds, choice.fold, choice.seed)
    return Dataset.of(choice.name, official, choice.validation_fraction, choice.seed)


def reader_of(
    task: Task,
    shape: "Sequence[int]",
    outputs: int,
    class_names: "Sequence[str]",
    columns: "Sequence[Mapping[str, Any]] | None",
    facts: Preprocessing,
) -> "Reader":
    """What reads new data for a network that takes and gives this; `columns` are those of a table, as `Column` is."""
    from pipeline.datasets._encoding import Column, Encoding
    from pipeline.datasets._reader import Reader

    known = [Column(column["name"], tuple(column["categories"]), column.get("fill")) for column in columns or ()]
    encoding = Encoding("the model", tuple(known)) if known else None
    return Reader(task, tuple(shape), outputs, tuple(class_names), encoding, facts)


def readable(where: str, inputs: "np.ndarray") -> "np.ndarray":
    """The numbers as torch takes them, copied where they must be. Raises UserError where these are none, or masked."""
    import numpy as np

    from pipeline.datasets._assemble import typed
    from pipeline.datasets._known_arrays import numbers_of

    return typed(np.ascontiguousarray(numbers_of(where, inputs)))
