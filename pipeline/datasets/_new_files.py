"""Files of examples to predict, told by their kind: tables, arrays, images and IDX files."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.datasets import _arrays, _class_folders, _idx, _idx_folder, _image_files, _tables
from pipeline.datasets._known_arrays import other_units, pick
from pipeline.datasets._reading import check_file, read_file
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.datasets._reader import Batch, Reader

_CIFAR = {"cifar10": (1, 0, 10), "cifar100": (2, 1, 100)}  # label bytes, column of the label, classes


def batches(reader: "Reader", paths: Sequence[Path]) -> Iterator["Batch"]:
    """The examples, file by file; images that are given one by one are read together."""
    loose: list[tuple[str, Path]] = []
    for path in paths:
        if path.suffix.lower() in _image_files.SUFFIXES and not path.is_dir():
            loose.append(("", path))
            continue
        yield from _of_path(reader, path)
    if loose:
        yield from _images(reader, loose)


def _of_path(reader: "Reader", path: Path) -> Iterator["Batch"]:
    name = path.name.lower()
    if path.is_dir():
        return _of_folder(reader, path)
    check_file(path)
    if name.endswith(_tables.SUFFIXES):
        return _table(reader, path)
    if name.endswith(_arrays.SUFFIXES):
        return _of_arrays(reader, path)
    if name.endswith(".bin") and reader.facts.dataset in _CIFAR:
        return _cifar(reader, path)
    if name.endswith((".gz", ".idx")) or "ubyte" in name or not path.suffix:
        return _idx_file(reader, path)
    kinds = ", ".join((*_tables.SUFFIXES, *_arrays.SUFFIXES, *_image_files.SUFFIXES))
    raise UserError(f"{path}: no kind of file that can be read; there are {kinds}, IDX files, and folders of these")


def _of_folder(reader: "Reader", folder: Path) -> Iterator["Batch"]:
    try:
        children = sorted(child for child in folder.iterdir() if not child.name.startswith("."))
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({error.strerror}); check that it is readable") from None
    if any(child.is_dir() for child in children):
        train, test, _ = _class_folders.splits(folder)
        return _images(reader, _class_folders.class_files(test or train), str(folder))
    if images := [("", child) for child in children if child.suffix.lower() in _image_files.SUFFIXES]:
        return _images(reader, images, str(folder))
    if any(child.suffix == ".npy" for child in children):
        return _of_arrays(reader, folder)
    train_files, test_files = _idx_folder.find(folder, "")
    files = test_files or train_files
    return _idx_pair(reader, files.images, files.labels)


def _table(reader: "Reader", path: Path) -> Iterator["Batch"]:
    columns = reader.encoding.columns if reader.encoding else ()
    text = [column.name for column in columns if column.categories]
    if reader.task == "classification":
        text += reader.facts.targets
    first = 1
    for frame in _tables.table_pieces(path, reader.facts.decimal, text, max(1, min(reader.rows, 20_000))):
        yield reader.frame(frame, str(path), first)
        first += len(frame)


def _of_arrays(reader: "Reader", path: Path) -> Iterator["Batch"]:
    arrays = _arrays.read_arrays(path)
    x, y, notes = pick(str(path), arrays, reader.facts)
    return reader.array(arrays[x], arrays[y] if y else None, str(path), notes)


def _idx_file(reader: "Reader", path: Path) -> Iterator["Batch"]:
    axes = _idx.axes_of(path)
    if axes is None:
        raise UserError(f"{path}: no IDX file, nor of another known kind; give a file by the suffix of its kind")
    if axes == 1 and len(reader.shape) == 3:
        raise UserError(f"{path}: labels; give the file of the images, beside which they are found")
    labels = path.with_name(path.name.replace("images", "labels").replace(f"idx{axes}", "idx1"))
    return _idx_pair(reader, path, labels if labels != path and labels.is_file() else None)


def _idx_pair(reader: "Reader", images: Path, labels: Path | None) -> Iterator["Batch"]:
    x = _idx.read_any_idx(images)
    x = x.swapaxes(-1, -2) if reader.facts.transpose and x.ndim > 2 else x
    return reader.array(x, None if labels is None else _idx.read_any_idx(labels), str(images))


def _cifar(reader: "Reader", path: Path) -> Iterator["Batch"]:
    from pipeline.datasets._cifar import records

    return reader.array(*records(path, read_file(path), *_CIFAR[reader.facts.dataset]), str(path))


def _images(reader: "Reader", files: Sequence[tuple[str, Path]], where: str = "") -> Iterator["Batch"]:
    """Of files (class, or "" where nobody says it, and path)."""
    where = where or str(files[0][1])
    channels, height, width = _image_shape(reader, where)
    for start in range(0, len(files), reader.rows):
        part = files[start : start + reader.rows]
        paths = [path for _, path in part]
        if not reader.facts.resize:
            _check_sizes(paths, (height, width))
        pixels, notes = _image_files.read_images(where, paths, (height, width), "grey" if channels == 1 else "rgb")
        names, rows = [name for name, _ in part], np.ones(len(part), np.int64)
        targets, unknown = (
            reader.classes(names) if reader.task == "classification" and all(names) else (None, set[str]())
        )
        said = [note for note in notes if " resized " not in note] + other_units(where, pixels, reader.facts)
        yield replace(
            next(reader.array(pixels, None, where)),
            rows=rows,
            targets=targets,
            files=[str(path) for path in paths],
            notes=said,
            unknown=unknown,
        )


def _image_shape(reader: "Reader", where: str) -> tuple[int, int, int]:
    if len(reader.shape) != 3 or reader.shape[0] not in (1, 3):
        what = "a table" if reader.encoding else f"arrays, an example of shape {reader.shape}"
        raise UserError(f"{where}: images, but the model was trained on {what}; give data of that kind")
    channels, height, width = reader.shape
    return channels, height, width


def _check_sizes(paths: Sequence[Path], size: tuple[int, int]) -> None:
    for path in paths:
        if (got := _image_files.header_of(path).size) != size:
            raise UserError(
                f"{path}: {got[0]}×{got[1]} pixels (height × width), but the model was trained on {size[0]}×{size[1]}, "
                "without resizing; give images of that size"
            )
