"""Which epoch of a run is the best, and the figures of result.json; `pipeline.metrics` says what is measured."""

import math
from collections.abc import Iterable, Mapping, Sequence

from pipeline.datasets import Task
from pipeline.metrics import R2, SELECTION, Metric

Row = dict[str, float]  # one epoch of history.csv
_NO_METRICS = ("epoch", "lr", "seconds")  # columns of history.csv that result.json does not repeat


def task_of(columns: Iterable[str]) -> Task:
    """The task of the run whose history.csv has these columns."""
    return "regression" if any(name.endswith(f"_{R2.name}") for name in columns) else "classification"


def improves(row: Row, best: Row | None, metric: Metric) -> bool:
    """Whether an epoch replaces `best`, the best of the earlier ones.

    The best epoch has the best validation value, the first of a tie; without any such value it is the last. Epoch 0,
    before training, and epochs whose objective is not finite never count.
    """
    if row["epoch"] == 0 or not math.isfinite(row.get("objective", 0.0)):
        return False
    if best is None:
        return True
    new, old = (metric.rank(epoch.get(metric.on(SELECTION), math.nan)) for epoch in (row, best))
    return new > old or new == old == -math.inf


def best_row(history: Iterable[Row], metric: Metric) -> Row | None:
    """The best epoch; None if no epoch counts."""
    best: Row | None = None
    for row in history:
        if improves(row, best, metric):
            best = row
    return best


def run_metrics(history: Sequence[Row], best: Row | None) -> dict[str, float]:
    """The metrics of result.json: `final_*` of the last epoch, `best_*` of the best; NaN if there is none.

    Raises KeyError if the epochs do not have the same figures.
    """
    final = history[-1] if history else {}
    names = [name for name in final if name not in _NO_METRICS]
    metrics = {"final_epoch": final.get("epoch", 0)} | {f"final_{name}": final[name] for name in names}
    best = best or dict.fromkeys(final, math.nan)
    return metrics | {"best_epoch": best.get("epoch", math.nan)} | {f"best_{name}": best[name] for name in names}


def best_figures(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics of a run's best epoch that have a value, without the epoch itself."""
    best = {name: value for name, value in metrics.items() if name.startswith("best_") and name != "best_epoch"}
    return {name: value for name, value in best.items() if not math.isnan(value)}
