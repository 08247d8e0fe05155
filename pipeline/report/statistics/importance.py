"""Which swept keys matter for the validation score: shares of its variance."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from pipeline.report.comparison import Comparison
from pipeline.report.formats import text
from pipeline.report.swept import levels

_FEWEST = 10  # runs that a forest needs
_FOLDS = 5
_LARGEST = 1e100  # of a score; squares of larger ones, of diverged runs, are infinite
_TREES = 20
_VALUES = 20  # of a key, at which the mean over all others is taken
_PRODUCTS = 4  # draws of all keys, independent of each other, for each run


@dataclass(frozen=True)
class Importance:
    """The swept keys that have two values with a score, `order`ed with the most important first.

    shares: of the variance of the scores, what each key explains by itself; rest: what is left, by what it is. Together
    they are 1. shares is None where nothing can be told, or nothing is explained: then `order` goes by the range of the
    mean score over a key's values. method: how the shares were computed.

    "anova", where every combination of values has the same number of runs, and of a single key: with
    SS_k = Σ n (mean of a value − mean)² over the values of key k, df_k = values − 1, and the mean square of the error
    MS (between the runs of a setting, or without replicates, what the keys leave over), the share is
    ω² = (SS_k − df_k MS) / (SS + MS), 0 at least: what chance alone would give is taken off. Interactions are shares of
    their own where replicates tell them from noise.

    "fanova", for searches and grids with holes, from ten runs: a random forest predicts the score from the places of
    the values in order; the share is the variance of its mean over all other keys, of its variance over independent
    draws of the keys, times the R² of the forest on runs that it has not seen. All is drawn from fixed seeds.

    Sources: W. Hays, "Statistics for Psychologists", 1963, and S. Olejnik, J. Algina, Psychological Methods 8 (2003)
    for ω²; F. Hutter, H. Hoos, K. Leyton-Brown, "An efficient approach for assessing hyperparameter importance", ICML
    2014.
    """

    order: list[str]
    shares: "pd.Series[float] | None" = None
    rest: dict[str, float] = field(default_factory=dict)
    method: str = ""

    @classmethod
    def of(cls, comparison: Comparison) -> "Importance":
        """The shares of the keys, if the runs can tell."""
        order = _by_range(comparison)
        score = comparison.score.where(comparison.score.abs() < _LARGEST).dropna()
        if not order or score.empty or np.ptp(score) <= 1e-12 * np.abs(score).max() or not score.var() > 0:
            return cls(order)
        keys = pd.DataFrame({key: comparison.runs[key].map(text)[score.index] for key in order})
        cells = keys.groupby(order).size()
        balanced = len(order) == 1 or (cells.nunique() == 1 and len(cells) == np.prod(keys.nunique()))
        computed = _analysis(keys, score) if balanced else _forest(_places(comparison, keys), score)
        if computed is None:
            return cls(order)
        shares, rest = computed
        if shares.max() <= 0 and not rest.get("interactions"):
            return cls(order)
        shares = shares.sort_values(ascending=False, kind="stable")
        return cls(list(map(str, shares.index)), shares, rest, "anova" if balanced else "fanova")


def _by_range(comparison: Comparison) -> list[str]:
    """Keys by the range of the mean validation score over their values, the largest first."""
    score = comparison.score
    ranges = {}
    for key in comparison.swept:
        means = score.groupby(comparison.runs[key].map(text)).mean().dropna()
        if len(means) > 1:
            ranges[key] = means.max() - means.min()
    return list(pd.Series(ranges).sort_values(ascending=False, kind="stable").index)


Shares = tuple["pd.Series[float]", dict[str, float]]


def _analysis(keys: pd.DataFrame, score: "pd.Series[float]") -> Shares | None:
    """Analysis of variance of a complete grid with equally many runs in each cell; None without an error to compare."""
    deviation = score - score.mean()
    total = float((deviation**2).sum())
    between = {key: float((deviation.groupby(keys[key]).transform("mean") ** 2).sum()) for key in keys}
    freedom = {key: keys[key].nunique() - 1 for key in keys}
    cell = deviation.groupby([keys[key] for key in keys])
    within = float(((deviation - cell.transform("mean")) ** 2).sum())
    replicated = len(score) > cell.ngroups
    left = total - sum(between.values())
    free = len(score) - 1 - sum(freedom.values())
    error, error_freedom = (within, len(score) - cell.ngroups) if replicated else (left, free)
    if error_freedom <= 0:
        return None
    mean_square = error / error_freedom

    def share(squares: float, degrees: int) -> float:
        return max((squares - degrees * mean_square) / (total + mean_square), 0.0)

    shares = pd.Series({key: share(between[key], freedom[key]) for key in keys})
    if not replicated:
        return shares, {"interactions and chance": 1 - float(shares.sum())}
    rest = {}
    if len(keys.columns) > 1:
        rest["interactions"] = share(left - within, free - error_freedom)
    return shares, rest | {"replicates": 1 - float(shares.sum()) - rest.get("interactions", 0.0)}


def _places(comparison: Comparison, keys: pd.DataFrame) -> pd.DataFrame:
    """The place of each value among those of its key: a rate and its logarithm are the same to a forest."""
    places = {}
    for key in map(str, keys):
        place = {level: i for i, level in enumerate(levels(comparison.runs[key]))}
        places[key] = keys[key].map(place).astype(np.float32)
    return pd.DataFrame(places)


def _forest(places: pd.DataFrame, score: "pd.Series[float]") -> Shares | None:
    """Functional analysis of variance of a random forest; None for too few runs, or where it predicts nothing."""
    if len(score) < _FEWEST:
        return None
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.model_selection import KFold, cross_val_predict

    x, y = places.to_numpy(), score.to_numpy()
    folds = KFold(_FOLDS, shuffle=True, random_state=0)
    unseen = cross_val_predict(RandomForestRegressor(_TREES, random_state=0), x, y, cv=folds)
    explained = 1 - float(((unseen - y) ** 2).sum()) / (len(y) * float(y.var()))
    if explained <= 0:
        return None
    forest, rng = RandomForestRegressor(_TREES, random_state=0).fit(x, y), np.random.default_rng(0)
    product = np.column_stack([rng.permuted(np.tile(column, _PRODUCTS)) for column in x.T])
    variances = [_main_effect(forest, product, x[:, j], j) for j in range(x.shape[1])]
    whole = max(float(forest.predict(product).var()), sum(variances))
    if whole == 0:
        return None
    shares = pd.Series(np.array(variances) / whole * explained, places.columns)
    interactions = max(explained - float(shares.sum()), 0.0)
    return shares, {"interactions": interactions, "not explained": 1 - explained}


def _main_effect(forest: Any, product: np.ndarray, values: np.ndarray, key: int) -> float:
    """The variance, over a key's values, of the forest's mean over all other keys."""
    means, background = [], product[:: max(len(product) // 500, 1)].copy()
    for value in np.quantile(values, (np.arange(_VALUES) + 0.5) / _VALUES, method="inverted_cdf"):
        background[:, key] = value
        means.append(forest.predict(background).mean())
    return float(np.var(means))
