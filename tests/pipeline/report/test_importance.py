"""Importance finds the key that made the difference, its shares are true shares, and nothing is told of noise."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.anova import anova_lm

from pipeline.report.comparison import Comparison
from pipeline.report.figures.importance import importance_figure
from pipeline.report.figures.medium import SCREEN
from pipeline.report.statistics.importance import Importance

LR, ACTIVATION = "config.optimizer.lr", "config.model.activation"


def grid(effect: dict[str, float], seeds: int = 5, noise: float = 0.001) -> Comparison:
    """4 rates × 3 activations × seeds; `effect` weighs the rate, the activation, their product and the seed."""
    rng = np.random.default_rng(0)
    rows = []
    for lr in (0.001, 0.01, 0.1, 1.0):
        for activation in ("relu", "tanh", "gelu"):
            for seed in range(seeds):
                rate, tanh = np.log10(lr) / 3 + 1, float(activation == "tanh")
                parts = {"lr": rate, "activation": tanh, "both": (rate - 0.5) * (tanh - 1 / 3), "seed": seed / 4}
                reached = 0.7 + 0.1 * sum(weight * parts[name] for name, weight in effect.items())
                row = {"run": str(len(rows)), "status": "finished", "message": None, "config.seed": seed}
                row |= {LR: lr, ACTIVATION: activation}
                rows.append(row | {"metric.best_validation_accuracy": reached + rng.normal(0, noise)})
    return Comparison.of(pd.DataFrame(rows))


def sampled(effect: dict[str, float], runs: int = 60, noise: float = 0.001) -> Comparison:
    """A search: rate and width drawn."""
    rng = np.random.default_rng(1)
    rate, width = rng.random(runs), rng.random(runs)
    score = effect.get("lr", 0) * rate + effect.get("width", 0) * width + rng.normal(0, noise, runs)
    table = pd.DataFrame({"run": map(str, range(runs)), "status": "finished", "message": None, "config.seed": 0})
    return Comparison.of(
        table.assign(**{LR: rate, "config.model.width": width, "metric.best_validation_accuracy": score})
    )


def test_the_key_that_matters_comes_first() -> None:
    for key, column in (("lr", LR), ("activation", ACTIVATION)):
        importance = Importance.of(grid({key: 1}))
        assert importance.shares is not None
        assert importance.order[0] == column
        assert importance.shares.iloc[0] > 0.95
        assert importance.shares.iloc[1:].max() < 0.01
        assert "config.seed" not in importance.shares


@pytest.mark.parametrize("seeds", [1, 3])
def test_shares_of_a_grid_are_omega_squared_of_statsmodels(seeds: int) -> None:
    comparison = grid({"lr": 1, "activation": 0.6, "both": 2}, seeds, noise=0.02)
    importance = Importance.of(comparison)
    data = comparison.runs.rename(columns={LR: "lr", ACTIVATION: "act", "metric.best_validation_accuracy": "y"})
    formula = "y ~ C(lr) * C(act)" if seeds > 1 else "y ~ C(lr) + C(act)"
    table = anova_lm(smf.ols(formula, data.astype({"y": float})).fit(), typ=2)
    error = table.loc["Residual", "sum_sq"] / table.loc["Residual", "df"]
    omega = (table["sum_sq"] - table["df"] * error) / (table["sum_sq"].sum() + error)
    assert importance.method == "anova"
    assert importance.shares is not None
    assert importance.shares[LR] == pytest.approx(omega["C(lr)"], rel=1e-9)
    assert importance.shares[ACTIVATION] == pytest.approx(omega["C(act)"], rel=1e-9)
    if seeds > 1:
        assert importance.rest["interactions"] == pytest.approx(omega["C(lr):C(act)"], rel=1e-9)
        assert list(importance.rest) == ["interactions", "replicates"]
    else:
        assert list(importance.rest) == ["interactions and chance"]


def test_a_single_key_needs_no_balance() -> None:
    runs = grid({"lr": 1}, seeds=3, noise=0.02).runs.query(f"`{ACTIVATION}` == 'relu'").iloc[1:]
    importance = Importance.of(Comparison.of(runs.reset_index(drop=True)))
    data = runs.rename(columns={LR: "lr", "metric.best_validation_accuracy": "y"}).astype({"y": float})
    table = anova_lm(smf.ols("y ~ C(lr)", data).fit())
    error = table.loc["Residual", "mean_sq"]
    omega = (table.loc["C(lr)", "sum_sq"] - table.loc["C(lr)", "df"] * error) / (table["sum_sq"].sum() + error)
    assert importance.method == "anova"
    assert importance.shares is not None
    assert importance.shares[LR] == pytest.approx(omega, rel=1e-9)
    assert list(importance.rest) == ["replicates"]


@given(st.lists(st.floats(0, 1), min_size=24, max_size=24), st.booleans())
def test_shares_and_the_rest_are_one(scores: list[float], holes: bool) -> None:
    runs = grid({}, seeds=2).runs
    runs["metric.best_validation_accuracy"] = [np.nan if holes and i % 7 == 0 else s for i, s in enumerate(scores)]
    importance = Importance.of(Comparison.of(runs))
    if importance.shares is not None:
        assert (importance.shares >= 0).all()
        assert sum(importance.shares) + sum(importance.rest.values()) == pytest.approx(1)
        assert min(importance.rest.values()) > -1e-9


def test_a_search_is_told_by_a_forest() -> None:
    importance = Importance.of(sampled({"lr": 1, "width": 1}))
    assert importance.method == "fanova"
    assert importance.shares is not None
    assert importance.shares.to_numpy() == pytest.approx([0.45, 0.45], abs=0.15)  # equal parts of what is explained
    one = Importance.of(sampled({"lr": 1}))
    assert one.shares is not None
    assert one.order[0] == LR
    assert one.shares.iloc[0] > 0.8
    assert one.shares.iloc[1] < 0.02


@pytest.mark.parametrize("comparison", [grid({}), grid({"seed": 1}), sampled({}, noise=1.0)])
def test_nothing_is_told_of_noise(comparison: Comparison) -> None:
    importance = Importance.of(comparison)
    assert importance.shares is None or importance.shares.max() < 0.1
    if importance.shares is None:
        assert importance_figure(comparison, importance, SCREEN) is None


def test_a_rate_or_its_logarithm_makes_no_difference() -> None:
    for comparison in (grid({"lr": 1}), sampled({"lr": 1})):
        runs = comparison.runs
        logs = runs.assign(**{LR: np.log10(runs[LR].astype(float))})
        plain, log = (Importance.of(Comparison.of(table)).shares for table in (runs, logs))
        assert plain is not None
        assert log is not None
        pd.testing.assert_series_equal(plain, log)


def test_few_runs_with_holes_are_ranked_by_range_alone() -> None:
    few = Comparison.of(grid({"lr": 1}, seeds=1).runs.iloc[:8])
    importance = Importance.of(few)
    assert importance.shares is None
    assert importance.order[0] == LR
    assert importance_figure(few, importance, SCREEN) is None


def test_equal_scores_and_missing_ones() -> None:
    assert Importance.of(grid({}, noise=0)).shares is None
    runs = grid({"lr": 1}).runs
    runs.loc[runs.index[::3], "metric.best_validation_accuracy"] = np.nan
    importance = Importance.of(Comparison.of(runs))
    assert importance.order[0] == LR
    assert importance.method == "fanova"
