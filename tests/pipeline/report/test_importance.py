"""Importance finds the key that made the difference, and says nothing where nothing can be told."""

import numpy as np
import pandas as pd

from pipeline.report.comparison import Comparison
from pipeline.report.figures.importance import importance_figure
from pipeline.report.figures.medium import SCREEN
from pipeline.report.statistics.importance import Importance


def grid(score: str, seeds: int = 5, noise: float = 0.001) -> Comparison:
    """4 rates × 3 activations × seeds; `score` says what of it the accuracy follows."""
    rng = np.random.default_rng(0)
    rows = []
    for lr in (0.001, 0.01, 0.1, 1.0):
        for activation in ("relu", "tanh", "gelu"):
            for seed in range(seeds):
                places = {"lr": np.log10(lr) / 3 + 1, "activation": float(activation == "tanh"), "nothing": 0.0}
                reached = 0.7 + 0.1 * places[score] + rng.normal(0, noise)
                row = {"run": str(len(rows)), "status": "finished", "message": None, "config.seed": seed}
                row |= {"config.optimizer.lr": lr, "config.model.activation": activation}
                rows.append(row | {"metric.best_validation_accuracy": reached})
    return Comparison.of(pd.DataFrame(rows))


def test_the_key_that_matters_comes_first() -> None:
    for key, column in (("lr", "config.optimizer.lr"), ("activation", "config.model.activation")):
        importance = Importance.of(grid(key))
        assert importance.shares is not None
        assert importance.order[0] == column
        assert importance.explained > 0.95
        assert importance.shares["mean"].iloc[0] > 0.9
        assert importance.shares["mean"].iloc[1:].abs().max() < 0.05


def test_noise_explains_nothing() -> None:
    importance = Importance.of(grid("nothing"))
    assert importance.explained < 0.1
    figure = importance_figure(grid("nothing"), importance, SCREEN)
    assert figure is not None
    assert "explains 0% of that variance" in figure.caption


def test_a_rate_or_its_logarithm_makes_no_difference() -> None:
    runs = grid("lr").runs
    logs = runs.assign(**{"config.optimizer.lr": np.log10(runs["config.optimizer.lr"].astype(float))})
    plain, log = (Importance.of(Comparison.of(table)).shares for table in (runs, logs))
    assert plain is not None
    assert log is not None
    pd.testing.assert_frame_equal(plain, log)


def test_few_runs_are_ranked_by_range_alone() -> None:
    few = Comparison.of(grid("lr", seeds=1).runs.iloc[:8])
    importance = Importance.of(few)
    assert importance.shares is None
    assert importance.order[0] == "config.optimizer.lr"
    assert importance_figure(few, importance, SCREEN) is None


def test_equal_scores_and_missing_ones() -> None:
    same = grid("nothing", noise=0)
    assert Importance.of(same).shares is None
    runs = grid("lr").runs
    runs.loc[runs.index[::3], "metric.best_validation_accuracy"] = np.nan
    importance = Importance.of(Comparison.of(runs))
    assert importance.order[0] == "config.optimizer.lr"
