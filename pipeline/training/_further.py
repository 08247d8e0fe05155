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

if TYPE_CHECKING:
    from pipeline.metrics.scoring import Predictions

_HELD_OUT = (SELECTION, "test")  # what is predicted again at a run's end; the training split is most of the examples


class FurtherMetrics:
    """Of the runs of one stack, which have the same `training.metrics` and `training.select`."""

    def __init__(self, training: Training, dataset: Dataset) -> None:
        self.dataset = dataset
        chosen = selected(training.select, dataset.task)
        names = [*training.metrics]
        if chosen.name in FURTHER and chosen.name not in names:
            names.append(chosen.name)
        self.recorded = {metric_of(name).name: seam.find("training.metrics", name) for name in names}

    def of_epoch(self, split: str, outputs: Tensor) -> dict[str, float]:
        """What is recorded of a split, by column of history.csv: from the outputs (N, K) as they are trained."""
        from pipeline.metrics.scoring import figures

        values = class_logits(self.dataset.task, outputs.detach().double().cpu()).numpy()
        if self.dataset.target_scale is not None:
            mean, std = self.dataset.target_scale
            values = values * std + mean
        found = figures(self._predictions(split, values), self.recorded)
        return {metric_of(name).on(split): value for name, value in found.items()}

    def of_best(self, network: sn.Sequential, header: Header, weights: Mapping[str, Tensor]) -> dict[str, float]:
        """What ships, of the held-out splits, by its name in result.json: from weights in the units of the targets."""
        from pipeline.metrics.scoring import figures, further_of

        model = TrainedModel(network, dict(weights), header)
        functions = further_of(self.dataset.task, self.dataset.outputs)
        best: dict[str, float] = {}
        for split in _HELD_OUT:
            examples: Split = getattr(self.dataset, split)
            rest = {name: function for name, function in functions.items() if name not in self.recorded}
            values = model.outputs(examples.inputs).double().cpu().numpy() if rest and len(examples) else np.zeros(0)
            found = figures(self._predictions(split, values), rest)
            best |= {metric_of(name).best(split): value for name, value in found.items()}
        return best

    def _predictions(self, split: str, outputs: np.ndarray) -> "Predictions":
        from pipeline.metrics.scoring import Predictions

        targets = getattr(self.dataset, split).targets
        if self.dataset.target_scale is not None:
            mean, std = self.dataset.target_scale
            targets = targets * std + mean
        return Predictions(self.dataset.task, outputs, targets)
