"""CIFAR-10 and CIFAR-100 (A. Krizhevsky, 2009) in the official binary layout: 32 × 32 colour images.

A record is one label byte (CIFAR-100: coarse, then fine) and 3072 pixel bytes: red, green, blue, each row by row.
The folder of extracted files is read, or the official archive in place. The layout for Python is pickled, and
unpickling runs whatever code a file contains: it is refused.
"""

import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np

from pipeline.datasets.official import Official, Split
from pipeline.datasets.sources import Source, check_labels, read_file
from pipeline.errors import UserError

PIXELS, SHAPE = 3 * 32 * 32, (3, 32, 32)
TRAIN10 = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
URL = "https://www.cs.toronto.edu/~kriz/"
Reader = Callable[[str], tuple[Path, bytes]]  # file name -> where it lies, and its bytes


def _source(name: str, folder: str, files: tuple[str, ...], system: str, archive: str, known_hash: str) -> Source:
    return Source(
        name=name,
        layouts=[[f"{folder}/{file}" for file in files], files, [archive]],
        system_folder=Path("/usr/share/datasets") / system,
        url=URL,
        downloads={archive: known_hash},
        ways=f"get {archive} (the binary version) from {URL}cifar.html and give the folder it is in, extracted or "
        "not, as dataset.root=FOLDER",
    )


CIFAR10 = _source(
    "cifar10",
    "cifar-10-batches-bin",
    (*TRAIN10, "test_batch.bin", "batches.meta.txt"),
    "cifar-10",
    "cifar-10-binary.tar.gz",
    "md5:c32a1d4ab5d03f1284b67883e8d87530",
)
CIFAR100 = _source(
    "cifar100",
    "cifar-100-binary",
    ("train.bin", "test.bin", "fine_label_names.txt", "coarse_label_names.txt"),
    "cifar-100",
    "cifar-100-binary.tar.gz",
    "md5:03b5dce01913d631647c71ecec9e9cb8",
)


def load_cifar10(root: str | None = None) -> Official:
    """50 000 + 10 000 images of ten classes. Raises UserError where it is not to be had, or a file is bad."""
    read = _reader(CIFAR10, root)
    names = _names(*read("batches.meta.txt"), 10)
    parts = [_records(*read(file), 1, 0, 10) for file in TRAIN10]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Official(Split(images, labels), Split(*_records(*read("test_batch.bin"), 1, 0, 10)), names, SHAPE)


def load_cifar100(root: str | None = None, coarse_labels: bool = False) -> Official:
    """50 000 + 10 000 images of 100 classes, or of their 20 superclasses by `coarse_labels`."""
    read = _reader(CIFAR100, root)
    kind, column, classes = ("coarse", 0, 20) if coarse_labels else ("fine", 1, 100)
    names = _names(*read(f"{kind}_label_names.txt"), classes)
    train, test = (Split(*_records(*read(file), 2, column, classes)) for file in ("train.bin", "test.bin"))
    return Official(train, test, names, SHAPE)


def _records(path: Path, data: bytes, label_bytes: int, column: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 3, 32, 32) uint8 and labels (N,) int64 of one file."""
    size = label_bytes + PIXELS
    if not data or len(data) % size:
        raise UserError(f"{path}: {len(data)} bytes are no whole number of records of {size}; get the file again")
    rows = np.frombuffer(data, np.uint8).reshape(-1, size)
    check_labels(path, rows[:, column], classes)
    return rows[:, label_bytes:].reshape(-1, *SHAPE), rows[:, column].astype(np.int64)


def _names(path: Path, data: bytes, classes: int) -> tuple[str, ...]:
    names = tuple(line.strip() for line in data.decode("utf-8", "replace").splitlines() if line.strip())
    if len(names) != classes:
        raise UserError(f"{path}: {len(names)} class names, expected {classes}; get the file again")
    return names


def _reader(source: Source, root: str | None) -> Reader:
    """How to get at the files of the folder that `source` finds, extracted or not."""
    if root is not None:
        _refuse_pickles(Path(root).expanduser(), source)
    folder = source.find(root)
    (nested, *_), (flat, *_), (archive,) = source.layouts
    if (folder / archive).exists() and not (folder / nested).exists() and not (folder / flat).exists():
        return _archive_reader(folder / archive)
    inner = (folder / nested).parent if (folder / nested).exists() else folder
    return lambda file: (inner / file, read_file(inner / file))


def _archive_reader(archive: Path) -> Reader:
    """Read members by their file name, in one pass, without extracting anything."""
    members: dict[str, bytes] = {}
    if archive.is_dir():
        raise UserError(f"{archive}: a folder where a file is expected; put the official archive there")
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if path.is_absolute() or ".." in path.parts or member.issym() or member.islnk():
                    raise UserError(f"{archive}: holds {member.name!r}, which points outside; get the official archive")
                if member.isfile() and (stream := tar.extractfile(member)):
                    members[path.name] = stream.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UserError(f"{archive}: not a whole .tar.gz ({error}); get the file again") from None

    def read(file: str) -> tuple[Path, bytes]:
        if file not in members:
            raise UserError(f"{archive}: {file} is missing in it; get the official binary version")
        return archive / file, members[file]

    return read


def _refuse_pickles(root: Path, source: Source) -> None:
    number = source.name.removeprefix("cifar")
    for name in (f"cifar-{number}-python.tar.gz", f"cifar-{number}-batches-py", f"cifar-{number}-python"):
        found = root if root.name == name else root / name
        if found.exists() and not source.complete(root):
            raise UserError(f"{found}: the Python version is pickled, and unpickling can run any code; {source.ways}")
