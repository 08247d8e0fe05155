"""The arrays of a data set: as its authors give them, and as a run trains on them."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    import numpy as np

Task = Literal["classification", "regression"]
_ROWS_AT_ONCE = 256  # that are hashed: a view with gaps, such as CIFAR's records, is copied in pieces


@dataclass(frozen=True)
class Split:
    """N examples.

    inputs: uint8 (N, channels, height, width), or float64 (N, features) for toy problems.
    targets: int64 (N,) classes, or float64 (N, outputs).
    """

    inputs: "np.ndarray"
    targets: "np.ndarray"

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: "np.ndarray") -> "Split":
        """The examples of these rows, in their order."""
        return Split(self.inputs[rows], self.targets[rows])


@dataclass(frozen=True)
class Official:
    """Train and test before any split of ours, and what they are. No class names: regression."""

    train: Split
    test: Split
    class_names: tuple[str, ...] = ()
    image_shape: tuple[int, int, int] | None = None

    @property
    def task(self) -> Task:
        return "classification" if self.class_names else "regression"

    def fingerprint(self) -> str:
        """sha256 over names, types, shapes and bytes of the arrays: equal data, equal fingerprint."""
        digest = hashlib.sha256()
        for name, split in (("train", self.train), ("test", self.test)):
            for part, array in (("inputs", split.inputs), ("targets", split.targets)):
                digest.update(f"{name}.{part} {array.dtype.str} {array.shape}\n".encode())
                for start in range(0, len(array), _ROWS_AT_ONCE):
                    digest.update(array[start : start + _ROWS_AT_ONCE].tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Dataset:
    """What a run trains on. `validation` may have no rows; `test` is never trained on nor picked by."""

    name: str
    task: Task
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]  # () for regression
    image_shape: tuple[int, int, int] | None  # (channels, height, width)
    fingerprint: str  # sha256 of the official train and test arrays, before the split

    @classmethod
    def of(cls, name: str, official: Official, validation_fraction: float, seed: int) -> Self:
        """Split the training examples. Raises UserError where that leaves a side empty."""
        from pipeline.datasets._split import split_rows  # numpy comes with it, which the command line does not wait for

        train = official.train
        rows = split_rows(train.targets if official.class_names else len(train), validation_fraction, seed)
        training, validation = (train.take(part) for part in rows)
        return cls(
            name=name,
            task=official.task,
            train=training,
            validation=validation,
            test=official.test,
            class_names=official.class_names,
            image_shape=official.image_shape,
            fingerprint=official.fingerprint(),
        )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(features,) or (channels, height, width) of an example."""
        return self.train.inputs.shape[1:]

    @property
    def outputs(self) -> int:
        """How many outputs a network has: classes, or values."""
        return len(self.class_names) or int(self.train.targets.shape[1])
