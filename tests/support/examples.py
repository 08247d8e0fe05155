"""Small data as users have them: tables, arrays, IDX files, images and functions."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_diabetes, load_iris

from pipeline.datasets._idx import write_idx


def write_csv(path: Path, columns: Mapping[str, Sequence[object]], separator: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def write_iris(path: Path) -> Path:
    iris = load_iris()
    columns: dict[str, Sequence[object]] = dict(zip(("sl", "sw", "pl", "pw"), iris.data.T.tolist(), strict=True))
    return write_csv(path, columns | {"species": [str(iris.target_names[k]) for k in iris.target]})


def write_diabetes(path: Path) -> Path:
    diabetes = load_diabetes(scaled=False)
    columns: dict[str, Sequence[object]] = dict(zip(diabetes.feature_names, diabetes.data.T.tolist(), strict=True))
    return write_csv(path, columns | {"progression": diabetes.target.tolist()})


def blobs(count: int, features: int = 6, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Points (count, features) around the corner of their class, and the classes (count,), in turn."""
    y = np.arange(count) % classes
    x = np.random.default_rng(0).normal(size=(count, features))
    x[np.arange(count), y] += 4
    return x, y


def write_tags(path: Path) -> Path:
    """Labels sky, sea and car, of which each of 120 examples has any number."""
    x, _ = blobs(120)
    flags = (x[:, :3] + np.random.default_rng(1).normal(size=(120, 3)) > 1).astype(int)
    columns = dict(zip("abcdef", x.T.round(3).tolist(), strict=True))
    return write_csv(path, columns | dict(zip(("sky", "sea", "car"), flags.T.tolist(), strict=True)))


def write_lab(path: Path, count: int = 60) -> Path:
    """As courses cache them: columns are examples, in x and in one-hot y."""
    x, y = blobs(count)
    np.savez(path, x=x.T, y=np.eye(3)[:, y])
    return path


def pictures(count: int, side: int = 8, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """uint8 images (count, side, side), brighter by class and nowhere alike, and their classes."""
    y = np.arange(count) % classes
    noise = np.random.default_rng(1).integers(0, 60, (count, side, side))
    return (noise + 60 * y[:, None, None]).astype(np.uint8), y


def write_idx_folder(folder: Path, first: int = 0, name: str = "") -> Path:
    """train-… and t10k-… files, 60 and 15 images, labels from `first`."""
    folder.mkdir()
    for part, count in (("train", 60), ("t10k", 15)):
        x, y = pictures(count)
        write_idx(folder / f"{name}{part}-images-idx3-ubyte.gz", x)
        write_idx(folder / f"{name}{part}-labels-idx1-ubyte.gz", (y + first).astype(np.uint8))
    return folder


def write_pictures(folder: Path, count: int = 30) -> Path:
    """PNGs in folders circle/, cross/ and star/."""
    x, y = pictures(count)
    for name in ("circle", "cross", "star"):
        (folder / name).mkdir(parents=True)
    for number, (image, k) in enumerate(zip(x, y, strict=True)):
        Image.fromarray(image).save(folder / ("circle", "cross", "star")[k] / f"{number}.png")
    return folder


def write_module(folder: Path, name: str, body: str) -> Path:
    """NAME.py with a function load whose lines are `body`."""
    path = folder / f"{name}.py"
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    path.write_text(f"import numpy as np\n\n\ndef load():\n{lines}", encoding="utf-8")
    return path
