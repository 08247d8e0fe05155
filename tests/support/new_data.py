"""Data of each kind to train on, and files of the same kind to predict."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from examples import write_csv, write_idx_folder, write_iris, write_lab, write_pictures
from sklearn.datasets import load_digits
from sklearn.datasets import load_iris as sklearn_iris


def write_mixed(path: Path, count: int = 60) -> Path:
    """Numbers, whole numbers and text; two targets that follow from them."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(10, 3, count), rng.integers(0, 5, count)
    c = rng.choice(["red", "green", "blue"], count)
    columns: dict[str, Any] = {"a": a.tolist(), "b": b.tolist(), "c": c.tolist()}
    return write_csv(path, columns | {"y": (2 * a + b).tolist(), "z": (100.0 * (c == "red") - a).tolist()})


def write_digits(path: Path) -> Path:
    digits = load_digits()
    np.savez(path, x=digits.images[:50].astype(np.uint8), y=digits.target[:50])
    return path


def write_sklearn_iris(path: Path) -> Path:
    sklearn_iris(as_frame=True).frame.to_csv(path, index=False)
    return path


MINI = Path(__file__).parents[2] / "pipeline" / "datasets" / "fashion_mnist_mini"
KINDS: dict[str, tuple[Callable[[Path], Path], list[str], str]] = {
    "iris": (lambda to: write_iris(to / "iris.csv"), ["table", "path=iris.csv", "target=species"], ""),
    "mixed": (lambda to: write_mixed(to / "mixed.csv"), ["table", "path=mixed.csv", "target=[y,z]"], ""),
    "lab": (lambda to: write_lab(to / "lab.npz"), ["arrays", "path=lab.npz"], ""),
    "kmnist": (lambda to: write_idx_folder(to / "kmnist"), ["idx", "path=kmnist"], ""),
    "shapes": (lambda to: write_pictures(to / "shapes"), ["image_folder", "path=shapes"], ""),
    "digits": (lambda to: write_digits(to / "digits.npz"), ["sklearn", "loader=digits"], ""),
    "flowers": (lambda to: write_sklearn_iris(to / "flowers.csv"), ["sklearn", "loader=iris"], ""),
    "function": (
        lambda to: _of_function(to),
        ["function", "function=my_predicted:load"],
        "return np.arange(240.0).reshape(60, 4) % 7, np.arange(60) % 3",
    ),
    "mini": (lambda to: MINI, ["fashion_mnist_mini"], ""),
}


def _of_function(to: Path) -> Path:
    np.savez(to / "function.npz", x=np.arange(240.0).reshape(60, 4) % 7, y=np.arange(60) % 3)
    return to / "function.npz"
