"""All settings in one picture: the score of each with its interval, in the order of the table."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.metrics import ACCURACY, SELECTION
from pipeline.report.comparison import Comparison
from pipeline.report.formats import text
from pipeline.report.page._numbers import short
from pipeline.report.statistics.importance import Importance
from pipeline.report.statistics.replicates import FEWEST, Replicates
from pipeline.report.statistics.shares import wilson
from pipeline.report.swept import levels
from pipeline.report.vocabulary import value_name

SETTINGS = 1000  # more are no picture
_COLOURS = 5


def all_settings(comparison: Comparison, replicates: Replicates, importance: Importance) -> dict[str, Any]:
    """JSON: of each setting its name, runs, n, status, mean, low, high and test score, and what colours it.

    Shares are in percent.

    The score is that on validation, by which settings are picked, or on test where there is no validation.
    """
    split = SELECTION if comparison.score.notna().any() else "test"
    summary, test = replicates.summary(split).head(SETTINGS), replicates.summary("test")["mean"]
    members = comparison.runs.groupby(comparison.setting.to_numpy()).indices
    single = comparison.best(split)
    metric, scale = comparison.metric, comparison.score_format.scale
    entries: list[dict[str, Any]] = []
    for number, row in zip(summary.index, summary.to_dict("records"), strict=True):
        rows = np.asarray(members[number])
        low, high = row["mean"] - row["half"], row["mean"] + row["half"]
        if row["n"] == 2:
            low, high = replicates.scores[split].loc[number].min(), replicates.scores[split].loc[number].max()
        elif row["n"] == 1 and metric == ACCURACY:
            low, high = wilson(row["mean"], _examples(comparison, split, rows))
        mean = row["mean"] if row["n"] else single.iloc[rows].mean()
        if not row["n"] and len(rows) == 1 and metric == ACCURACY:
            low, high = wilson(mean, _examples(comparison, split, rows))
        numbers = {"mean": mean, "low": low, "high": high, "test": test[number]}
        numbers = {name: scale * value for name, value in numbers.items()}
        entries.append(
            {
                "name": comparison.settings(int(rows[0])),
                "runs": [str(run) for run in comparison.runs["run"].iloc[rows]],
                "row": int(rows[0]),
                "n": int(row["n"]),
                "status": _status(comparison.runs["status"].iloc[rows]),
                **{name: short(value) for name, value in numbers.items()},
            }
        )
    baseline = comparison.baseline.scores[split] if comparison.baseline else math.nan
    return {
        "settings": entries,
        "left_out": len(replicates.settings) - len(entries),
        "label": metric.heading(split),
        "test_label": metric.heading("test") if split != "test" else None,
        "noun": replicates.noun,
        "interval": _interval(replicates, metric == ACCURACY),
        "baseline": short(scale * baseline),
        "baseline_words": comparison.baseline.words if comparison.baseline else "",
        "baseline_aside": comparison.baseline.aside if comparison.baseline else "",
        "key": _coloured(comparison, importance, [entry["row"] for entry in entries]),
    }


def _examples(comparison: Comparison, split: str, rows: np.ndarray) -> int:
    column = comparison.runs.get(f"provenance.examples.{split}")
    sizes = pd.Series(dtype=float) if column is None else column.iloc[rows].dropna()
    return int(sizes.iloc[0]) if len(sizes) else 0


def _status(statuses: "pd.Series[str]") -> str:
    """ "finished" where any run of the setting is, else what most are."""
    return "finished" if (statuses == "finished").any() else str(statuses.mode().iloc[0])


def _interval(replicates: Replicates, shares: bool) -> str:
    n = replicates.n.max() if len(replicates.n) else 0
    if n >= FEWEST:
        return f"95 % interval of the mean over {replicates.noun}"
    if n == 2:
        return f"the range of two {replicates.noun}"
    return "95 % interval of one run's share of the examples (Wilson)" if shares else ""


def _coloured(comparison: Comparison, importance: Importance, rows: Sequence[int]) -> dict[str, Any] | None:
    """The most important key with few enough values to have a colour each: its name, levels, and a level a setting."""
    for key in importance.order:
        names = levels(comparison.runs[key])
        if 1 < len(names) <= _COLOURS:
            place = {name: number for number, name in enumerate(names)}
            values = [place[text(comparison.runs[key][row])] for row in rows]
            return {"name": comparison.names[key], "levels": list(map(value_name, names)), "values": values}
    return None
