"""Metrics beside loss and score, from predictions: most of them computed by scikit-learn."""

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit, logsumexp, softmax
from scipy.stats import rankdata

from pipeline.datasets import Task
from pipeline.errors import UserError
from pipeline.importing import raised
from pipeline.metrics import FURTHER, TOP5, TOP5_CLASSES


@dataclass(frozen=True)
class Predictions:
    """What a network says of N examples, and the truth: what a metric is a function of.

    outputs: float64, logits (N, classes) or (N, labels), or values (N, outputs) in units of the targets.
    targets: int64 (N,) classes, float64 (N, labels) of 0s and 1s, or float64 (N, outputs).
    """

    task: Task
    outputs: np.ndarray
    targets: np.ndarray

    @cached_property
    def predicted(self) -> np.ndarray:
        """Shaped like the targets: the likeliest classes, labels that are likelier than not, or the values."""
        if self.task == "classification":
            return np.asarray(self.outputs.argmax(1))
        return (self.outputs > 0).astype(np.float64) if self.task == "multilabel" else self.outputs

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Shaped like the outputs: softmax of classes, sigmoid of labels; values have none and stay as they are."""
        if self.task == "regression":
            return self.outputs
        return np.asarray(softmax(self.outputs, axis=1) if self.task == "classification" else expit(self.outputs))


Function = Callable[[Predictions], float]


def figures(predictions: Predictions, functions: Mapping[str, Function]) -> dict[str, float]:
    """The value of each metric; NaN where it is undefined, as of an empty split, one class, or outputs not finite.

    Raises UserError where a user's function raises or returns no number.
    """
    if not len(predictions.targets) or not np.isfinite(predictions.outputs).all():
        return dict.fromkeys(functions, math.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that a split lacks: what they mean here is told in the vocabulary
        return {name: _value(name, function, predictions) for name, function in functions.items()}


def further_of(task: Task, classes: int) -> dict[str, Function]:
    """The shipped metrics that mean something for such data."""
    names = [name for name, metric in FURTHER.items() if task in metric.tasks]
    return {name: SHIPPED[name] for name in names if name != TOP5.name or classes >= TOP5_CLASSES}


def _value(name: str, function: Function, predictions: Predictions) -> float:
    try:
        value = float(function(predictions))
    except Exception as error:
        raise UserError(f"the metric {name}: {raised(error)}; it takes Predictions and returns a number") from error
    return value if math.isfinite(value) else math.nan


def _balanced_accuracy(predictions: Predictions) -> float:
    from sklearn.metrics import balanced_accuracy_score

    return float(balanced_accuracy_score(predictions.targets, predictions.predicted))


def _macro_f1(predictions: Predictions) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(predictions.targets, predictions.predicted, average="macro", zero_division=0))


def _roc_auc(predictions: Predictions) -> float:
    """By ranks (J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a ROC curve", 1982)."""
    truth, scores = predictions.targets, predictions.outputs
    if predictions.task == "classification":
        truth, scores = np.eye(scores.shape[1])[truth], _log_odds(scores)
    if (truth == truth[0]).all(0).any():
        return math.nan
    positive = truth.sum(0)
    below = (truth * rankdata(scores, axis=0)).sum(0) - positive * (positive + 1) / 2  # pairs in order, ties half
    return float((below / (positive * (len(truth) - positive))).mean())


def _log_odds(logits: np.ndarray) -> np.ndarray:
    """log p / (1 − p) of each class: in the order of p, and different where p itself is rounded to 1."""
    rows, largest = np.arange(len(logits)), logits.argmax(1)
    log_p = logits - logsumexp(logits, axis=1, keepdims=True)
    rest = logits.copy()
    rest[rows, largest] = -np.inf
    log_p[rows, largest] = 0  # replaced below; p of the others is at most a half
    odds = log_p - np.log1p(-np.minimum(np.exp(log_p), 0.5))
    odds[rows, largest] = logits[rows, largest] - logsumexp(rest, axis=1)
    return np.asarray(odds)


def _top5(predictions: Predictions) -> float:
    from sklearn.metrics import top_k_accuracy_score

    classes = np.arange(predictions.outputs.shape[1])
    if len(classes) <= 5:
        return math.nan
    return float(top_k_accuracy_score(predictions.targets, predictions.outputs, k=5, labels=classes))


def _mae(predictions: Predictions) -> float:
    from sklearn.metrics import mean_absolute_error

    return float(mean_absolute_error(predictions.targets, predictions.outputs))


def _rmse(predictions: Predictions) -> float:
    from sklearn.metrics import root_mean_squared_error

    return float(root_mean_squared_error(predictions.targets, predictions.outputs))


SHIPPED: dict[str, Function] = {
    "balanced_accuracy": _balanced_accuracy,
    "macro_f1": _macro_f1,
    "roc_auc": _roc_auc,
    "top5": _top5,
    "mae": _mae,
    "rmse": _rmse,
}
