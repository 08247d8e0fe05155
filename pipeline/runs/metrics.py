"""The vocabulary of metrics: what is measured on each split, how it is labelled, and which epoch is best.

A name has up to three parts: `accuracy` is the metric, `validation_accuracy` its column in history.csv, and
`best_validation_accuracy` the figure of the best epoch in result.json.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Row = dict[str, float]  # one epoch of history.csv
Task = Literal["classification", "regression"]
Split = Literal["train", "validation", "test"]

SPLITS: tuple[Split, ...] = ("validation", "test", "train")  # in the order of tables
SELECTION: Split = "validation"  # what epochs, runs and settings are picked on; never test
_NO_METRICS = ("epoch", "lr", "seconds")  # columns of history.csv that result.json does not repeat


@dataclass(frozen=True)
class Metric:
    """A figure of each split. A `share` of the examples lies between 0 and 1; differences are given in points."""

    name: str
    label: str
    higher_is_better: bool = True
    share: bool = False

    def on(self, split: str) -> str:
        """Its column in history.csv: "validation_accuracy"."""
        return f"{split}_{self.name}"

    def final(self, split: str) -> str:
        """Its name in result.json for the last epoch: "final_validation_accuracy"."""
        return f"final_{split}_{self.name}"

    def best(self, split: str) -> str:
        """Its name in result.json for the best epoch: "best_validation_accuracy"."""
        return f"best_{split}_{self.name}"

    def heading(self, split: str) -> str:
        """Its label: "validation R²"."""
        return f"{split} {self.label}"

    def rank(self, value: float) -> float:
        """A number that is greater for better values; −inf for values that are not finite."""
        if not math.isfinite(value):
            return -math.inf
        return value if self.higher_is_better else -value


LOSS = Metric("loss", "loss", higher_is_better=False)
ACCURACY = Metric("accuracy", "accuracy", share=True)
R2 = Metric("r2", "R²")
SCORES: Mapping[Task, Metric] = {"classification": ACCURACY, "regression": R2}


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
