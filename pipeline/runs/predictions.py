"""A run's predictions of the test split, by the weights of its best epoch: predictions.npz.

`predicted` and `target` have a row an example: class numbers, (N,); values in the units of the data, (N, K); or labels,
0 or 1, (N, K). Of classes there is `probability` (N,) besides: of two that of the
second, of more that of the predicted.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.datasets import Task
from pipeline.files import PREDICTIONS, read_whole, write_whole
from pipeline.runs.result import Result

if TYPE_CHECKING:
    from pipeline.metrics.scoring import Predictions

_MOST_BYTES = 2**32


@dataclass(frozen=True)
class Predicted:
    """What a network says of each test example, and what is right."""

    predicted: np.ndarray
    target: np.ndarray
    probability: np.ndarray | None = None  # earlier versions did not keep it

    @classmethod
    def of(cls, predictions: "Predictions") -> "Predicted":
        """In the smallest type that holds them."""
        kinds: dict[Task, np.dtype[Any]] = {
            "classification": np.min_scalar_type(predictions.outputs.shape[1]),
            "multilabel": np.dtype(bool),
            "regression": np.dtype(np.float32),
        }
        kind, probability = kinds[predictions.task], None
        if predictions.task == "classification":
            with np.errstate(invalid="ignore", over="ignore"):  # outputs that are not finite, or nearly
                p = predictions.probabilities
            probability = (p[:, 1] if p.shape[1] == 2 else p.max(1)).astype(np.float32)
        return cls(predictions.predicted.astype(kind), predictions.targets.astype(kind), probability)

    def write(self, folder: Path) -> str:
        """Write predictions.npz; -> its sha256. A power failure can lose it, which whoever reads it notices."""
        stream = io.BytesIO()
        np.savez_compressed(stream, **{name: array for name, array in vars(self).items() if array is not None})
        write_whole(folder / PREDICTIONS, stream.getvalue(), durable=False)
        return hashlib.sha256(stream.getvalue()).hexdigest()


def read_predictions(folder: Path, result: Result) -> Predicted | None:
    """The predictions of the run that left `result` in `folder`; None if there are none, or not as it wrote them."""
    try:
        data = read_whole(folder / PREDICTIONS, _MOST_BYTES)
        if hashlib.sha256(data).hexdigest() != (result.files or {}).get(PREDICTIONS):
            return None
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            read = Predicted(arrays["predicted"], arrays["target"], arrays.get("probability"))
    except (OSError, ValueError, LookupError, zipfile.BadZipFile):
        return None
    fits = read.probability is None or read.probability.shape == read.target.shape
    return read if fits and read.predicted.shape == read.target.shape else None
