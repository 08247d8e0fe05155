"""Losses: the mean over a batch of one number an example, for each run separately.

`forward` gives (R,) losses, `backward` the gradient with respect to the network's output; no sum crosses
the run axis. `score` is what runs are compared by: accuracy for classes, R² for regression.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from scratchnet._numbers import check_real
from scratchnet.layers.base import Saved, ShapeError


@dataclass(frozen=True)
class Loss:
    """Base: outputs (R, B, K), targets shared by all runs."""

    score_name: ClassVar[str]
    target_kind: ClassVar[Literal["labels", "values"] | None] = None
    """What targets it takes: "labels" (N,) int64 below K, "values" (N, K) floating; None is checked by nobody."""

    def forward(self, output: Tensor, target: Tensor) -> tuple[Tensor, Saved]:
        """-> loss (R,), mean over the batch, and what backward needs."""
        raise NotImplementedError

    def backward(self, saved: Saved) -> Tensor:
        """-> d loss / d output (R, B, K)."""
        raise NotImplementedError

    def plain(self) -> "Loss":
        """The loss that is reported: without regularisation of the targets, which only training uses."""
        return self

    def hits(self, output: Tensor, target: Tensor) -> Tensor:
        """The batch's part of what `score` needs of a split, (R,) in float64: the number of correct predictions."""
        raise NotImplementedError

    def score(self, loss: Tensor, hits: Tensor, targets: Tensor) -> Tensor:
        """(R,) score of a whole split from its mean loss, its hits and its targets."""
        raise NotImplementedError


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Softmax and cross-entropy in one: loss = mean_b (log Σ_k e^{z_bk} − Σ_k q_bk z_bk), targets t (B,) int64.

    q = (1 − ε) onehot(t) + ε / K, with ε = `label_smoothing`. Backward: dz = (softmax(z) − q) / B. Computed on
    z − max z, so that no finite logits overflow.

    Sources: C. Bishop, "Pattern Recognition and Machine Learning", eqs. 4.108-4.109; C. Szegedy et al.,
    "Rethinking the Inception architecture for computer vision", CVPR 2016, section 7.
    """

    label_smoothing: float = 0.0

    score_name = "accuracy"
    target_kind = "labels"

    def __post_init__(self) -> None:
        check_real("CrossEntropy", "label_smoothing", self.label_smoothing, 0, 1)

    def plain(self) -> "CrossEntropy":
        return CrossEntropy()

    def forward(self, output: Tensor, target: Tensor) -> tuple[Tensor, Saved]:
        if output.ndim != 3 or target.shape != output.shape[1:2]:
            raise ShapeError(
                f"{self}: expected logits (R, B, K) and labels (B,), got {tuple(output.shape)} and "
                f"{tuple(target.shape)}; give one label an example"
            )
        shifted = output - output.amax(2, keepdim=True)
        exp = shifted.exp()
        total = exp.sum(2, keepdim=True)
        index = target.view(1, -1, 1).expand(len(output), -1, 1)
        fit = shifted.gather(2, index)
        if self.label_smoothing:
            fit = torch.lerp(fit, shifted.mean(2, keepdim=True), self.label_smoothing)
        return (total.log() - fit).mean((1, 2)), (exp, total, index)

    def backward(self, saved: Saved) -> Tensor:
        exp, total, index = saved
        delta: Tensor = exp / total
        if self.label_smoothing:
            delta -= self.label_smoothing / delta.shape[2]
        delta.scatter_add_(2, index, torch.full_like(index, self.label_smoothing - 1, dtype=delta.dtype))
        return delta / delta.shape[1]

    def hits(self, output: Tensor, target: Tensor) -> Tensor:
        return (output.argmax(2) == target).sum(1, dtype=torch.float64)

    def score(self, loss: Tensor, hits: Tensor, targets: Tensor) -> Tensor:
        """Accuracy: the share of examples whose largest logit is the target's."""
        return hits / len(targets)


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """loss = mean_b Σ_k (y_bk − t_bk)², targets t (B, K): squared distance, summed over the outputs.

    Backward: dy = 2 (y − t) / B. With one output this is torch's `mse_loss`; with K it is K times that.

    Source: T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", eq. 11.9.
    """

    score_name = "r2"
    target_kind = "values"

    def forward(self, output: Tensor, target: Tensor) -> tuple[Tensor, Saved]:
        if output.ndim != 3 or target.shape != output.shape[1:]:
            raise ShapeError(
                f"{self}: expected outputs (R, B, K) and targets (B, K), got {tuple(output.shape)} and "
                f"{tuple(target.shape)}; give K targets an example"
            )
        error = output - target
        return (error * error).sum(2).mean(1), (error,)

    def backward(self, saved: Saved) -> Tensor:
        error: Tensor = saved[0]
        return error * (2 / error.shape[1])

    def hits(self, output: Tensor, target: Tensor) -> Tensor:
        return torch.zeros(len(output), dtype=torch.float64, device=output.device)

    def score(self, loss: Tensor, hits: Tensor, targets: Tensor) -> Tensor:
        """R² = 1 − loss / Σ_k var(t_k): 1 is perfect, 0 is what the mean of the targets reaches."""
        return 1 - loss / targets.double().var(0, correction=0).sum()
