"""Small problems drawn by a formula: `samples` points for training and validation, a fifth more for test."""

from collections.abc import Callable

import numpy as np

from pipeline.datasets.official import Official, Split
from pipeline.errors import UserError


def linear(samples: int = 10_000, seed: int = 0) -> Official:
    """Rotate a point of the plane by 90°: (x1, x2) -> (−x2, x1), x standard normal. Regression."""
    return _regression(samples, seed, lambda x: np.stack([-x[:, 1], x[:, 0]], 1))


def folded(samples: int = 10_000, seed: int = 0) -> Official:
    """Rotate by 90° after folding the plane: (x1, x2) -> (−|x2|, x1), x standard normal. Regression."""
    return _regression(samples, seed, lambda x: np.stack([-np.abs(x[:, 1]), x[:, 0]], 1))


def square(samples: int = 10_000, seed: int = 0) -> Official:
    """Is a uniform point of [0, 4]² inside the square [2, 3] × [1, 2]? Two classes, 1 of 16 points inside."""
    x = np.random.default_rng(seed).uniform(0, 4, (_with_test(samples), 2))
    inside = (x[:, 0] >= 2) & (x[:, 0] <= 3) & (x[:, 1] >= 1) & (x[:, 1] <= 2)
    return _cut(x, inside.astype(np.int64), samples, ("outside", "inside"))


def patterns(samples: int = 1_000, seed: int = 0) -> Official:
    """Tell the bit strings 101010 and 111000 apart, six inputs of 0 or 1, each with probability 1/2."""
    strings = np.array([[1, 0, 1, 0, 1, 0], [1, 1, 1, 0, 0, 0]], dtype=np.float64)
    labels = np.random.default_rng(seed).integers(0, 2, _with_test(samples))
    return _cut(strings[labels], labels, samples, ("101010", "111000"))


FORMULAS: dict[str, Callable[..., Official]] = {
    "linear": linear,
    "folded": folded,
    "square": square,
    "patterns": patterns,
}


def _regression(samples: int, seed: int, formula: Callable[[np.ndarray], np.ndarray]) -> Official:
    x = np.random.default_rng(seed).standard_normal((_with_test(samples), 2))
    return _cut(x, formula(x), samples, ())


def _with_test(samples: int) -> int:
    if samples < 5:
        raise UserError(f"dataset.samples={samples}: too few, as a fifth more are drawn for test; take 5 or more")
    return samples + samples // 5


def _cut(x: np.ndarray, y: np.ndarray, samples: int, class_names: tuple[str, ...]) -> Official:
    return Official(Split(x[:samples], y[:samples]), Split(x[samples:], y[samples:]), class_names)
