"""The data sets that a run can train on: each choice of `dataset` is a module here."""

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.choices import Choice, Probability, Seed
from pipeline.datasets._data import Card, Dataset, Official, Split, Task, bibtex_key, counted

if TYPE_CHECKING:
    import scratchnet as sn

__all__ = ["Card", "Dataset", "DatasetChoice", "Official", "Split", "Task", "bibtex_key", "counted"]


class DatasetChoice(Choice):
    """What all data sets have."""

    validation_fraction: Probability = Field(description="the share of the training examples kept for validation")
    seed: Seed = Field(description="a whole number, 0 or more: draws the split, and the points of toy problems")

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
    return Dataset.of(choice.name, choice.official(), choice.validation_fraction, choice.seed)
