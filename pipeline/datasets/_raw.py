"""What a reader gives, and what the user has said of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import numpy as np

from pipeline.datasets._data import Card

if TYPE_CHECKING:
    import pandas as pd

Inputs: TypeAlias = "np.ndarray | pd.DataFrame"


@dataclass(frozen=True)
class Part:
    """N examples as they were read: inputs are a data frame, or an array (N, …)."""

    inputs: "Inputs"
    targets: np.ndarray


@dataclass(frozen=True)
class Raw:
    """What a reader gives. `where` names the inputs and `target` the targets in messages."""

    where: str
    target: str
    train: Part
    test: Part | None = None  # None: to be drawn
    validation: Part | None = None  # None: to be drawn of train
    class_names: tuple[str, ...] | None = None  # that the files say, in the order of the values
    target_names: tuple[str, ...] = ()  # the columns that the targets were in, or the array
    channels_first: bool = False  # whether images (N, …) with channels are known to have these first
    most_categories: int = 0  # texts in a column of a table
    code: str = ""
    notes: tuple[str, ...] = ()
    examples_axis: Literal[0, -1] = 0  # of the arrays that were read


class Options(Protocol):
    """The keys of a data set that a user brings, as far as they decide on splits, targets and scales."""

    @property
    def task(self) -> Literal["auto", "classification", "multilabel", "regression"]: ...
    @property
    def test_fraction(self) -> float: ...
    @property
    def test_seed(self) -> int: ...
    @property
    def validation_fraction(self) -> float: ...
    @property
    def seed(self) -> int: ...
    @property
    def folds(self) -> int: ...
    @property
    def fold(self) -> int: ...
    @property
    def standardise(self) -> bool: ...
    def names_of_classes(self) -> list[str] | None: ...
    def card(self, where: str, notes: tuple[str, ...]) -> Card: ...
