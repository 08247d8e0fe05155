"""Importance finds the key that made the difference, its shares are true shares, and nothing is told of noise."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
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


def made(scores: Sequence[float], **keys: Sequence[float]) -> Comparison:
    """A run for each score, all on one seed unless given."""
    table = pd.DataFrame({"run": map(str, range(len(scores))), "status": "finished", "message": None, "config.seed": 0})
    table["metric.best_validation_accuracy"] = scores
    for key, values in keys.items():
        table[f"config.{key}"] = values
    return Comparison.of(table)


@pytest.mark.parametrize(
    ("comparison", "shares", "rest"),
    [
        (  # sums of squares 25 + 9 + 1 = 35, of one degree of freedom each
            made([0, 2, 4, 8], a=[1, 1, 2, 2], b=[1, 2, 1, 2]),
            {"config.a": 24 / 36, "config.b": 8 / 36},
            {"interactions and chance": 4 / 36},
        ),
        (  # 16 + 4 = 20, of 1 and 2; of what is infinite when squared nothing can be told
            made([0, 2, 4, 6, 1e100, 1e200], a=[1, 1, 2, 2, 1, 2], seed=[0, 1, 0, 1, 2, 2]),
            {"config.a": 14 / 22},
            {"replicates": 8 / 22},
        ),
        (  # 0 + 0 + 8 + 2 = 10, of 1, 1, 1 and 4
            made(
                [1.5, -0.5, -0.5, 1.5, 0.5, -1.5, -1.5, 0.5], a=[1, 1, 2, 2] * 2, b=[1, 2] * 4, seed=[0] * 4 + [1] * 4
            ),
            {"config.a": 0, "config.b": 0},
            {"interactions": 7.5 / 10.5, "replicates": 3 / 10.5},
        ),
    ],
)
def test_shares_of_small_grids_by_hand(
    comparison: Comparison, shares: dict[str, float], rest: dict[str, float]
) -> None:
    importance = Importance.of(comparison)
    assert importance.method == "anova"
    assert importance.shares is not None
    assert importance.shares.to_dict() == pytest.approx(shares)
    assert importance.rest == pytest.approx(rest)
    assert importance.order == list(shares)


@pytest.mark.parametrize(
    ("comparison", "order"),
    [
        (made([0.1 * seed for seed in range(10)], seed=range(10)), []),  # nothing is swept
        (made([0.1, 0.2], a=[1, 2]), ["config.a"]),  # nothing to compare the difference with
        (made([0, 2, 0, 2], a=[1, 1, 2, 2], seed=[0, 1, 0, 1]), ["config.a"]),
        (made([1e12, 1e12, 1e12 - 1, 1e12 - 1], a=[1, 1, 2, 2], seed=[0, 1, 0, 1]), ["config.a"]),  # may be rounding
        (made([1e-200, 2e-200, 4e-200, 6e-200], a=[1, 1, 2, 2], seed=[0, 1, 0, 1]), ["config.a"]),  # squares are 0
        (made([1e100, 2e100, 4e100], a=[1, 2, 2]), ["config.a"]),
        (made([0.1, 0.2, 0.5, np.nan], a=[1, 2, 1, 1], b=[1, 1, 2, 2], c=[1, 1, 1, 2]), ["config.b", "config.a"]),
    ],
)
def test_where_nothing_can_be_told_keys_that_have_two_scores_are_in_the_order_of_their_range(
    comparison: Comparison, order: list[str]
) -> None:
    assert Importance.of(comparison) == Importance(order)


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


def test_a_forest_of_two_keys_is_averaged_over_all_pairs_of_their_values() -> None:
    comparison = sampled({"lr": 1, "width": 0.5}, runs=20, noise=0.1)  # of each key 20 values
    x = comparison.runs[[LR, "config.model.width"]].rank().to_numpy() - 1
    y = comparison.score.to_numpy()
    folds = KFold(5, shuffle=True, random_state=0)
    explained = r2_score(y, cross_val_predict(RandomForestRegressor(20, random_state=0), x, y, cv=folds))
    forest = RandomForestRegressor(20, random_state=0).fit(x, y)
    surface = forest.predict(np.array(list(itertools.product(range(20), repeat=2)))).reshape(20, 20)
    lr, width = surface.mean(1).var(), surface.mean(0).var()
    importance = Importance.of(comparison)
    assert importance.shares is not None
    assert list(importance.rest) == ["interactions", "not explained"]
    assert importance.rest["not explained"] == pytest.approx(1 - explained)
    assert importance.shares[LR] / importance.shares["config.model.width"] == pytest.approx(lr / width)
    assert importance.shares[LR] == pytest.approx(explained * lr / surface.var(), rel=0.2)  # of fewer pairs
    again = Importance.of(comparison)
    assert again.shares is not None
    assert (again.shares.to_dict(), again.rest) == (importance.shares.to_dict(), importance.rest)


@pytest.mark.parametrize(("runs", "method"), [(9, ""), (10, "fanova"), (126, "fanova")])
def test_a_forest_takes_ten_runs(runs: int, method: str) -> None:
    assert Importance.of(sampled({"lr": 1}, runs)).method == method


def test_keys_of_equal_range_stay_in_their_order() -> None:
    names = [f"{name}{i}" for i in range(10) for name in ("near", "far")]  # means 0.3 and 0.2, or 0.1 and 0.35
    values = {name: [i, i + 1, i + 1 if name.startswith("far") else i] for i, name in enumerate(names)}
    order = [f"config.{name}" for name in sorted(names)]
    assert Importance.of(made([0.1, 0.2, 0.5], **values)) == Importance(order)


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
