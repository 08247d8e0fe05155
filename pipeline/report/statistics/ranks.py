"""Settings compared over several data sets, by their ranks on each.

Source: J. Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7 (2006).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pipeline.report.data_sets import DataSets
from pipeline.report.formats import Table, p_value
from pipeline.report.statistics.tests import ALPHA

FEWEST_SETS = 5  # data sets from which the tests are made: Friedman's χ² is a poor approximation below


@dataclass(frozen=True)
class Ranks:
    """`scores`: mean on test of each setting that has finished on every data set, (settings, data sets).

    `left_out` counts the settings that have not. `higher_is_better` is a bool for each data set.
    """

    scores: pd.DataFrame
    left_out: int
    higher_is_better: "pd.Series[bool]"

    @classmethod
    def of(cls, data_sets: DataSets) -> "Ranks":
        """The ranks over the data sets of a sweep."""
        means = pd.DataFrame({title: summary["mean"] for title, summary in data_sets.scores.items()})
        complete = means.dropna()
        better = {title: one.metric.higher_is_better for title, one in data_sets.comparisons.items()}
        return cls(complete, len(means) - len(complete), pd.Series(better))

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """The rank of each setting on each data set: 1 for the best, the mean of the ranks for equal scores."""
        signs = self.higher_is_better.map({True: -1.0, False: 1.0})
        return (self.scores.round(12) * signs).rank(axis=0)

    @cached_property
    def average(self) -> "pd.Series[float]":
        """The average rank of each setting, the best first."""
        return self.ranks.mean(axis=1).sort_values(kind="stable")

    @property
    def tested(self) -> bool:
        """Whether there is enough for a test: two settings, and data sets from `FEWEST_SETS`."""
        return len(self.scores) > 1 and self.scores.shape[1] >= FEWEST_SETS and bool(np.ptp(self.average) > 0)

    @cached_property
    def p(self) -> float:
        """That settings do not differ: Friedman's test, Wilcoxon's signed-rank test for two; NaN without a test."""
        if not self.tested:
            return np.nan
        from scipy import stats

        rows = self.scores.to_numpy()
        if len(rows) == 2:
            return float(stats.wilcoxon(rows[0], rows[1]).pvalue)
        return float(stats.friedmanchisquare(*self.ranks.to_numpy()).pvalue)

    @cached_property
    def critical_difference(self) -> float:
        """By how much average ranks must differ (Nemenyi's test); NaN unless Friedman's test finds differences.

        CD = q √(k (k + 1) / (6 N)) for k settings on N data sets, with q the quantile of the studentized range for k
        groups and infinitely many degrees of freedom, divided by √2.
        """
        k, n = self.scores.shape
        if k < 3 or not self.p < ALPHA:
            return np.nan
        from scipy import stats

        return float(stats.studentized_range.ppf(1 - ALPHA, k, np.inf) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * n)))

    @property
    def cliques(self) -> list[tuple[int, int]]:
        """Runs of settings, first and last in the order of `average`, that do not differ; none inside another."""
        places = self.average.to_numpy()
        spans = [
            (i, int(np.flatnonzero(places <= places[i] + self.critical_difference)[-1])) for i in range(len(places))
        ]
        return [span for i, span in enumerate(spans) if span[0] < span[1] and (i == 0 or span[1] > spans[i - 1][1])]


def across_table(data_sets: DataSets, ranks: Ranks) -> Table:
    """A row a setting: mean and sd on test of each data set, and the average rank; by rank, the unranked last."""
    order = [
        *ranks.average.index,
        *(name for name in next(iter(data_sets.scores.values())).index if name not in ranks.average),
    ]
    columns: dict[str, Any] = {"setting": pd.Series(order, order)}
    digits, halves = {}, {}
    for title, summary in data_sets.scores.items():
        name = f"{title}, {data_sets.comparisons[title].metric.label}"
        columns |= {name: summary["mean"].reindex(order), f"{name}, sd": summary["sd"].reindex(order)}
        digits[name], halves[name] = 4, f"{name}, sd"
    if len(ranks.average) > 1:
        columns["average rank"] = ranks.average.reindex(order)
        digits["average rank"] = 2
    table = pd.DataFrame(columns).reset_index(drop=True)
    footer: dict[str, Any] = {"setting": "baseline"}
    for title, comparison in data_sets.comparisons.items():
        if comparison.baseline:
            footer[f"{title}, {comparison.metric.label}"] = comparison.baseline.scores["test"]
    caption = "Mean on test of each setting on each data set, ± the standard deviation over replicates" + (
        ", and the average of its ranks, 1 for the best on a data set." if "average rank" in columns else "."
    )
    return Table("data_sets", table, digits, caption, halves, footer=footer if len(footer) > 1 else {})


def across(ranks: Ranks) -> list[str]:
    """What can be said over all data sets, in sentences."""
    settings, sets = ranks.scores.shape
    alone = "has a winner of its own" if settings else "is judged by itself"  # on one perhaps no run has finished
    sentences = [f"{len(ranks.higher_is_better)} data sets: each {alone}, and scores are not compared between them."]
    if not settings:
        return [*sentences, "No setting has finished on every data set, so there are no ranks."]
    if ranks.left_out:
        without = "1 setting has" if ranks.left_out == 1 else f"{ranks.left_out} settings have"
        sentences.append(f"{without} not finished on every data set, and so no rank.")
    if settings < 2:
        return sentences
    first = [f"{name}: {rank:.2f}" for name, rank in ranks.average.items()][:5]
    sentences.append(
        f"Average rank on test over {sets} data sets (1 is best of {settings}): {'; '.join(first)}"
        f"{'; …' if settings > 5 else ''}."
    )
    if sets < FEWEST_SETS:
        sentences.append(
            f"{sets} data sets are too few to test whether settings differ in general (it takes {FEWEST_SETS}): the "
            "ranks describe these data alone."
        )
        return sentences
    if not ranks.tested:
        return [*sentences, "All average ranks are equal, so there is nothing to test."]
    p = p_value(ranks.p)
    test = "Wilcoxon's signed-rank test" if settings == 2 else "Friedman's test"
    if not ranks.p < ALPHA:
        return [*sentences, f"{test} shows no difference between the settings over the data sets ({p})."]
    if settings == 2:
        return [*sentences, f"{ranks.average.index[0]} is better over the data sets ({test}, {p})."]
    best, limit = ranks.average.iloc[0], ranks.critical_difference
    worse = [str(name) for name, rank in ranks.average.items() if rank - best >= limit]
    named = "; ".join(worse[:5]) + (f" and {len(worse) - 5} more" if len(worse) > 5 else "")
    verdict = f"{ranks.average.index[0]} is better than {named}" if worse else "none can be told from the first"
    return [
        *sentences,
        f"The settings differ over the data sets ({test}, {p}); by Nemenyi’s test, with a critical difference of "
        f"{limit:.2f} ranks, {verdict}.",
    ]
