"""The vocabulary of metrics: what is measured on each split, in which direction it is better, and what it is called.

A name has up to three parts: `accuracy` is the metric, `validation_accuracy` its column in history.csv, and
`best_validation_accuracy` the figure of the best epoch in result.json.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.datasets import Task

Split = Literal["train", "validation", "test"]

SPLITS: tuple[Split, ...] = ("validation", "test", "train")  # in the order of tables
SELECTION: Split = "validation"  # what epochs, runs and settings are picked on; never test


@dataclass(frozen=True)
class Metric:
    """A figure of each split. A `share` of the examples lies between 0 and 1; differences are given in points.

    definition: in words, for reports. tasks: where it means something.
    """

    name: str
    label: str
    definition: str = ""
    tasks: tuple[Task, ...] = ("classification", "multilabel", "regression")
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

    @property
    def best_word(self) -> str:
        """ "highest" or "lowest"."""
        return "highest" if self.higher_is_better else "lowest"


LOSS = Metric("loss", "loss", "mean data loss per example", higher_is_better=False)
ACCURACY = Metric(
    "accuracy",
    "accuracy",
    "share of examples whose largest output is the right class (of labels: all of which are right)",
    ("classification", "multilabel"),
    share=True,
)
R2 = Metric("r2", "R²", "1 − squared error / variance of the targets, mean over outputs", ("regression",))
BALANCED_ACCURACY = Metric(
    "balanced_accuracy",
    "balanced accuracy",
    "mean over classes of the share of a class's examples that are classified correctly",
    ("classification",),
    share=True,
)
MACRO_F1 = Metric(
    "macro_f1",
    "macro F1",
    "mean over classes, or labels, of F1 = 2 · precision · recall / (precision + recall), 0 where none is found",
    ("classification", "multilabel"),
)
ROC_AUC = Metric(
    "roc_auc",
    "ROC-AUC",
    "area under the curve of true against false positives, mean over classes, each against the rest, or over labels "
    "(blank where a split lacks examples of one)",
    ("classification", "multilabel"),
)
TOP5 = Metric(
    "top5",
    "top-5 accuracy",
    "share of examples whose class is among the five largest outputs (of more than 10 classes)",
    ("classification",),
    share=True,
)
MAE = Metric(
    "mae",
    "MAE",
    "mean absolute error in units of the targets, mean over outputs",
    ("regression",),
    higher_is_better=False,
)
RMSE = Metric(
    "rmse",
    "RMSE",
    "root of the mean squared error in units of the targets, mean over outputs",
    ("regression",),
    higher_is_better=False,
)

SCORES: Mapping[Task, Metric] = {"classification": ACCURACY, "multilabel": ACCURACY, "regression": R2}
FURTHER = {metric.name: metric for metric in (BALANCED_ACCURACY, MACRO_F1, ROC_AUC, TOP5, MAE, RMSE)}
METRICS = {metric.name: metric for metric in (LOSS, ACCURACY, R2)} | FURTHER
TOP5_CLASSES = 11  # so many or more: of few classes, five are nearly all


def metric_of(name: str) -> Metric:
    """The metric of a name, or of a user's "module:name", which is better the higher it is."""
    name = name.rpartition(":")[2]
    return METRICS.get(name) or Metric(name, name.replace("_", " "))


def selected(select: object, task: Task) -> Metric:
    """What `training.select` means: the metric, on validation, that says which epoch, run and setting is the best.

    "auto", and what runs of earlier versions lack, is the score of the task.
    """
    if not isinstance(select, str) or select == "auto":
        return SCORES[task]
    return metric_of(select.removeprefix(f"{SELECTION}_"))
