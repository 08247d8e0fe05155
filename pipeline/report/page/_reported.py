"""Figures of course reports for networks on the same data, beside the best run here."""

from typing import Any

import pandas as pd

from pipeline.metrics import ACCURACY
from pipeline.report.comparison import Comparison
from pipeline.reported.rows import Row, rows

COLUMNS = ["report", "network", "epochs", "held out", "reported", "our run", "ours", "difference in points"]


def reported(comparison: Comparison) -> pd.DataFrame:
    """One row per reported network on a data set of these runs; empty if there is none.

    Ours is the run with the best validation score on that data, evaluated on the split that the report held out.
    The difference is empty for a regression, whose R² is no share of examples.
    """
    lines = []
    for row in _of_same_data(comparison):
        score = comparison.best(row.held_out)
        ours = (comparison.runs["config.dataset.name"] == row.dataset) & comparison.finished & comparison.score.notna()
        best = ours.to_numpy().nonzero()[0][:1]  # the table begins with the best
        mine = score.iloc[best].item() if len(best) else None
        theirs = row.reported["held_out_accuracy"]
        subtract = mine is not None and comparison.metric == ACCURACY
        lines.append(
            [
                *(row.reported["report"], row.reported["architecture"], row.reported["epochs"], row.held_out, theirs),
                *(comparison.runs["run"].iloc[best].item() if len(best) else None, mine),
                100 * (mine - theirs) if subtract else None,
            ]
        )
    return pd.DataFrame(lines, columns=COLUMNS)


def reported_curves(comparison: Comparison) -> list[dict[str, Any]]:
    """The reported accuracy in percent by epoch, if all runs use one data set and it is that of a report."""
    if comparison.metric != ACCURACY or comparison.runs.get("config.dataset.name", pd.Series()).nunique() != 1:
        return []
    curves = []
    for row in _of_same_data(comparison):
        known = row.curve[["epoch", "held_out_accuracy"]].dropna()
        if len(known) > 1:
            name = f"{row.reported['report']}, {row.held_out}"
            curves.append({"name": name, "points": [[int(e), 100 * float(v)] for e, v in known.to_numpy()]})
    return curves


def _of_same_data(comparison: Comparison) -> list[Row]:
    here = set(comparison.runs.get("config.dataset.name", pd.Series()))
    return [row for row in rows() if row.dataset in here]
