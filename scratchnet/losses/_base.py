"""What all losses have in common: the interface, and the score that goes with each kind of targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from scratchnet._numbers import LARGEST, check_real
from scratchnet.layers.base import Saved, ShapeError

TargetKind = Literal["labels", "flags", "values"]


@dataclass(frozen=True)
class Loss:
    """Base: outputs (R, B, K), targets shared by all runs. No sum crosses the run axis.

    A subclass has `forward`, `backward` and a `target_kind`: "labels" (B,) int64 below K, "flags" (B, K) floating of
    0s and 1s, "values" (B, K) floating. The score follows from it: accuracy, exact-match accuracy, or R².
    """

    target_kind: ClassVar[TargetKind]

    def forward(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Saved]:
        """-> loss (R,), mean over the batch, and what backward needs.

        With weight (B,) the loss is Σ_b w_b loss_b / B; by w_b its gradient is multiplied by who calls `backward`.
        """
        raise NotImplementedError

    def backward(self, saved: Saved) -> Tensor:
        """-> d loss / d output (R, B, K)."""
        raise NotImplementedError

    def plain(self) -> "Loss":
        """The loss that is reported: without smoothing and weights, which only training uses."""
        return self

    def check_outputs(self, outputs: int) -> None:
        """Raise ShapeError where a network of so many outputs does not fit the loss."""

    def check_shapes(self, output: Tensor, target: Tensor) -> None:
        """Raise ShapeError unless outputs are (R, B, K) and targets (B,) labels, or (B, K) of another kind."""
        labels = self.target_kind == "labels" and not target.is_floating_point()
        if output.ndim != 3 or target.shape != output.shape[1 : 2 if labels else 3]:
            expected, remedy = ("(B,)", "one label") if labels else ("(B, K)", "K targets")
            raise ShapeError(
                f"{self}: expected outputs (R, B, K) and targets {expected}, got {tuple(output.shape)} and "
                f"{tuple(target.shape)}; give {remedy} an example"
            )

    def hits(self, output: Tensor, target: Tensor) -> Tensor:
        """What `score` needs of a batch, in float64: correct predictions (R,), or sums of squared errors (R, K)."""
        if self.target_kind == "labels":
            return (output.argmax(2) == target).sum(1, dtype=torch.float64)
        if self.target_kind == "flags":
            return ((output > 0) == (target > 0.5)).all(2).sum(1, dtype=torch.float64)
        return (output.double() - target).square().sum(1)

    def score(self, hits: Tensor, targets: Tensor) -> Tensor:
        """(R,) score of a whole split from the sum of its hits and its targets.

        Accuracy: the share of examples whose largest logit is the target's; of flags, of those with every flag right,
        where a positive logit means 1. Of values R² = mean_k (1 − Σ_b (y_bk − t_bk)² / (N var(t_k))), whatever the
        units of each: 1 is perfect, 0 is what the means of the targets reach. A target that never changes gives 1 where
        it is met exactly, else 0, and a single example gives NaN, as in scikit-learn's `r2_score`.
        """
        mean = hits / len(targets)
        if self.target_kind != "values":
            return mean
        if len(targets) < 2:
            return torch.full_like(mean[:, 0], torch.nan)
        shifted = targets.double() - targets[:1].double()  # exactly 0 where a target never changes
        variance = shifted.var(0, correction=0)
        return torch.where(variance > 0, 1 - mean / variance, (mean == 0).double()).mean(1)


def batch_mean(losses: Tensor, weight: Tensor | None = None) -> Tensor:
    """Losses of examples (R, B), by weights (B,) -> (R,); added in float64, so that finite ones do not overflow."""
    weighted = losses if weight is None else losses.double() * weight
    return weighted.mean(1, dtype=torch.float64).to(losses.dtype)


def check_weights(owner: str, weights: Sequence[object]) -> None:
    """Raise ValueError unless the weights are 0 or more, below 1e30, and not all 0."""
    if not isinstance(weights, tuple) or not weights:
        raise ValueError(f"{owner}: class_weight={weights!r}; give a tuple with a number for each class")
    for weight in weights:
        check_real(owner, "a class_weight", weight, 0, LARGEST)
    if not any(weights):
        raise ValueError(f"{owner}: class_weight={weights}: all 0, so there is nothing to learn; give one above 0")
