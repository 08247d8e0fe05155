"""Runs that differ only in their seed, aggregated: mean, standard deviation and confidence interval."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pipeline.metrics import SPLITS, Metric
from pipeline.report.comparison import SEED, Comparison
from pipeline.report.formats import Table, text

LEVEL = 0.95
_OTHER_SEEDS = {"config.training.order_seed": "the order of the examples", "config.dataset.seed": "the split"}


@dataclass(frozen=True)
class Replicates:
    """Settings in the order of the table, the picked ones first; a setting is a choice of all swept keys but the seed.

    `settings` holds the swept columns of `Comparison.runs`, (S, keys). `scores` holds for each split the score of
    each setting on each seed, (S, seeds), NaN where there is no finished run: the figure of the run's best epoch on
    validation. `unfinished` counts the runs of each setting that have not finished; they are in no mean.
    """

    comparison: Comparison
    settings: pd.DataFrame
    scores: dict[str, pd.DataFrame]
    unfinished: "pd.Series[int]"

    @classmethod
    def of(cls, comparison: Comparison) -> "Replicates":
        """Group the runs. A setting trained twice on one seed counts once, with the mean of both."""
        runs = comparison.runs
        keys = [key for key in comparison.swept if key != SEED]
        settings = runs[keys].map(_exact).agg(tuple, axis=1) if keys else pd.Series([()] * len(runs), runs.index)
        number = pd.Series(pd.factorize(settings)[0], runs.index)
        seeds = runs[SEED].map(_exact) if SEED in runs else pd.Series("0", runs.index)
        finished = runs["status"] == "finished"
        table = pd.DataFrame({split: comparison.best(split) for split in SPLITS})
        cells = table[finished].groupby([number[finished], seeds[finished]]).mean()
        count = int(number.max()) + 1
        scores = {split: cells[split].unstack().reindex(range(count)).astype(float) for split in SPLITS}
        order = _order(scores["validation"], comparison.metric)
        unfinished = (~finished).groupby(number).sum().astype(int)
        return cls(
            comparison,
            runs[keys].groupby(number).first().loc[order].reset_index(drop=True)
            if keys
            else pd.DataFrame(index=range(count)),
            {split: values.loc[order].reset_index(drop=True) for split, values in scores.items()},
            unfinished.loc[order].reset_index(drop=True),
        )

    @cached_property
    def n(self) -> "pd.Series[int]":
        """The number of seeds that each setting has finished on."""
        return self.scores["test"].notna().sum(axis=1)

    @property
    def replicated(self) -> bool:
        """Whether any setting has more than one seed."""
        return bool((self.n > 1).any())

    @property
    def picked(self) -> bool:
        """Whether the first setting is the best by its mean on validation."""
        return len(self.settings) > 0 and bool(self.scores["validation"].iloc[0].notna().any())

    def name(self, row: int) -> str:
        """The settings of a row in words: "hidden=[256], lr=0.05"."""
        swept = self.comparison.swept
        named = [f"{swept[str(key)]}={text(value)}" for key, value in self.settings.iloc[row].items()]
        return ", ".join(named) or "all runs"

    def summary(self, split: str) -> pd.DataFrame:
        """n, mean, standard deviation (n − 1) and half of the 95 % confidence interval of each setting's mean.

        half = t · sd / √n with the quantile t of Student's distribution with n − 1 degrees of freedom; NaN for n = 1.
        The scores are taken as normal. Source: G. Casella, R. Berger, "Statistical Inference", 9.2.1.
        """
        from scipy import stats

        scores = self.scores[split]
        n, mean, error = scores.count(axis=1), scores.mean(axis=1), scores.sem(axis=1)
        high = stats.t.interval(LEVEL, np.where(n > 1, n - 1, np.nan), loc=mean, scale=error.where(error > 0))[1]
        half = pd.Series(high, scores.index) - mean
        return pd.DataFrame({"n": n, "mean": mean, "sd": scores.std(axis=1), "half": half.where(error != 0, 0.0)})

    @property
    def drawn(self) -> str:
        """What the seed determines in these runs, in words: the variation that ± covers."""
        runs = self.comparison.runs
        also = [
            words
            for key, words in _OTHER_SEEDS.items()
            if key in runs and SEED in runs and (runs[key].map(text) == runs[SEED].map(text)).all()
        ]
        return " and ".join(["the initial weights (and dropout)", *also])


def replicates_table(replicates: Replicates, compared: pd.DataFrame) -> Table | None:
    """One row per setting, the picked one first, with the paired comparisons; None without replicates."""
    if not replicates.replicated:
        return None
    comparison, metric = replicates.comparison, replicates.comparison.metric
    columns: dict[str, Any] = {comparison.swept[str(key)]: replicates.settings[key] for key in replicates.settings}
    columns["n"] = replicates.n
    digits, halves = {"n": 0}, {}
    for split in ("validation", "test") if replicates.picked else ("test",):
        summary, name = replicates.summary(split), metric.heading(split)
        columns |= {name: summary["mean"], f"{name}, 95 % half-width": summary["half"], f"{name}, sd": summary["sd"]}
        digits |= {name: 4, f"{name}, sd": 4}
        halves[name] = f"{name}, 95 % half-width"
    if len(compared):
        columns |= {"behind the first": compared["difference"], "behind, 95 % half-width": compared["half"]}
        columns["p (Holm)"] = compared["p_adjusted"]
        digits |= {"behind the first": 4, "p (Holm)": 3}
        halves["behind the first"] = "behind, 95 % half-width"
    if replicates.unfinished.any():
        columns["not finished"] = replicates.unfinished
        digits["not finished"] = 0
    caption = (
        f"Means over n seeds ± half of the 95 % confidence interval (t distribution), and standard deviations (sd). "
        f"The seed draws {replicates.drawn}: ± covers that and nothing else."
    )
    if replicates.picked:
        caption += (
            f" In the first row the settings with the {metric.best_word} mean on validation among those on the "
            "most seeds."
        )
    if len(compared):
        caption += (
            f" Behind the first: by how much {metric.heading('test')} is worse than in the first row in "
            "the mean, paired by seed; p by "
            f"paired t tests of the next {len(compared)}, adjusted for as many comparisons (Holm)."
        )
    return Table("replicates", pd.DataFrame(columns), digits, caption, halves, picked=replicates.picked)


def _order(validation: pd.DataFrame, metric: Metric) -> list[int]:
    """Settings on the most seeds first, as means over fewer owe more to luck; then by mean validation score."""
    n, mean = validation.count(axis=1), validation.mean(axis=1)
    keys = pd.DataFrame({"fewer": n < n.max(), "mean": mean})
    return list(keys.sort_values(["fewer", "mean"], ascending=[True, not metric.higher_is_better], kind="stable").index)


def _exact(value: Any) -> str:
    """A setting at full precision: 1 and 1.0 are equal."""
    return format(value, ".17g") if isinstance(value, float) and value == value else text(value)
