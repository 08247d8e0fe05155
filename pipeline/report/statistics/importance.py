"""Which swept keys matter for the validation score."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.report.comparison import Comparison, levels
from pipeline.report.formats import text

_FEWEST = 10  # runs that a forest needs
FOLDS = 5
_SHUFFLES = 3
_TREES = 20


@dataclass(frozen=True)
class Importance:
    """The swept keys that have two values with a score, `order`ed with the most important first.

    `shares` (mean, sd), a row a key, is the permutation importance, `explained` the R² of the random forest that it is
    read off; both on runs that the forest has not seen, None and 0 for fewer than ten runs, in which nothing can be
    fitted: then `order` goes by the range of the mean score over a key's values.

    mean: by how much the forest's mean squared error rises when the key's values are shuffled, as a share of the
    variance of the scores; sd: over folds. The forest sees a key's values as their places in order, so it makes no
    difference whether a rate is given as such or as its logarithm. All is drawn from fixed seeds.

    Sources: L. Breiman, "Random forests", Machine Learning 45 (2001), section 10; A. Fisher, C. Rudin, F. Dominici,
    "All models are wrong, but many are useful", JMLR 20 (2019).
    """

    order: list[str]
    shares: pd.DataFrame | None = None
    explained: float = 0.0

    @classmethod
    def of(cls, comparison: Comparison) -> "Importance":
        """Fit a forest if there are enough runs."""
        score = comparison.score.dropna()
        order = _by_range(comparison)
        if len(score) < _FEWEST or not order or np.ptp(score) == 0:
            return cls(order)
        places = {}
        for key in order:
            values = comparison.runs[key].map(text)
            place = {level: i for i, level in enumerate(levels(comparison.runs[key]))}
            places[key] = values.map(place)[score.index]
        shares, explained = _shuffled(pd.DataFrame(places), score)
        shares = shares.sort_values("mean", ascending=False, kind="stable")
        return cls(list(shares.index), shares, explained)


def _by_range(comparison: Comparison) -> list[str]:
    """Keys by the range of the mean validation score over their values, the largest first."""
    score = comparison.score
    ranges = {}
    for key in comparison.swept:
        means = score.groupby(comparison.runs[key].map(text)).mean().dropna()
        if len(means) > 1:
            ranges[key] = means.max() - means.min()
    return list(pd.Series(ranges, dtype=float).sort_values(ascending=False, kind="stable").index)


def _shuffled(places: pd.DataFrame, score: "pd.Series[float]") -> tuple[pd.DataFrame, float]:
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance
    from sklearn.model_selection import KFold

    x, y = places.to_numpy(dtype=np.float32), score.to_numpy()
    rises, error = [], 0.0
    for seen, unseen in KFold(FOLDS, shuffle=True, random_state=0).split(x):
        forest = RandomForestRegressor(_TREES, random_state=0).fit(x[seen], y[seen])
        error += float(((forest.predict(x[unseen]) - y[unseen]) ** 2).sum())
        rise = permutation_importance(
            forest, x[unseen], y[unseen], scoring="neg_mean_squared_error", n_repeats=_SHUFFLES, random_state=0
        )
        rises.append(rise["importances_mean"] / y.var())
    shares = pd.DataFrame({"mean": np.mean(rises, axis=0), "sd": np.std(rises, axis=0, ddof=1)}, places.columns)
    return shares, 1 - error / (len(y) * float(y.var()))
