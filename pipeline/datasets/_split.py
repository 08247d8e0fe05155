"""Which examples are held out, for validation or for test."""

from typing import Literal

import numpy as np

from pipeline.errors import UserError


def fold_rows(labels: np.ndarray | int, folds: int, fold: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers (train, test), each ascending, of one fold of cross-validation: every row is in one fold's test.

    With labels (N,) every class is dealt over the folds in turn, after a shuffle by `seed`, each going on where the
    last ended: folds differ by at most one example, in all and of a class. Raises UserError for fewer rows than folds.
    """
    classes = np.zeros(labels, dtype=np.int64) if isinstance(labels, int) else labels
    if len(classes) < folds:
        raise UserError(f"dataset.folds={folds}: there are only {len(classes)} examples; give fewer folds")
    rng = np.random.default_rng(seed)
    dealt = np.concatenate([rng.permutation(np.flatnonzero(classes == name)) for name in np.unique(classes)])
    is_test = np.zeros(len(classes), dtype=bool)
    is_test[dealt[fold::folds]] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def split_rows(
    labels: np.ndarray | int, fraction: float, seed: int, held_out_for: Literal["validation", "test"] = "validation"
) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers (train, validation), each ascending; round(fraction · N) rows go to validation, or to test.

    With labels (N,) every class gives its share, rounded by largest remainder; a plain count N is drawn from
    alike. Raises UserError where the fraction is not in [0, 1), or a side that should have rows gets none.
    """
    if not 0 <= fraction < 1:
        raise UserError(f"dataset.{held_out_for}_fraction={fraction}: not a number from 0 up to, but not including, 1")
    classes = np.zeros(labels, dtype=np.int64) if isinstance(labels, int) else labels
    held_out = round(fraction * len(classes))
    if held_out == len(classes) or (fraction > 0 and held_out == 0):
        empty = held_out_for if held_out == 0 else "training"
        raise UserError(
            f"dataset.{held_out_for}_fraction={fraction} of {len(classes)} examples leaves none for {empty}; "
            f"take another fraction{' (0 for no validation)' if held_out_for == 'validation' else ''} or more samples"
        )
    rng = np.random.default_rng(seed)
    names, counts = np.unique(classes, return_counts=True)
    taken, remainders = np.divmod(counts * held_out, len(classes))  # whole numbers: no share is rounded twice
    largest = np.argsort(-remainders, kind="stable")
    taken[largest[: held_out - taken.sum()]] += 1
    is_validation = np.zeros(len(classes), dtype=bool)
    for name, count in zip(names, taken, strict=True):
        is_validation[rng.permutation(np.flatnonzero(classes == name))[:count]] = True
    return np.flatnonzero(~is_validation), np.flatnonzero(is_validation)
