"""Whether a classifier's probabilities are to be believed, and how two classes trade one error for the other."""

from dataclasses import dataclass

import numpy as np

_BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Predictions in bins of equal width of their probability: mean `confidence`, `accuracy` and `count` of each.

    error: the expected calibration error Σ count/N · |accuracy − confidence|. Source: C. Guo et al., "On calibration of
    modern neural networks", ICML 2017.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray
    error: float


def calibration(probability: np.ndarray, right: np.ndarray) -> Calibration:
    """Of the predicted classes' probabilities (N,), and whether each prediction is right (N,)."""
    number = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    count = np.bincount(number, minlength=_BINS)
    some = count > 0
    confidence = np.bincount(number, probability, _BINS)[some] / count[some]
    accuracy = np.bincount(number, right, _BINS)[some] / count[some]
    error = float((count[some] * np.abs(accuracy - confidence)).sum() / max(len(probability), 1))
    return Calibration(confidence, accuracy, count[some], error)
