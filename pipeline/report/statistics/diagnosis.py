"""What the best network gets wrong on the test split."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy
from pydantic import ValidationError
from safetensors import SafetensorError

from pipeline.config.schema import Config
from pipeline.datasets import Dataset, Task
from pipeline.errors import UserError, one_line
from pipeline.files import MODEL, read_whole
from pipeline.runs.predictions import Predicted, read_predictions
from pipeline.runs.problem import Problem
from pipeline.runs.result import Result, read_result

_MOST_BYTES = 2**32  # of a model


@dataclass(frozen=True)
class Diagnosis:
    """Test images with their classes and the network's predictions.

    images: uint8 (N, channels, height, width), or None if inputs are not images. target, predicted: (N,).
    probability: (N,) of the predicted class. weight: (features, units) of the first layer, if its inputs are pixels.
    positive: (N,) probability of the second of two classes, else None.
    """

    class_names: tuple[str, ...]
    images: np.ndarray | None
    target: np.ndarray
    predicted: np.ndarray
    probability: np.ndarray
    weight: np.ndarray | None
    positive: np.ndarray | None = None

    @property
    def confusion(self) -> np.ndarray:
        """(K, K) counts, the true class down and the predicted across."""
        classes = len(self.class_names)
        return np.bincount(self.target * classes + self.predicted, minlength=classes**2).reshape(classes, classes)

    @property
    def recall(self) -> np.ndarray:
        """(K,) share of each class's examples classified correctly."""
        counts = self.confusion.sum(1)
        return np.diag(self.confusion) / np.where(counts, counts, 1)


def diagnose(run: Path) -> Diagnosis:
    """What a classification run predicted, beside the data. Raises UserError with the reason if that is impossible.

    The predictions that the run kept save loading torch and its network, which takes longer than all else.
    """
    dataset, result = data_of(run, "classification")
    pixels = math.prod(dataset.image_shape) if dataset.image_shape else None
    predictions = read_predictions(run, result)
    weights = _weights_of_first_layer(run, result)
    if predictions is None or predictions.probability is None or weights is None:
        predictions, weights = _evaluated(run, dataset)
    assert predictions.probability is not None
    predicted, probability = predictions.predicted.astype(np.int64), predictions.probability.astype(float)
    positive = probability if len(dataset.class_names) == 2 else None
    return Diagnosis(
        class_names=dataset.class_names,
        images=dataset.test.inputs if dataset.image_shape else None,
        target=dataset.test.targets,
        predicted=predicted,
        probability=probability if positive is None else np.where(predicted == 1, positive, 1 - positive),
        weight=next((weight for weight in weights if pixels and weight.shape[:-1] == (pixels,)), None),
        positive=positive,
    )


def data_of(run: Path, task: Task) -> tuple[Dataset, Result]:
    """The data that a run was trained on, and its result. Raises UserError with the reason if that is impossible."""
    result = read_result(run)
    if isinstance(result, Problem):
        raise UserError(str(result))
    try:
        config = Config.model_validate(result.config)
    except ValidationError as error:
        raise UserError(f"{run}: its configuration cannot be read ({one_line(error)})") from None
    if result.task != task:
        raise UserError(f"{run}: not a {task}")
    if not (run / MODEL).exists():
        raise UserError(f"{run}: {MODEL} is missing")
    dataset = config.dataset.load()
    if dataset.fingerprint != result.provenance.get("data_fingerprint"):
        raise UserError(f"{run}: the data has changed since the run")
    return dataset, result


def _weights_of_first_layer(run: Path, result: Result) -> list[np.ndarray] | None:
    """What the first layer with parameters learned; None if the file is not as the run wrote it."""
    try:
        data = read_whole(run / MODEL, _MOST_BYTES)
        if hashlib.sha256(data).hexdigest() != (result.files or {}).get(MODEL):
            return None
        params = safetensors.numpy.load(data)
    except (OSError, SafetensorError):
        return None
    layers = {name: [int(part) for part in name.split(".")[:-1] if part.isdigit()] for name in params}
    first = min(layers.values(), default=[])
    return [params[name].astype(float) for name in params if layers[name] == first]


def _evaluated(run: Path, dataset: Dataset) -> tuple[Predicted, list[np.ndarray]]:
    """The same by the saved network, for runs that kept no predictions. Raises UserError if it cannot be read."""
    from pipeline.metrics.scoring import Predictions
    from pipeline.runs.model import load_model  # imports torch

    model = load_model(run)
    outputs = model.outputs(dataset.test.inputs).double().cpu().numpy()
    weights = [model.params[name].double().numpy() for name in model.network.names[:1]]
    return Predicted.of(Predictions("classification", outputs, dataset.test.targets)), weights
