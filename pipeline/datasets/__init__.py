"""Data sets: read from official files or drawn by a formula, split, and fingerprinted.

To add one, write a function that returns its `Official` arrays, put it into `LOADERS`, and give it a section in
pipeline/config.py and a file in conf/dataset/. What it takes of `root`, `seed`, `samples` and `coarse_labels` is
read off its signature.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.datasets import cifar, fashion_mnist, toy
from pipeline.datasets.official import Official, Split
from pipeline.datasets.split import split_rows
from pipeline.errors import UserError

__all__ = ["LOADERS", "Dataset", "Official", "Split", "load_dataset"]

LOADERS: dict[str, Callable[..., Official]] = {
    "fashion_mnist": fashion_mnist.load,
    "fashion_mnist_mini": fashion_mnist.load_mini,
    "cifar10": cifar.load_cifar10,
    "cifar100": cifar.load_cifar100,
    **toy.FORMULAS,
}


@dataclass(frozen=True)
class Dataset:
    """What a run trains on. `validation` may have no rows; `test` is never trained on nor picked by."""

    name: str
    task: Literal["classification", "regression"]
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]  # () for regression
    image_shape: tuple[int, int, int] | None  # (channels, height, width)
    fingerprint: str  # sha256 of the official train and test arrays, before the split


def load_dataset(
    name: str,
    *,
    root: str | None = None,
    validation_fraction: float = 0.1,
    seed: int = 0,
    samples: int | None = None,
    coarse_labels: bool = False,
) -> Dataset:
    """Load and split a data set. Images take `root` (CIFAR-100 also `coarse_labels`), toy problems `samples`.

    `seed` draws the split, and the points of toy problems. Raises UserError where files are missing or bad, an
    option is not one of this data set, or the split leaves a side empty.
    """
    if name not in LOADERS:
        raise UserError(f"dataset={name}: no such data set; there are {', '.join(LOADERS)}")
    takes = inspect.signature(LOADERS[name]).parameters
    options: dict[str, Any] = {"root": root, "samples": samples, "coarse_labels": coarse_labels or None}
    options = {option: value for option, value in options.items() if value is not None}
    for option in options:
        if option not in takes:
            raise UserError(f"dataset.{option}: dataset={name} does not take it; leave it out")
    if "seed" in takes:
        options["seed"] = seed
    official = LOADERS[name](**options)
    classes = official.task == "classification"
    rows = split_rows(official.train.targets if classes else len(official.train), validation_fraction, seed)
    train, validation = (official.train.take(part) for part in rows)
    return Dataset(
        name=name,
        task=official.task,
        train=train,
        validation=validation,
        test=official.test,
        class_names=official.class_names,
        image_shape=official.image_shape,
        fingerprint=official.fingerprint(),
    )
