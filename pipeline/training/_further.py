"""Metrics beside loss and score: some every epoch where they are asked for, all that ship of the best epoch."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

import scratchnet as sn
from pipeline.config.schema import Training
from pipeline.datasets import Dataset, Split
from pipeline.metrics import FURTHER, SELECTION, metric_of, selected
from pipeline.metrics.seam import metric as seam
from pipeline.runs.model import Header, TrainedModel, class_logits
from pipeline.runs.predictions import Predicted

if TYPE_CHECKING:
    from pipeline.metrics.scoring import Predictions

_HELD_OUT = (SELECTION, "test")  # what is predicted again at a run's end; the training split is most of the examples


class FurtherMetrics:
    """Of the runs of one stack, which have the same `training.metrics` and `training.select`."""

    def __init__(self, training: Training, dataset: Dataset) -> None:
        self.dataset, self.keeps_predictions = dataset, training.predictions
        chosen = selected(training.select, dataset.task)
        names = [*training.metrics]
        if chosen.name in FURTHER and chosen.name not in names:
            names.append(chosen.name)
        self.recorded = {metric_of(name).name: seam.find("training.metrics", name) for name in names}

    def of_epoch(self, split: str, outputs: Tensor) -> dict[str, float]:
        """What is recorded of a split, by column of history.csv: from the outputs (N, K) as they are trained."""
        from pipeline.metrics.scoring import figures

        values = class_logits(self.dataset.task, outputs.detach().double().cpu()).numpy()
        found = figures(self._predictions(split, self.dataset.in_units(values)), self.recorded)
        return {metric_of(name).on(split): value for name, value in found.items()}

    def of_best(
        self, network: sn.Sequential, header: Header, weights: Mapping[str, Tensor]
    ) -> tuple[dict[str, float], Predicted | None]:
        """What ships, of the held-out splits, by its name in result.json, and the predictions of the test split.

        `weights` are in the units of the targets.
        """
        from pipeline.metrics.scoring import figures, further_of

        model = TrainedModel(network, dict(weights), header)
        functions = further_of(self.dataset.task, self.dataset.outputs)
        rest = {name: function for name, function in functions.items() if name not in self.recorded}
        best: dict[str, float] = {}
        predicted = None
        for split in _HELD_OUT:
            examples: Split = getattr(self.dataset, split)
            keeps = self.keeps_predictions and split == "test"
            if not len(examples) or not (rest or keeps):
                continue
            predictions = self._predictions(split, model.outputs(examples.inputs).double().cpu().numpy())
            best |= {metric_of(name).best(split): value for name, value in figures(predictions, rest).items()}
            if keeps:
                predicted = Predicted.of(predictions)
        return best, predicted

    def _predictions(self, split: str, outputs: np.ndarray) -> "Predictions":
        from pipeline.metrics.scoring import Predictions

        return Predictions(self.dataset.task, outputs, self.dataset.in_units(getattr(self.dataset, split).targets))
