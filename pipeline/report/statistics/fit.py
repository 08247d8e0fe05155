"""How a regression's best network fits the test split: predictions beside targets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.report.statistics.diagnosis import evaluated


@dataclass(frozen=True)
class Fit:
    """target, predicted: (N, outputs) in units of the targets; names: what each output predicts."""

    names: tuple[str, ...]
    target: np.ndarray
    predicted: np.ndarray


def fit(run: Path) -> Fit:
    """Load a regression run's weights and data. Raises UserError with the reason if that is impossible."""
    dataset, model = evaluated(run, "regression")
    predicted = model.outputs(dataset.test.inputs).double().numpy()
    return Fit(model.target_names, np.asarray(dataset.test.targets, dtype=float).reshape(predicted.shape), predicted)
