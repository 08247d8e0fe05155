"""Metrics beside loss and score, from predictions.

Each is a line or two of numpy, equal to scikit-learn's, whose import takes as long as a short training.
Exponentials are torch's, which is there already.
"""

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

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
        outputs = torch.tensor(self.outputs)
        return (outputs.softmax(1) if self.task == "classification" else outputs.sigmoid()).numpy()


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
    truth, classes = predictions.targets, predictions.outputs.shape[1]
    count, right = np.bincount(truth, minlength=classes), truth[predictions.predicted == truth]
    recall = np.bincount(right, minlength=classes)[count > 0] / count[count > 0]
    return float(recall.mean())


def _macro_f1(predictions: Predictions) -> float:
    """F1 = 2 · hits / (true + predicted) examples; a class that is neither true nor predicted does not count."""
    truth, predicted = predictions.targets, predictions.predicted
    if predictions.task == "classification":
        classes = predictions.outputs.shape[1]
        sides = (truth[predicted == truth], truth, predicted)
        hits, true, said = (np.bincount(side, minlength=classes) for side in sides)
        counted = true + said > 0
    else:
        hits, true, said = (truth * predicted).sum(0), truth.sum(0), predicted.sum(0)
        counted = np.full(len(hits), True)
    return float((2 * hits / np.maximum(true + said, 1))[counted].mean())


def _roc_auc(predictions: Predictions) -> float:
    """The share of pairs of a positive and a negative example that are in order, where a tie counts half (J. A. Hanley
    and B. J. McNeil, "The meaning and use of the area under a ROC curve", 1982)."""
    truth, scores = predictions.targets, predictions.outputs
    if predictions.task == "classification":
        truth, scores = np.eye(scores.shape[1], dtype=bool)[truth], _log_odds(scores)
    positive = truth > 0
    if (positive == positive[0]).all(0).any():
        return math.nan
    return float(np.mean([_in_order(score[~of], score[of]) for score, of in zip(scores.T, positive.T, strict=True)]))


def _in_order(lower: np.ndarray, higher: np.ndarray) -> float:
    """The share of all pairs in which `higher` is the greater."""
    lower = np.sort(lower)
    twice = np.searchsorted(lower, higher, "left") + np.searchsorted(lower, higher, "right")
    return float(twice.sum() / (2 * len(lower) * len(higher)))


def _log_odds(logits: np.ndarray) -> np.ndarray:
    """log p / (1 − p) of each class: in the order of p, and different where p itself is rounded to 1."""
    rows, largest = np.arange(len(logits)), logits.argmax(1)
    top = logits[rows, largest]
    below = logits - top[:, None]
    shares, rest = np.exp(below), logits.copy()
    rest[rows, largest] = -np.inf
    with np.errstate(divide="ignore"):  # of the largest, which follows
        # At least 1 is left: the largest is among the others.
        odds: np.ndarray = below - np.log(shares.sum(1, keepdims=True) - shares)
    odds[rows, largest] = top - torch.from_numpy(rest).logsumexp(1).numpy()
    return odds


def _top5(predictions: Predictions) -> float:
    if predictions.outputs.shape[1] <= 5:
        return math.nan
    largest = np.argsort(predictions.outputs, axis=1, kind="stable")[:, -5:]
    return float((largest == predictions.targets[:, None]).any(1).mean())


def _mae(predictions: Predictions) -> float:
    return float(np.abs(predictions.outputs - predictions.targets).mean())


def _rmse(predictions: Predictions) -> float:
    return float(np.sqrt(np.square(predictions.outputs - predictions.targets).mean(0)).mean())


SHIPPED: dict[str, Function] = {
    "balanced_accuracy": _balanced_accuracy,
    "macro_f1": _macro_f1,
    "roc_auc": _roc_auc,
    "top5": _top5,
    "mae": _mae,
    "rmse": _rmse,
}
