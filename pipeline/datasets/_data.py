"""The arrays of a data set: as its authors give them, and as a run trains on them."""

import hashlib
import re
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    import numpy as np

    from pipeline.datasets._encoding import Encoding

Task = Literal["classification", "multilabel", "regression"]
_BIBTEX = re.compile(r"\s*@\w+\s*\{\s*([^\s,{}]+)\s*,.*\}\s*", re.DOTALL)
_ROWS_AT_ONCE = 256  # that are hashed: a view with gaps, such as CIFAR's records, is copied in pieces


@dataclass(frozen=True)
class Split:
    """N examples.

    inputs: (N, features) or (N, channels, height, width), uint8, float32 or float64.
    targets: int64 (N,) classes, float64 (N, labels) of 0s and 1s, or float64 (N, outputs) values.
    """

    inputs: "np.ndarray"
    targets: "np.ndarray"

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: "np.ndarray") -> "Split":
        """The examples of these rows, in their order."""
        return Split(self.inputs[rows], self.targets[rows])

    def scaled(self, mean: list[float], std: list[float]) -> "Split":
        """With targets (value − mean) / std."""
        return Split(self.inputs, (self.targets - mean) / std)


@dataclass(frozen=True)
class Card:
    """What is said of a data set in words.

    title: what its user calls it. source: where it was read from. licence, citation: as its user gives them; a
    citation is an entry of BibTeX or words. notes: what was decided in reading it, a line each.
    """

    title: str
    source: str = ""
    licence: str | None = None
    citation: str | None = None
    notes: tuple[str, ...] = ()
    test_split: Literal["given", "drawn", "fold"] = "given"
    validation_split: Literal["given", "drawn"] = "drawn"


@dataclass(frozen=True)
class Official:
    """Train and test before any split of ours, and what they are. No class names: regression.

    `validation`: where the examples for it are given too, None where they are drawn from `train`.
    """

    train: Split
    test: Split
    class_names: tuple[str, ...] = ()
    image_shape: tuple[int, int, int] | None = None
    card: Card | None = None
    encoding: "Encoding | None" = None  # of a table: how its columns became features
    scale_targets: bool = False  # values, not classes, to mean 0 and deviation 1 over the training split
    code: str = ""  # a hash of the program that made the arrays, where that is the user's
    class_values: tuple[str, ...] = ()  # what stands for each class in the files; (): 0, 1, …
    target_names: tuple[str, ...] = ("target",)  # the columns, or the array, that the targets were in
    examples_axis: Literal[0, -1] = 0  # of the arrays that were read
    validation: Split | None = None
    folded: bool = False  # whether the test split is one fold of cross-validation

    def folded_by(self, folds: int, fold: int, seed: int) -> "Official":
        """The training examples alone, one fold of them for test."""
        from pipeline.datasets._split import fold_rows

        train, test = (self.train.take(rows) for rows in fold_rows(self.strata, folds, fold, seed))
        card = replace(self.card, test_split="fold") if self.card else None
        return replace(self, train=train, test=test, card=card, folded=True)

    @property
    def task(self) -> Task:
        if not self.class_names:
            return "regression"
        return "classification" if self.train.targets.ndim == 1 else "multilabel"

    @property
    def strata(self) -> "np.ndarray | int":
        """What `split_rows` draws by: the classes, or the number of examples where none has a single one."""
        return self.train.targets if self.task == "classification" else len(self.train)

    def fingerprint(self) -> str:
        """sha256 over names, types, shapes and bytes of the arrays: equal data, equal fingerprint."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        splits = {"train": self.train, "test": self.test}
        for name, split in (splits | ({"validation": self.validation} if self.validation else {})).items():
            for part, array in (("inputs", split.inputs), ("targets", split.targets)):
                digest.update(f"{name}.{part} {array.dtype.str} {array.shape}\n".encode())
                for start in range(0, len(array), _ROWS_AT_ONCE):
                    digest.update(array[start : start + _ROWS_AT_ONCE].tobytes())
        digest.update(self.code.encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Dataset:
    """What a run trains on. `validation` may have no rows; `test` is never trained on nor picked by.

    Where there is a `target_scale`, mean and deviation of each output over the training split, targets are
    (value − mean) / deviation in all splits.
    """

    name: str
    task: Task
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]  # of labels where there are several; () for regression
    image_shape: tuple[int, int, int] | None  # (channels, height, width)
    fingerprint: str  # sha256 of the official train and test arrays, before the split
    card: Card
    encoding: "Encoding | None" = None
    target_scale: tuple[list[float], list[float]] | None = None
    class_values: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ("target",)
    examples_axis: Literal[0, -1] = 0

    @classmethod
    def of(cls, name: str, official: Official, validation_fraction: float, seed: int) -> Self:
        """Split the training examples. Raises UserError where that leaves a side empty."""
        from pipeline.datasets._split import split_rows  # numpy comes with it, which the command line does not wait for

        train = official.train
        if official.validation is None:
            rows = split_rows(official.strata, validation_fraction, seed)
            training, validation = (train.take(part) for part in rows)
        else:
            training, validation = train, official.validation
        test, scale = official.test, None
        if official.scale_targets and official.task == "regression":
            from pipeline.datasets._statistics import mean_and_std

            scale = mean_and_std(training.targets)
            training, validation, test = (split.scaled(*scale) for split in (training, validation, test))
        return cls(
            name=name,
            task=official.task,
            train=training,
            validation=validation,
            test=test,
            class_names=official.class_names,
            image_shape=official.image_shape,
            fingerprint=official.fingerprint(),
            card=official.card or Card(name),
            encoding=official.encoding,
            target_scale=scale,
            class_values=official.class_values or _numbers(official),
            target_names=official.target_names,
            examples_axis=official.examples_axis,
        )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(features,) or (channels, height, width) of an example."""
        return self.train.inputs.shape[1:]

    @property
    def outputs(self) -> int:
        """How many classes, labels or values there are."""
        return len(self.class_names) or int(self.train.targets.shape[1])

    @cached_property
    def statistics(self) -> tuple[list[float], list[float]]:
        """Mean and standard deviation of each feature, or channel, over the training split alone."""
        from pipeline.datasets._statistics import mean_and_std

        return mean_and_std(self.train.inputs)

    @cached_property
    def shared(self) -> Self:
        """The same, with its arrays in memory that this process's workers map."""
        from pipeline.pool import share

        other = copy(self)  # with what has been worked out
        for name in ("train", "validation", "test"):
            split = getattr(self, name)
            vars(other)[name] = Split(share(split.inputs), share(split.targets))
        return other

    def in_units(self, values: "np.ndarray") -> "np.ndarray":
        """Targets, or outputs for them, in the units of the data."""
        if self.target_scale is None:
            return values
        mean, std = self.target_scale
        return values * std + mean

    def facts(self) -> dict[str, Any]:
        """The data card, for result.json: what is said of the data, and how many examples each class has."""
        card = self.card
        facts: dict[str, Any] = {"title": card.title, "source": card.source, "test_split": card.test_split}
        facts["validation_split"] = card.validation_split
        facts |= {"licence": card.licence, "citation": card.citation, "notes": list(card.notes)}
        if not self.class_names:
            return facts
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        counts = {name: counted(split.targets, len(self.class_names)).tolist() for name, split in splits.items()}
        return facts | {"classes": list(self.class_names), "examples_of_classes": counts}


def names_of_outputs(names: tuple[str, ...], count: int) -> tuple[str, ...]:
    """A name for each of `count` targets: those that they have, or numbers behind the first."""
    return names if len(names) == count else tuple(f"{names[0]}_{k}" for k in range(count))


def counted(targets: "np.ndarray", classes: int) -> "np.ndarray":
    """(K,) how many examples have each class, or each label."""
    import numpy as np

    return np.bincount(targets, minlength=classes) if targets.ndim == 1 else targets.sum(0).astype(np.int64)


def _numbers(official: Official) -> tuple[str, ...]:
    """How files call classes that have no other name."""
    return tuple(map(str, range(len(official.class_names)))) if official.task == "classification" else ()


def bibtex_key(citation: str) -> str | None:
    """The key of an entry of BibTeX, None where the text is no entry."""
    entry = _BIBTEX.fullmatch(citation)
    return entry.group(1) if entry else None
