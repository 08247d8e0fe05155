"""Metrics beside loss and score: some every epoch where they are asked for, all that ship of the best epoch."""

from collections.abc import Callable, Mapping
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

HELD_OUT = (SELECTION, "test")  # what is predicted again at a run's end; the training split is most of the examples


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

        found = figures(self._predictions(split, self._in_units(outputs)), self.recorded)
        return {metric_of(name).on(split): value for name, value in found.items()}

    def of_best(self, outputs: Callable[[str], np.ndarray]) -> tuple[dict[str, float], Predicted | None]:
        """What ships, of the held-out splits, by its name in result.json, and the predictions of the test split.

        `outputs` gives those of a split, see `of_weights` and `as_trained`.
        """
        from pipeline.metrics.scoring import figures, further_of

        functions = further_of(self.dataset.task, self.dataset.outputs)
        rest = {name: function for name, function in functions.items() if name not in self.recorded}
        best: dict[str, float] = {}
        predicted = None
        for split in HELD_OUT:
            examples: Split = getattr(self.dataset, split)
            keeps = self.keeps_predictions and split == "test"
            if not len(examples) or not (rest or keeps):
                continue
            predictions = self._predictions(split, outputs(split))
            best |= {metric_of(name).best(split): value for name, value in figures(predictions, rest).items()}
            if keeps:
                predicted = Predicted.of(predictions)
        return best, predicted

    def of_weights(
        self, network: sn.Sequential, header: Header, weights: Mapping[str, Tensor]
    ) -> Callable[[str], np.ndarray]:
        """The outputs of each split by weights in the units of the targets."""
        model = TrainedModel(network, dict(weights), header)
        return lambda split: np.asarray(model.outputs(getattr(self.dataset, split).inputs).double().cpu().numpy())

    def as_trained(self, outputs: Callable[[str], Tensor]) -> Callable[[str], np.ndarray]:
        """The outputs of each split from those (N, K) as they are trained."""
        return lambda split: self._in_units(outputs(split))

    def _in_units(self, outputs: Tensor) -> np.ndarray:
        values = class_logits(self.dataset.task, outputs.detach().double().cpu()).numpy()
        return self.dataset.in_units(values)

    def _predictions(self, split: str, outputs: np.ndarray) -> "Predictions":
        from pipeline.metrics.scoring import Predictions

        return Predictions(self.dataset.task, outputs, self.dataset.in_units(getattr(self.dataset, split).targets))
