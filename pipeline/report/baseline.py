"""What a predictor that looks at nothing reaches, beside which every score is to be read."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipeline.metrics import ACCURACY, R2, SPLITS, Metric

_CLASSES, _COUNTS = "provenance.data.classes", "provenance.data.examples_of_classes."


@dataclass(frozen=True)
class Baseline:
    """A constant predictor: in words, and its score on each split, NaN for one without examples."""

    words: str
    scores: dict[str, float]

    @property
    def aside(self) -> str:
        """The words in the midst of a sentence: with a comma behind those that follow one."""
        return self.words + "," * (", " in self.words)

    def row(self, metric: Metric, first: str) -> dict[str, Any]:
        """It as a row of a table whose column `first` says what the row is."""
        return {first: "baseline"} | {metric.heading(split): score for split, score in self.scores.items()}


def baseline_of(runs: pd.DataFrame, metric: Metric) -> Baseline | None:
    """Always the most common training class, by accuracy; by R², the mean of the targets, which has 0 by definition.

    None for other metrics, for several sets of data, for examples of any number of labels, whose counts do not say how
    many have which together, and for runs that do not say how many examples a class has.
    """
    if metric == R2:
        return Baseline("the mean of the targets", dict.fromkeys(SPLITS, 0.0))
    columns = {split: f"{_COUNTS}{split}" for split in SPLITS}
    if metric != ACCURACY or "multilabel" in set(runs["task"]) or not {_CLASSES, *columns.values()} <= set(runs):
        return None
    facts = runs[[_CLASSES, *columns.values()]].dropna().drop_duplicates()
    if len(facts) != 1:
        return None
    counts = {split: np.array(json.loads(facts[column].iloc[0])) for split, column in columns.items()}
    most = int(counts["train"].argmax())
    name = json.loads(facts[_CLASSES].iloc[0])[most]
    alike = (counts["train"] == counts["train"][most]).sum() > 1
    words = f"one class, such as “{name}”" if alike else f"“{name}”, the most common class"
    return Baseline(words, {split: float(n[most] / n.sum()) if n.sum() else np.nan for split, n in counts.items()})
