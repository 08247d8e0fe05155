"""How good predictions are, added up batch by batch: the figures that a run reports of its splits."""

from dataclasses import dataclass, field

import numpy as np

from pipeline.metrics import ACCURACY, LOSS, R2


@dataclass
class Score:
    """Of the examples whose target is known. For values R² is the mean over outputs of 1 − Σ(y − t)² / Σ(t − mean)²."""

    count: int = 0
    without: int = 0  # examples whose target is missing, or a class that the network does not know
    hits: float = 0.0
    loss: float = 0.0
    errors: np.ndarray = field(default_factory=lambda: np.zeros(1))  # (outputs,) Σ (y − t)²
    mean: np.ndarray = field(default_factory=lambda: np.zeros(1))  # of the targets so far
    spread: np.ndarray = field(default_factory=lambda: np.zeros(1))  # Σ (t − mean)²

    def add_classes(self, probabilities: np.ndarray, targets: np.ndarray) -> None:
        """p (N, classes) and classes (N,), −1 where not known."""
        known = targets >= 0
        self.without += int((~known).sum())
        p, t = probabilities[known], targets[known]
        self.count += len(t)
        self.hits += float((p.argmax(1) == t).sum())
        with np.errstate(divide="ignore"):
            self.loss -= float(np.log(p[np.arange(len(t)), t]).sum())

    def add_labels(self, probabilities: np.ndarray, targets: np.ndarray) -> None:
        """p and targets (N, labels) of 0 and 1, NaN where one is missing; an example is right where all labels are."""
        known = ((targets == 0) | (targets == 1)).all(1)
        self.without += int((~known).sum())
        p, t = probabilities[known], targets[known] > 0.5
        self.count += len(t)
        self.hits += float(((p > 0.5) == t).all(1).sum())
        with np.errstate(divide="ignore"):
            self.loss -= float(np.log(np.where(t, p, 1 - p)).sum())

    def add_values(self, outputs: np.ndarray, targets: np.ndarray) -> None:
        """(N, outputs) both, NaN where a target is missing. Source of the sum over parts: T. Chan et al., 1983."""
        known = np.isfinite(targets).all(1)
        self.without += int((~known).sum())
        y, t = outputs[known], targets[known]
        if not len(t):
            return
        total, shift = self.count + len(t), t.mean(0) - self.mean
        self.spread = self.spread + ((t - t.mean(0)) ** 2).sum(0) + shift**2 * (self.count * len(t) / total)
        self.mean = self.mean + shift * (len(t) / total)
        self.errors = self.errors + ((y - t) ** 2).sum(0)
        self.count = total

    def figures(self, classes: bool) -> dict[str, float]:
        """By their labels; {} where nothing was scored."""
        if not self.count:
            return {}
        if classes:
            return {ACCURACY.label: self.hits / self.count, LOSS.label: self.loss / self.count}
        with np.errstate(divide="ignore", invalid="ignore"):
            r2 = np.where(self.spread > 0, 1 - self.errors / self.spread, np.where(self.errors > 0, 0.0, 1.0))
        rmse = np.sqrt(self.errors / self.count)
        return {
            R2.label: float(r2.mean()) if self.count > 1 else float("nan"),
            "RMSE": float(np.sqrt((rmse**2).mean())),
        }
