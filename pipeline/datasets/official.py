"""The arrays of a data set as its authors give them: train and test, before any split of ours."""

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np

ROWS_AT_ONCE = 256  # that are hashed: a view with gaps, such as CIFAR's records, is copied in pieces


@dataclass(frozen=True)
class Split:
    """N examples.

    inputs: uint8 (N, channels, height, width), or float64 (N, features) for toy problems.
    targets: int64 (N,) classes, or float64 (N, outputs).
    """

    inputs: np.ndarray
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: np.ndarray) -> "Split":
        """The given rows, in their order."""
        return Split(self.inputs[rows], self.targets[rows])


@dataclass(frozen=True)
class Official:
    """Train and test, and what they are."""

    train: Split
    test: Split
    class_names: tuple[str, ...] = ()
    image_shape: tuple[int, int, int] | None = None

    @property
    def task(self) -> Literal["classification", "regression"]:
        return "classification" if self.class_names else "regression"

    def fingerprint(self) -> str:
        """sha256 over names, types, shapes and bytes of the arrays: equal data, equal fingerprint."""
        digest = hashlib.sha256()
        for name in ("train", "test"):
            split = getattr(self, name)
            for part in ("inputs", "targets"):
                array = getattr(split, part)
                digest.update(f"{name}.{part} {array.dtype.str} {array.shape}\n".encode())
                for start in range(0, len(array), ROWS_AT_ONCE):
                    digest.update(np.ascontiguousarray(array[start : start + ROWS_AT_ONCE]).data)
        return digest.hexdigest()
