"""The loss of a run: what `training.loss` and `training.class_weight` mean for the data at hand."""

from collections.abc import Sequence

import numpy as np

import scratchnet as sn
from pipeline import seams
from pipeline.config.schema import Training
from pipeline.datasets import Dataset, Task, counted
from pipeline.errors import UserError

_AUTO = {"classification": "cross_entropy", "multilabel": "binary_cross_entropy", "regression": "squared_error"}
_FITTING: dict[Task, tuple[str, ...]] = {
    "classification": ("cross_entropy", "binary_cross_entropy (of two classes)"),
    "multilabel": ("binary_cross_entropy",),
    "regression": ("squared_error", "huber"),
}


def build_loss(training: Training, dataset: Dataset) -> sn.Loss:
    """The loss. Raises UserError where it, smoothing or weights do not fit the data."""
    task = dataset.task
    name = _AUTO[task] if training.loss == "auto" else training.loss
    if training.label_smoothing and task == "regression":
        raise UserError(f"training.label_smoothing={training.label_smoothing}: the data have no classes; take 0")
    if training.class_weight is not None and task == "regression":
        raise UserError(f"training.class_weight={_text(training.class_weight)}: the data have no classes; take null")
    part = seams.loss.find("training.loss", name)
    kind = part.target_kind
    fits = {"labels": task == "classification", "flags": task == "multilabel", "values": task == "regression"}
    fits["flags"] |= task == "classification" and len(dataset.class_names) == 2
    if not fits[kind]:
        have = {
            "classification": f"{len(dataset.class_names)} classes",
            "multilabel": f"{dataset.outputs} labels, any number of them an example",
            "regression": "values, no classes",
        }
        known = ", ".join(_FITTING[task])
        raise UserError(f"training.loss={training.loss}: the data have {have[task]}; take auto, {known}, or your own")
    smoothing, weights = training.label_smoothing, _weights(training.class_weight, dataset)
    if part is sn.CrossEntropy:
        return sn.CrossEntropy(smoothing, None if weights is None else tuple(one for _, one in weights))
    if part is sn.BinaryCrossEntropy:
        if weights is not None and task == "classification":
            weights = ((weights[0][1], weights[1][1]),)
        return sn.BinaryCrossEntropy(smoothing, weights)
    if smoothing or weights:
        key = "label_smoothing" if smoothing else "class_weight"
        raise UserError(f"training.{key}: training.loss={training.loss} takes none; put it into the class")
    return sn.Huber(training.huber_delta) if part is sn.Huber else seams.made(part)


def outputs_of(loss: sn.Loss, dataset: Dataset) -> int:
    """How many outputs a network has: one a class, label or value; one for two classes as a question of yes or no."""
    return 1 if loss.target_kind == "flags" and dataset.task == "classification" else dataset.outputs


def targets_for(loss: sn.Loss, targets: np.ndarray) -> np.ndarray:
    """Targets as the loss takes them: of two classes (N,) a column of 0s and 1s."""
    return targets[:, np.newaxis].astype(np.float64) if loss.target_kind == "flags" and targets.ndim == 1 else targets


def _weights(given: Sequence[float] | str | None, dataset: Dataset) -> tuple[tuple[float, float], ...] | None:
    """For each class or label what an example without it counts, and one with it.

    "balanced" is N / (K n_k) of K classes, scikit-learn's; a label is two classes, with and without.
    """
    if given is None:
        return None
    classes, examples = len(dataset.class_names), len(dataset.train)
    if isinstance(given, str):
        ones = counted(dataset.train.targets, classes)
        if dataset.task == "classification":
            return tuple((1.0, examples / (classes * count)) for count in np.maximum(ones, 1).tolist())
        pairs = np.maximum(np.stack([examples - ones, ones], 1), 1).tolist()
        return tuple((examples / (2 * zeros), examples / (2 * count)) for zeros, count in pairs)
    if len(given) != classes:
        names = ", ".join(dataset.class_names[:10]) + ", …" * (classes > 10)
        raise UserError(
            f"training.class_weight={_text(given)}: {len(given)} weights for {classes} classes ({names}); give one for "
            "each, in this order, or balanced"
        )
    return tuple((1.0, float(weight)) for weight in given)


def _text(given: Sequence[float] | str) -> str:
    return given if isinstance(given, str) else f"[{','.join(map(str, given))}]"
