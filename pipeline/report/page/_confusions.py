"""Confusion matrices of the first runs, for the scripts to compare two of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.report.comparison import Comparison
from pipeline.runs.predictions import read_predictions
from pipeline.runs.result import Result, read_result

_CLASSES = 25  # up to which a matrix is a table on the page
_RUNS = 100


def confusions(comparison: Comparison, folders: Sequence[Path]) -> dict[str, Any]:
    """`names` of the classes, and `counts`: of each row the matrix on test, a list a true class, None without one.

    Empty unless all are classifications of the same few classes.
    """
    known = comparison.runs.get("provenance.data.classes")
    classes: Any = known.dropna().unique() if known is not None and comparison.task == "classification" else []
    if len(classes) != 1 or not 1 < len(names := json.loads(classes[0])) <= _CLASSES:
        return {}
    counts = [_counts(folder, len(names)) for folder in folders[:_RUNS]]
    return {"names": names, "counts": counts} if sum(one is not None for one in counts) > 1 else {}


def _counts(folder: Path, classes: int) -> list[list[int]] | None:
    result = read_result(folder)
    predicted = read_predictions(folder, result) if isinstance(result, Result) else None
    if predicted is None or predicted.target.ndim != 1:
        return None
    places = predicted.target.astype(int) * classes + predicted.predicted.astype(int)
    if len(places) and not 0 <= places.min() <= places.max() < classes**2:
        return None
    counts: list[list[int]] = np.bincount(places, minlength=classes**2).reshape(classes, classes).tolist()
    return counts
