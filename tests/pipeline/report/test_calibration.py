"""Predictions in bins of their probability, against means and a sum made by hand."""

import numpy as np
import pytest

from pipeline.report.statistics.calibration import calibration


@pytest.mark.parametrize(
    ("probability", "right", "confidence", "accuracy", "count", "error"),
    [
        (
            [0.05, 0.42, 0.48, 0.85, 0.91, 0.92, 1.0, 1.0],
            [0, 1, 0, 1, 1, 1, 1, 0],
            [0.05, 0.45, 0.85, 0.9575],
            [0, 0.5, 1, 0.75],
            [1, 2, 1, 4],
            (1 * 0.05 + 2 * 0.05 + 1 * 0.15 + 4 * 0.2075) / 8,
        ),
        ([0.31], [1], [0.31], [1], [1], 0.69),
        ([], [], [], [], [], 0),
    ],
)
def test_confidence_and_accuracy_are_means_over_tenths(
    probability: list[float],
    right: list[int],
    confidence: list[float],
    accuracy: list[float],
    count: list[int],
    error: float,
) -> None:
    made = calibration(np.array(probability, float), np.array(right, bool))
    assert made.confidence.tolist() == pytest.approx(confidence)
    assert made.accuracy.tolist() == pytest.approx(accuracy)
    assert made.count.tolist() == count
    assert made.error == pytest.approx(error)
