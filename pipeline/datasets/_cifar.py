"""CIFAR-10 and CIFAR-100 in the official binary layout: 32 × 32 colour images.

A record is one label byte (CIFAR-100: coarse, then fine) and 3072 pixel bytes: red, green, blue, each row by row.
The folder of extracted files is read, or the official archive in place. The layout for Python is pickled, and
unpickling runs whatever code a file contains: it is refused.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.datasets._archive import read_archive
from pipeline.datasets._reading import check_labels, read_file
from pipeline.datasets._sources import Source
from pipeline.errors import UserError

SHAPE = (3, 32, 32)
_PIXELS = 3 * 32 * 32
_URL = "https://www.cs.toronto.edu/~kriz/"
Reader = Callable[[str], tuple[Path, bytes]]  # file name -> where it lies, and its bytes


def source_of(number: int, folder: str, files: list[str], pickled: str, published_hash: str) -> Source:
    """Where CIFAR-`number` is to be had."""
    archive = f"cifar-{number}-binary.tar.gz"
    return Source(
        name=f"cifar{number}",
        layouts=[[f"{folder}/{file}" for file in files], files, [archive]],
        system_folder=Path(f"/usr/share/datasets/cifar-{number}"),
        url=_URL,
        downloads={archive: published_hash},
        ways=f"get {archive} (the binary version) from {_URL}cifar.html and give the folder it is in, extracted or "
        "not, as dataset.root=FOLDER",
        pickled=[f"cifar-{number}-python.tar.gz", pickled],
    )


def reader(source: Source, names: list[str], root: str | None) -> Reader:
    """How to get at the files that `source` finds, extracted or in their archive."""
    files = source.find(root)
    if names[0] in files:
        return lambda name: (files[name], read_file(files[name]))
    (archive,) = files.values()
    members = read_archive(archive, names)
    return lambda name: (archive / name, members[name])


def records(path: Path, data: bytes, label_bytes: int, column: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 3, 32, 32) uint8 and labels (N,) int64 of one file."""
    size = label_bytes + _PIXELS
    if not data or len(data) % size:
        raise UserError(f"{path}: {len(data)} bytes are no whole number of records of {size}; get the file again")
    rows = np.frombuffer(data, np.uint8).reshape(-1, size)
    check_labels(path, rows[:, column], classes)
    return rows[:, label_bytes:].reshape(-1, *SHAPE), rows[:, column].astype(np.int64)


def class_names(path: Path, data: bytes, classes: int) -> tuple[str, ...]:
    """Class names, one a line; the official file ends in empty lines."""
    names = tuple(line.strip() for line in data.decode("utf-8", "replace").splitlines() if line.strip())
    if len(names) != classes:
        raise UserError(f"{path}: {len(names)} class names, expected {classes}; get the file again")
    return names
