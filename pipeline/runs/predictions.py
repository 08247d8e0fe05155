"""A run's predictions of the test split, by the weights of its best epoch: predictions.npz.

`predicted` and `target` have a row an example: class numbers, (N,); values in the units of the data, (N, K); or labels,
0 or 1, (N, K).
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

    @classmethod
    def of(cls, predictions: "Predictions") -> "Predicted":
        """In the smallest type that holds them."""
        kinds: dict[Task, np.dtype[Any]] = {
            "classification": np.min_scalar_type(predictions.outputs.shape[1]),
            "multilabel": np.dtype(bool),
            "regression": np.dtype(np.float32),
        }
        kind = kinds[predictions.task]
        return cls(predictions.predicted.astype(kind), predictions.targets.astype(kind))

    def write(self, folder: Path) -> str:
        """Write predictions.npz; -> its sha256. A power failure can lose it, which whoever reads it notices."""
        stream = io.BytesIO()
        np.savez_compressed(stream, predicted=self.predicted, target=self.target)
        write_whole(folder / PREDICTIONS, stream.getvalue(), durable=False)
        return hashlib.sha256(stream.getvalue()).hexdigest()


def read_predictions(folder: Path, result: Result) -> Predicted | None:
    """The predictions of the run that left `result` in `folder`; None if there are none, or not as it wrote them."""
    try:
        data = read_whole(folder / PREDICTIONS, _MOST_BYTES)
        if hashlib.sha256(data).hexdigest() != (result.files or {}).get(PREDICTIONS):
            return None
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            read = Predicted(arrays["predicted"], arrays["target"])
    except (OSError, ValueError, LookupError, zipfile.BadZipFile):
        return None
    return read if read.predicted.shape == read.target.shape else None
