"""CIFAR-10 and CIFAR-100 (A. Krizhevsky, 2009) in the official binary layout: 32 × 32 colour images.

A record is one label byte (CIFAR-100: coarse, then fine) and 3072 pixel bytes: red, green, blue, each row by row.
The folder of extracted files is read, or the official archive in place. The layout for Python is pickled, and
unpickling runs whatever code a file contains: it is refused.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.datasets.archive import read_archive
from pipeline.datasets.official import Official, Split
from pipeline.datasets.reading import check_labels, read_file
from pipeline.datasets.sources import Source
from pipeline.errors import UserError

PIXELS, SHAPE = 3 * 32 * 32, (3, 32, 32)
URL = "https://www.cs.toronto.edu/~kriz/"
TRAIN10 = [f"data_batch_{i}.bin" for i in range(1, 6)]
FILES10 = [*TRAIN10, "test_batch.bin", "batches.meta.txt"]
FILES100 = ["train.bin", "test.bin", "fine_label_names.txt", "coarse_label_names.txt"]
Reader = Callable[[str], tuple[Path, bytes]]  # file name -> where it lies, and its bytes


def _source(number: int, folder: str, files: list[str], pickled: str, published_hash: str) -> Source:
    archive = f"cifar-{number}-binary.tar.gz"
    return Source(
        name=f"cifar{number}",
        layouts=[[f"{folder}/{file}" for file in files], files, [archive]],
        system_folder=Path(f"/usr/share/datasets/cifar-{number}"),
        url=URL,
        downloads={archive: published_hash},
        ways=f"get {archive} (the binary version) from {URL}cifar.html and give the folder it is in, extracted or "
        "not, as dataset.root=FOLDER",
        pickled=[f"cifar-{number}-python.tar.gz", pickled],
    )


CIFAR10 = _source(10, "cifar-10-batches-bin", FILES10, "cifar-10-batches-py", "md5:c32a1d4ab5d03f1284b67883e8d87530")
CIFAR100 = _source(100, "cifar-100-binary", FILES100, "cifar-100-python", "md5:03b5dce01913d631647c71ecec9e9cb8")


def load_cifar10(root: str | None = None) -> Official:
    """50 000 + 10 000 images of ten classes. Raises UserError where it is not to be had, or a file is bad."""
    read = _reader(CIFAR10, FILES10, root)
    names = _names(*read("batches.meta.txt"), 10)
    parts = [_records(*read(file), 1, 0, 10) for file in TRAIN10]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Official(Split(images, labels), Split(*_records(*read("test_batch.bin"), 1, 0, 10)), names, SHAPE)


def load_cifar100(root: str | None = None, coarse_labels: bool = False) -> Official:
    """50 000 + 10 000 images of 100 classes, or of their 20 superclasses by `coarse_labels`."""
    read = _reader(CIFAR100, FILES100, root)
    kind, column, classes = ("coarse", 0, 20) if coarse_labels else ("fine", 1, 100)
    names = _names(*read(f"{kind}_label_names.txt"), classes)
    train, test = (Split(*_records(*read(file), 2, column, classes)) for file in ("train.bin", "test.bin"))
    return Official(train, test, names, SHAPE)


def _reader(source: Source, names: list[str], root: str | None) -> Reader:
    """How to get at the files that `source` finds, extracted or in their archive."""
    files = source.find(root)
    if names[0] in files:
        return lambda name: (files[name], read_file(files[name]))
    (archive,) = files.values()
    members = read_archive(archive, names)
    return lambda name: (archive / name, members[name])


def _records(path: Path, data: bytes, label_bytes: int, column: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 3, 32, 32) uint8 and labels (N,) int64 of one file."""
    size = label_bytes + PIXELS
    if not data or len(data) % size:
        raise UserError(f"{path}: {len(data)} bytes are no whole number of records of {size}; get the file again")
    rows = np.frombuffer(data, np.uint8).reshape(-1, size)
    check_labels(path, rows[:, column], classes)
    return rows[:, label_bytes:].reshape(-1, *SHAPE), rows[:, column].astype(np.int64)


def _names(path: Path, data: bytes, classes: int) -> tuple[str, ...]:
    """Class names, one a line; the official file ends in empty lines."""
    names = tuple(line.strip() for line in data.decode("utf-8", "replace").splitlines() if line.strip())
    if len(names) != classes:
        raise UserError(f"{path}: {len(names)} class names, expected {classes}; get the file again")
    return names
