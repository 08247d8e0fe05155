"""Runs of a halving sweep are compared at the epoch that all have reached, by their histories up to there."""

import math

import pandas as pd
import pytest

from pipeline.report.comparison import Comparison
from pipeline.report.equal_length import at_equal_length

CURVES = {  # validation accuracy of epochs 0, 1, …; the first is before training and never counts
    "0": [0.99, 0.5, 0.6, 0.7, 0.9],
    "1": [0.1, 0.65, 0.55],
    "2": [0.1, 0.4, 0.45],
    "3": [0.1, math.nan],  # diverged, and earlier than all
}
STATUS = {"0": "finished", "1": "dropped", "2": "dropped", "3": "diverged"}


def made() -> tuple[Comparison, pd.DataFrame]:
    rows, epochs = [], []
    for run, curve in CURVES.items():
        row = {
            "run": run,
            "status": STATUS[run],
            "message": None,
            "task": "classification",
            "config.optimizer.lr": float(run),
        }
        row |= {"config.seed": 0, "metric.final_epoch": len(curve) - 1}
        best = max(curve[1:], default=math.nan)
        rows.append(row | {"metric.best_validation_accuracy": best, "metric.best_test_accuracy": best / 2})
        for epoch, value in enumerate(curve):
            epochs.append({"run": run, "epoch": epoch, "validation_accuracy": value, "test_accuracy": value / 2})
    return Comparison.of(pd.DataFrame(rows)), pd.DataFrame(epochs)


def test_the_best_up_to_the_epoch_of_the_first_rung() -> None:
    comparison, history = made()
    equal = at_equal_length(comparison, history)
    assert equal.until == 2
    scores = dict(zip(equal.runs["run"], equal.score, strict=True))
    assert {run: scores[run] for run in "012"} == {"0": 0.6, "1": 0.65, "2": 0.45}
    assert math.isnan(scores["3"])
    test = dict(zip(equal.runs["run"], equal.best("test"), strict=True))
    assert test["1"] == pytest.approx(0.325)
    assert list(equal.runs["run"]) == list(comparison.runs["run"]) == ["0", "1", "2", "3"]
    assert "the best up to epoch 2" in equal.at_that_epoch


def test_without_dropped_runs_nothing_changes() -> None:
    comparison, history = made()
    whole = Comparison.of(comparison.runs.assign(status="finished"))
    assert at_equal_length(whole, history) is whole
