"""What the best network gets wrong: its saved weights, evaluated on the test split again."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from pipeline.config.schema import Config
from pipeline.datasets import Dataset, Task
from pipeline.errors import UserError, one_line
from pipeline.files import MODEL
from pipeline.runs.problem import Problem
from pipeline.runs.result import read_result

if TYPE_CHECKING:
    from pipeline.runs.model import TrainedModel


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
    """Load a classification run's weights and data. Raises UserError with the reason if that is impossible."""
    dataset, model = evaluated(run, "classification")
    probabilities = model.outputs(dataset.test.inputs).softmax(1)
    best = probabilities.max(1)
    first = model.params[model.network.names[0]]
    sees_pixels = dataset.image_shape is not None and first.shape[:-1] == (math.prod(dataset.image_shape),)
    return Diagnosis(
        class_names=dataset.class_names,
        images=dataset.test.inputs if dataset.image_shape else None,
        target=dataset.test.targets,
        predicted=best.indices.numpy(),
        probability=best.values.double().numpy(),
        weight=first.double().numpy() if sees_pixels else None,
        positive=probabilities[:, 1].double().numpy() if probabilities.shape[1] == 2 else None,
    )


def evaluated(run: Path, task: Task) -> tuple[Dataset, "TrainedModel"]:
    """The data that a run was trained on, and its network. Raises UserError with the reason if that is impossible."""
    # Imports torch, so only if there is something to look at.
    from pipeline.runs.model import load_model

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
    return dataset, load_model(run)
