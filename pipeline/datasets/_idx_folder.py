"""A folder of IDX files: which of them are images and labels, of which split."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.datasets._idx import axes_of
from pipeline.errors import UserError

_TEST = ("t10k", "test")


@dataclass(frozen=True)
class Files:
    """Images and labels of one split."""

    images: Path
    labels: Path


def find(folder: Path, prefix: str) -> tuple[Files, Files | None]:
    """Train and test, where there is one: labels have one axis, images more, and test files are named so.

    Raises UserError where they are not there, or several could be meant.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and not path.is_dir())
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({error.strerror}); check that it is readable") from None
    candidates = [path for path in paths if path.name.startswith(prefix) and _may_be_idx(path)]
    axes = {path: count for path in candidates if (count := axes_of(path))}
    if not axes:
        what = f" whose names begin with {prefix}" if prefix else ""
        raise UserError(
            f"{folder}: no IDX files{what}; put …-images-idx3-ubyte and …-labels-idx1-ubyte there (.gz or not)"
        )
    train = _split(folder, {path: count for path, count in axes.items() if not _is_test(path)}, "training")
    test = {path: count for path, count in axes.items() if _is_test(path)}
    return train, _split(folder, test, "test") if test else None


def _may_be_idx(path: Path) -> bool:
    return "idx" in path.name or "ubyte" in path.name or path.suffix in (".gz", ".idx", "")


def _is_test(path: Path) -> bool:
    return any(word in path.name.lower() for word in _TEST)


def _split(folder: Path, axes: dict[Path, int], split: str) -> Files:
    images = [path for path, count in axes.items() if count > 1]
    labels = [path for path, count in axes.items() if count == 1]
    for paths, what in ((images, "images"), (labels, "labels")):
        if not paths:
            raise UserError(f"{folder}: no IDX file of {what} for {split}; put it beside the others")
        if len(paths) > 1:
            names = ", ".join(path.name for path in paths[:4]) + ", …" * (len(paths) > 4)
            raise UserError(
                f"{folder}: several IDX files of {what} for {split} ({names}); say which by dataset.prefix=, "
                "how their names begin"
            )
    return Files(images[0], labels[0])
