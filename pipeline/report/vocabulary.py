"""What people call keys, their values and the data: "learning rate" for optimizer.lr, "64-32" for [64,32]."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.metrics import metric_of
from pipeline.report.formats import NOTHING, text

_KEYS = {
    "model.name": "model",
    "model.hidden": "hidden units",
    "model.activation": "activation",
    "model.l2": "L2 penalty",
    "model.dropout": "dropout",
    "model.layers": "layers",
    "model.depth": "depth",
    "model.patch_size": "patch size",
    "model.features": "features",
    "model.l2_layers": "layers under the L2 penalty",
    "model.residual": "residual connections",
    "model.initializer": "initializer",
    "model.layer_norm": "layer norm",
    "model.init": "initial weights",
    "optimizer.name": "optimizer",
    "optimizer.lr": "learning rate",
    "optimizer.momentum": "momentum",
    "optimizer.nesterov": "Nesterov momentum",
    "optimizer.weight_decay": "weight decay",
    "schedule.name": "schedule",
    "schedule.warmup": "warm-up",
    "dataset.name": "data",
    "dataset.fold": "fold",
    "dataset.flip": "flips",
    "dataset.shift": "shifts",
    "dataset.cutout": "cutout",
    "training.epochs": "epochs",
    "training.batch_size": "batch size",
    "training.class_weight": "class weights",
    "training.loss": "loss",
    "training.label_smoothing": "label smoothing",
    "training.mixup": "mixup",
    "training.averaging": "averaging of weights",
    "training.order_seed": "seed of the order",
    "seed": "seed",
}
_DATA = {
    "fashion_mnist": "Fashion-MNIST",
    "fashion_mnist_mini": "Fashion-MNIST (part)",
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
}
_MODELS = {"mlp": "A multilayer perceptron", "patch_mlp": "An MLP across patches", "layers": "A network of layers"}
_VALUES = {
    **{"null": "none", "true": "yes", "false": "no", "[]": "none"},
    **{"relu": "ReLU", "leaky_relu": "leaky ReLU", "gelu": "GELU"},
    **{"sgd": "SGD", "adam": "Adam", "one_cycle": "one cycle"},
    **{"mlp": "MLP", "patch_mlp": "patch MLP"},
}
_FIGURES = {
    "seconds.total": "seconds",
    "seconds.training": "seconds of training",
    "seconds.evaluation": "seconds of evaluation",
    "metric.parameters": "parameters",
    "metric.best_epoch": "best epoch",
    "metric.final_epoch": "epochs trained",
}
_METRICS = {
    "r2": "R²",
    "macro_f1": "macro F1",
    "roc_auc": "ROC-AUC",
    "top5": "top-5 accuracy",
    "mae": "MAE",
    "rmse": "RMSE",
}
_PLACES = {"best": "", "final": ", last epoch"}


def key_name(key: str) -> str:
    """A dotted key, with or without "config.": "learning rate"; "samples of dataset" where there is no better name."""
    key = key.removeprefix("config.")
    section, _, leaf = key.rpartition(".")
    words = leaf.replace("_", " ")
    return _KEYS.get(key) or (f"{words} of {section}" if section else words)


def data_name(title: str) -> str:
    """The title of data, or what people call a choice of `dataset`."""
    return _DATA.get(title, title)


def model_name(choice: str) -> str:
    """What people call a choice of `model`."""
    return _MODELS.get(choice, choice)


def value_name(value: Any) -> str:
    """A value of a key: "256-128" for the widths [256,128], "none" for null, "no" for false."""
    words = text(value)
    if re.fullmatch(r"\[\d+(, ?\d+)*\]", words):
        return "-".join(re.findall(r"\d+", words))
    if re.fullmatch(r"\[[\d., eE+-]+\]", words):
        return ", ".join(words[1:-1].replace(",", " ").split())
    return _DATA.get(words) or _VALUES.get(words, words)


def names_of(keys: Mapping[str, str]) -> dict[str, str]:
    """Columns of keys -> what people call them; where that does not tell them apart, their short names."""
    names = {key: key_name(key) for key in keys}
    return {key: name if list(names.values()).count(name) == 1 else keys[key] for key, name in names.items()}


def described(settings: Mapping[str, Any]) -> str:
    """Settings by their names, without those that a run does not have: "hidden units 256, learning rate 0.05"."""
    return ", ".join(f"{name} {value_name(value)}" for name, value in settings.items() if text(value) != NOTHING)


def listed(names: Sequence[str], word: str = "and") -> str:
    """ "a", "a and b", "a, b and c"; "a 1, b 2; and a 3, b 4" of names with commas."""
    comma, last = ("; ", f"; {word} ") if any(", " in name for name in names) else (", ", f" {word} ")
    return last.join([*([comma.join(names[:-1])] if len(names) > 1 else []), *names[-1:]])


def column_name(column: str) -> str:
    """A column of `collect`'s runs: "validation accuracy, %" for metric.best_validation_accuracy."""
    if column in _FIGURES:
        return _FIGURES[column]
    if column.startswith("config."):
        return key_name(column)
    if match := re.fullmatch(r"metric\.(best|final)_(?:(train|validation|test)_)?(\w+)", column):
        place, split, metric = match.groups()
        words = _METRICS.get(metric, metric.replace("_", " "))
        percent = ", %" if split and metric_of(metric).share else ""
        return " ".join(filter(None, (split, words))) + _PLACES[place] + percent
    return column.partition(".")[2].replace("_", " ") or column
