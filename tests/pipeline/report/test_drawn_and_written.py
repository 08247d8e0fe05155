"""Lines as the legend says, durations, and cells without a finite value."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from pipeline.durations import duration
from pipeline.report.comparison import Comparison
from pipeline.report.figures.curves import learning_curves
from pipeline.report.formats import NOTHING, Table


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.24, "0.2 s"),
        (59.4, "59.4 s"),
        (60, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_what_is_not_finite_is_no_figure() -> None:
    values = [0.5, math.inf, -math.inf, math.nan]
    table = Table("t", pd.DataFrame({"score": values}), {"score": 3}, "")
    assert list(table.formatted()["score"]) == ["0.500", NOTHING, NOTHING, NOTHING]


def test_training_is_dashed_and_validation_solid_as_the_legend_says(monkeypatch: pytest.MonkeyPatch) -> None:
    train, validation = [0.5, 0.7, 0.9], [0.4, 0.6, 0.65]
    row = {"run": "0", "status": "finished", "message": None, "task": "classification", "config.seed": 0}
    comparison = Comparison.of(pd.DataFrame([row | {"metric.best_validation_accuracy": 0.65}]))
    history = pd.DataFrame({"run": "0", "epoch": [0, 1, 2], "train_accuracy": train, "validation_accuracy": validation})
    drawn: dict[tuple[float, ...], str] = {}
    real = Axes.plot

    def watch(self: Axes, x: Any, y: Any, style: str, **options: Any) -> Any:
        drawn[tuple(np.asarray(y, float))] = style
        return real(self, x, y, style, **options)

    monkeypatch.setattr(Axes, "plot", watch)
    figure = learning_curves(comparison, history)
    assert figure is not None
    assert drawn == {tuple(train): "--", tuple(validation): "-"}
