"""The best run's section: what it gets wrong, class by class and picture by picture, or how its values fit."""

import base64
import io
from typing import Any

import numpy as np

from pipeline.report.page._numbers import short, shorts
from pipeline.report.statistics.calibration import calibration
from pipeline.report.statistics.diagnosis import Diagnosis
from pipeline.report.statistics.fit import Fit

_CELLS = 25  # classes up to which a confusion matrix is a table on the page
_CONFUSED = 8  # pairs of classes in words
_CLASSES = 100  # rows of the table by class
_IMAGES = 24
_UNITS = 16
_DOTS = 2000  # test examples of a regression
_SMOOTH = 0.3  # correlation of neighbouring weights below which they look like noise


def classification(diagnosis: Diagnosis, whose: str) -> dict[str, Any]:
    """What the template shows of a classification; `whose` are its figures, "" of the only run."""
    counts, names = diagnosis.confusion, diagnosis.class_names
    return {
        "title": f"{whose}: what it gets wrong" if whose else "What it gets wrong",
        "classes": _by_class(counts, names),
        "confusion": _confusion(counts, names) if len(names) <= _CELLS else None,
        "confused": _confused(counts, names),
        "mistakes": _mistakes(diagnosis),
        "weights": _weights(diagnosis),
    }


def classification_data(diagnosis: Diagnosis) -> dict[str, Any]:
    """What the scripts draw of it: calibration in percent, and for two classes ROC and precision–recall."""
    right = diagnosis.predicted == diagnosis.target
    bins = calibration(diagnosis.probability, right)
    data: dict[str, Any] = {
        "calibration": {
            "confidence": shorts(100 * bins.confidence),
            "accuracy": shorts(100 * bins.accuracy),
            "count": bins.count.tolist(),
            "error": f"{100 * bins.error:.1f} points",
        }
    }
    if diagnosis.positive is not None and len(set(diagnosis.target.tolist())) == 2:
        data["roc"] = _roc(diagnosis.target, diagnosis.positive) | {"positive": diagnosis.class_names[1]}
    return data


def regression(whose: str) -> dict[str, Any]:
    """What the template shows of a regression; `whose` are its figures, "" of the only run."""
    title = f"{whose}: how it fits" if whose else "How it fits"
    return dict.fromkeys(("classes", "confusion", "confused", "mistakes", "weights")) | {"title": title}


def regression_data(fit: Fit) -> dict[str, Any]:
    """Targets and predictions of the test split, of evenly many where there are more than can be drawn."""
    rows = np.unique(np.linspace(0, len(fit.target) - 1, min(_DOTS, len(fit.target))).round().astype(int))
    return {
        "regression": {
            "names": list(fit.names),
            "target": [shorts(column) for column in fit.target[rows].T],
            "predicted": [shorts(column) for column in fit.predicted[rows].T],
            "examples": len(fit.target),
        }
    }


def _by_class(counts: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    right, support, given = np.diag(counts).astype(float), counts.sum(1), counts.sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = right / given, right / support
        f1 = 2 * right / (given + support)
    order = np.argsort(np.nan_to_num(f1, nan=2.0), kind="stable")[:_CLASSES]
    rows = [
        [names[k], _fixed(100 * precision[k], 1), _fixed(100 * recall[k], 1), _fixed(f1[k], 3), f"{support[k]:,}"]
        for k in order
    ]
    return {"columns": ["class", "precision, %", "recall, %", "F1", "support"], "rows": rows}


def _fixed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "–"


def _confusion(counts: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    rows = [
        [name, list(zip(map(int, row), map(float, share), strict=True))]
        for name, row, share in zip(names, counts, shares, strict=True)
    ]
    return {"names": names, "rows": rows}


def _confused(counts: np.ndarray, names: tuple[str, ...]) -> str:
    wrong = counts - np.diag(np.diag(counts))
    pairs = [divmod(int(place), len(names)) for place in np.argsort(-wrong, axis=None, kind="stable")[:_CONFUSED]]
    words = [f"{names[i]} as {names[j]} ({wrong[i, j]} of {counts[i].sum()})" for i, j in pairs if wrong[i, j]]
    return f"Most often confused on test: {'; '.join(words)}." if words else "No test example is classified wrongly."


def _mistakes(diagnosis: Diagnosis) -> list[dict[str, str]]:
    wrong = np.flatnonzero(diagnosis.predicted != diagnosis.target)
    if diagnosis.images is None:
        return []
    surest, names = wrong[np.argsort(-diagnosis.probability[wrong], kind="stable")][:_IMAGES], diagnosis.class_names
    return [
        {
            "source": _png(diagnosis.images[i]),
            "true": names[diagnosis.target[i]],
            "predicted": names[diagnosis.predicted[i]],
            "probability": f"{100 * diagnosis.probability[i]:.1f} %",
        }
        for i in surest
    ]


def _weights(diagnosis: Diagnosis) -> list[str]:
    """The units with the largest norms on a diverging map; none where the weights of neighbours are unrelated."""
    if diagnosis.weight is None or diagnosis.images is None:
        return []
    shape = diagnosis.images.shape[1:]
    units = np.argsort(-np.linalg.norm(diagnosis.weight, axis=0), kind="stable")[:_UNITS]
    maps = diagnosis.weight[:, units].T.reshape(-1, *shape).mean(1)
    if smoothness(maps) < _SMOOTH:
        return []
    largest = np.abs(maps).max(axis=(1, 2), keepdims=True)
    return [_png(_diverging(one)) for one in maps / np.where(largest, largest, 1)]


def smoothness(maps: np.ndarray) -> float:
    """The correlation of horizontally neighbouring weights, of maps (units, height, width): 0 for noise."""
    left, right = maps[:, :, :-1].ravel(), maps[:, :, 1:].ravel()
    if left.size < 2 or not (left.std() and right.std()):
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])


def _diverging(values: np.ndarray) -> np.ndarray:
    """(3, height, width) bytes: −1 blue, 0 white, 1 red, between the ends of ColorBrewer's RdBu."""
    strength = np.abs(values)[None]
    ends = np.where(values[None] > 0, np.array([178, 24, 43])[:, None, None], np.array([33, 102, 172])[:, None, None])
    colours: np.ndarray = np.round(255 + (ends - 255) * strength).astype(np.uint8)
    return colours


def _png(image: np.ndarray) -> str:
    """An image (channels, height, width) of bytes as a data address."""
    from PIL import Image

    pixels = image[0] if image.shape[0] == 1 else image[:3].transpose(1, 2, 0)
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _roc(target: np.ndarray, positive: np.ndarray) -> dict[str, Any]:
    from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

    false, true, _ = roc_curve(target, positive)
    precision, recall, _ = precision_recall_curve(target, positive)
    some = np.unique(np.linspace(0, len(recall) - 1, min(200, len(recall))).round().astype(int))
    few = np.unique(np.linspace(0, len(false) - 1, min(200, len(false))).round().astype(int))
    return {
        "false": shorts(false[few]),
        "true": shorts(true[few]),
        "precision": shorts(precision[some]),
        "recall": shorts(recall[some]),
        "area": short(auc(false, true)),
        "average_precision": short(average_precision_score(target, positive)),
        "share": short(float(np.mean(target == 1))),
    }
