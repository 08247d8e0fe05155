"""Runs compared at the same epoch, where successive halving has let some train longer than others."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline.metrics import LOSS, SELECTION, SPLITS
from pipeline.report.comparison import Comparison


def at_equal_length(comparison: Comparison, history: pd.DataFrame) -> Comparison:
    """The same runs with the figures that they had once the shortest of those that halving compared had ended.

    The best epoch of each is then the best up to that one, `Comparison.until`. Without dropped runs nothing changes.
    """
    runs = comparison.runs
    compared = runs["status"].isin(["finished", "dropped"])
    if not comparison.dropped.any():
        return comparison
    until = int(comparison.figure("final_epoch")[compared].min())
    column, sign = comparison.metric.on(SELECTION), 1 if comparison.metric.higher_is_better else -1
    early = history[history["epoch"].between(1, until)]
    if "objective" in early:
        early = early[np.isfinite(early["objective"])]
    ranks = (sign * early[column]).dropna()
    best = early.loc[ranks.groupby(early["run"]).idxmax()].set_index("run")
    metrics = dict.fromkeys([comparison.metric, LOSS])
    columns = {f"metric.{metric.best(split)}": metric.on(split) for metric in metrics for split in SPLITS}
    figures = {
        name: runs["run"].map(best[source]) for name, source in columns.items() if name in runs and source in best
    }
    return replace(comparison, runs=runs.assign(**figures), until=until)
