"""How a regression's best network fits the test split: predictions beside targets."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.datasets import names_of_outputs
from pipeline.report.statistics.diagnosis import data_of
from pipeline.runs.predictions import read_predictions


@dataclass(frozen=True)
class Fit:
    """target, predicted: (N, outputs) in units of the targets; names: what each output predicts."""

    names: tuple[str, ...]
    target: np.ndarray
    predicted: np.ndarray


def fit(run: Path) -> Fit:
    """What a regression run predicted. Raises UserError with the reason if that is impossible."""
    dataset, result = data_of(run, "regression")
    predictions = read_predictions(run, result)
    if predictions is None:
        from pipeline.runs.model import load_model  # imports torch, which takes longer than all else

        predicted = load_model(run).outputs(dataset.test.inputs).double().cpu().numpy()
        target = dataset.in_units(dataset.test.targets)
    else:
        predicted, target = predictions.predicted.astype(float), predictions.target.astype(float)
    return Fit(names_of_outputs(dataset.target_names, predicted.shape[1]), target, predicted)
