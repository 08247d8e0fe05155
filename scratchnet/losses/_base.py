"""What all losses have in common: the interface, and the score that goes with each kind of targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from scratchnet._numbers import check_real
from scratchnet.layers.base import Saved, ShapeError

TargetKind = Literal["labels", "flags", "values"]


@dataclass(frozen=True)
class Loss:
    """Base: outputs (R, B, K), targets shared by all runs. No sum crosses the run axis.

    A subclass has `forward`, `backward` and a `target_kind`: "labels" (B,) int64 below K, "flags" (B, K) floating of
    0s and 1s, "values" (B, K) floating. The score follows from it: accuracy, exact-match accuracy, or R².
    """

    target_kind: ClassVar[TargetKind]

    def forward(self, output: Tensor, target: Tensor) -> tuple[Tensor, Saved]:
        """-> loss (R,), mean over the batch, and what backward needs."""
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
        labels = self.target_kind == "labels"
        if output.ndim != 3 or target.shape != output.shape[1 : 2 if labels else 3]:
            expected, remedy = ("(B,)", "one label") if labels else ("(B, K)", "K targets")
            raise ShapeError(
                f"{self}: expected outputs (R, B, K) and targets {expected}, got {tuple(output.shape)} and "
                f"{tuple(target.shape)}; give {remedy} an example"
            )

    def hits(self, output: Tensor, target: Tensor) -> Tensor:
        """What `score` needs of a batch, (R,) in float64: correct predictions, or the sum of squared errors."""
        if self.target_kind == "labels":
            return (output.argmax(2) == target).sum(1, dtype=torch.float64)
        if self.target_kind == "flags":
            return ((output > 0) == (target > 0.5)).all(2).sum(1, dtype=torch.float64)
        return (output.double() - target).square().sum((1, 2))

    def score(self, hits: Tensor, targets: Tensor) -> Tensor:
        """(R,) score of a whole split from the sum of its hits and its targets.

        Accuracy: the share of examples whose largest logit is the target's; of flags, of those with every flag right,
        where a positive logit means 1. R² = 1 − Σ_bk (y_bk − t_bk)² / (N Σ_k var(t_k)): 1 is perfect, 0 is what the
        mean of the targets reaches.
        """
        mean = hits / len(targets)
        return mean if self.target_kind != "values" else 1 - mean / targets.double().var(0, correction=0).sum()


def batch_mean(losses: Tensor) -> Tensor:
    """Losses of examples (R, B) -> (R,); added in float64, so that finite ones do not overflow."""
    return losses.mean(1, dtype=torch.float64).to(losses.dtype)


def check_weights(owner: str, weights: Sequence[object]) -> None:
    """Raise ValueError unless the weights are finite, 0 or more, and not all 0."""
    if not isinstance(weights, tuple) or not weights:
        raise ValueError(f"{owner}: class_weight={weights!r}; give a tuple with a number for each class")
    for weight in weights:
        check_real(owner, "a class_weight", weight, 0)
    if not any(weights):
        raise ValueError(f"{owner}: class_weight={weights}: all 0, so there is nothing to learn; give one above 0")
