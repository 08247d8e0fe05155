"""Folders of images, a folder a class."""

from pathlib import Path

import numpy as np

from pipeline.datasets._image_files import SUFFIXES, Colours, read_images
from pipeline.datasets._raw import Part, Raw
from pipeline.errors import UserError

_TRAIN, _TEST = ("train", "training"), ("test", "testing")


def raw_of_folder(folder: Path, size: tuple[int, int] | None, colours: Colours) -> Raw:
    """Images and the names of the folders that they are in. Raises UserError that names file or folder."""
    train, test, notes = splits(folder)
    files = [class_files(place) for place in (train, test) if place]
    paths = [path for split in files for _, path in split]
    images, more = read_images(str(folder), paths, size, colours)
    labels = np.array([name for split in files for name, _ in split], dtype=str)
    n = len(files[0])
    held_out = Part(images[n:], labels[n:]) if test else None
    target = f"{train}: folders as classes"
    return Raw(str(folder), target, Part(images[:n], labels[:n]), held_out, channels_first=True, notes=(*notes, *more))


def changed(folder: Path) -> str:
    """When each of the images was last changed."""
    train, test, _ = splits(folder)
    stamps = [(path, path.stat()) for place in (train, test) if place for _, path in class_files(place)]
    return "".join(f"{path} {status.st_mtime_ns} {status.st_size}\n" for path, status in stamps)


def splits(folder: Path) -> tuple[Path, Path | None, list[str]]:
    children = {child.name.lower(): child for child in _folders(folder)}
    train = next((children[name] for name in _TRAIN if name in children), None)
    test = next((children[name] for name in _TEST if name in children), None)
    if train is None or not _folders(train):
        if test is not None and _folders(test):
            raise UserError(
                f"{folder}: holds {test.name}/ and no train/; put the training images there, a folder a class"
            )
        return folder, None, []
    others = [child.name for child in children.values() if child not in (train, test)]
    notes = [f"{folder}: not used: {', '.join(sorted(others))}; the validation split is drawn"] if others else []
    return train, test, notes


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({error.strerror}); check that it is readable") from None


def class_files(folder: Path) -> list[tuple[str, Path]]:
    """Class and path of each image."""
    classes = _folders(folder)
    if not classes:
        loose = any(child.suffix.lower() in SUFFIXES for child in folder.iterdir())
        what = "images, and no folders" if loose else "no folders"
        raise UserError(f"{folder}: holds {what}; put the images of each class into a folder of its name")
    files = []
    for place in classes:
        images = sorted(
            path
            for path in place.rglob("*")
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and not path.is_dir()
        )
        if not images:
            raise UserError(
                f"{place}: no {', '.join(SUFFIXES)} in this folder; put images of the class there, or remove it"
            )
        files += [(place.name, path) for path in images]
    return files
