"""Cross-entropy with logits."""

from dataclasses import dataclass

import torch
from torch import Tensor

from scratchnet._numbers import check_real
from scratchnet.layers.base import Saved, ShapeError
from scratchnet.losses._base import Loss, batch_mean, check_weights


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Softmax and cross-entropy in one: targets t (B,) int64, or (B, K) floating, what each class counts.

    loss = mean_b w_{t_b} (log Σ_k e^{z_bk} − Σ_k q_bk z_bk) with q = (1 − ε) onehot(t) + ε / K, ε = `label_smoothing`,
    and w = `class_weight`, a number for each class, 1 without: examples count by their class, the mean is over B.
    Backward: dz = w_t (softmax(z) − q) / B. Computed on z − max z, so that no finite logits overflow but those of an
    example that lie further apart than the largest number of their type.

    Of targets (B, K), as mixed examples have them, it is Σ_k t_bk times the loss of class k: linear in t.

    Torch's `cross_entropy` divides by Σ_b w_{t_b} instead of B, which would undo the weights of batches of one example.

    Sources: C. Bishop, "Pattern Recognition and Machine Learning", eqs. 4.108-4.109; C. Szegedy et al.,
    "Rethinking the Inception architecture for computer vision", CVPR 2016, section 7.
    """

    label_smoothing: float = 0.0
    class_weight: tuple[float, ...] | None = None

    target_kind = "labels"

    def __post_init__(self) -> None:
        check_real("CrossEntropy", "label_smoothing", self.label_smoothing, 0, 1)
        if self.class_weight is not None:
            check_weights("CrossEntropy", self.class_weight)

    def plain(self) -> "CrossEntropy":
        return CrossEntropy()

    def check_outputs(self, outputs: int) -> None:
        if self.class_weight is not None and len(self.class_weight) != outputs:
            raise ShapeError(
                f"{self}: {len(self.class_weight)} class weights, but the network has {outputs} outputs; "
                "give a weight for each class"
            )

    def forward(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Saved]:
        self.check_shapes(output, target)
        shifted = output - output.amax(2, keepdim=True)
        exp = shifted.exp()
        total = exp.sum(2, keepdim=True)
        if target.is_floating_point():
            return self._mixed(shifted, exp, total, target, weight)
        index = target.view(-1, 1).expand(len(output), -1, 1)
        fit = shifted.gather(2, index)
        if self.label_smoothing:
            mean = shifted.mean(2, keepdim=True, dtype=torch.float64).to(shifted.dtype)
            fit = torch.lerp(fit, mean, self.label_smoothing)
        loss, of_class = (total.log() - fit)[..., 0], None
        if self.class_weight is not None:
            of_class = torch.tensor(self.class_weight, dtype=output.dtype, device=output.device)[target]
            loss = loss.double() * of_class
        return batch_mean(loss, weight).to(output.dtype), (exp, total, index, of_class)

    def _mixed(
        self, shifted: Tensor, exp: Tensor, total: Tensor, target: Tensor, weight: Tensor | None
    ) -> tuple[Tensor, Saved]:
        """The loss of targets (B, K), and what backward needs."""
        counts = target
        if self.class_weight is not None:
            counts = target * torch.tensor(self.class_weight, dtype=target.dtype, device=target.device)
        fit = shifted
        if self.label_smoothing:
            mean = shifted.mean(2, keepdim=True, dtype=torch.float64).to(shifted.dtype)
            fit = torch.lerp(shifted, mean, self.label_smoothing)
        by_class = (counts * (total.log() - fit)).where(counts > 0, 0)  # else 0 times what overflows
        return batch_mean(by_class.sum(2), weight).to(shifted.dtype), (exp, total, None, counts)

    def backward(self, saved: Saved) -> Tensor:
        exp, total, index, weight = saved
        delta: Tensor = exp / total
        if self.label_smoothing:
            delta -= self.label_smoothing / delta.shape[2]
        if index is None:
            delta = delta * weight.sum(1, keepdim=True) - (1 - self.label_smoothing) * weight
            return delta / delta.shape[1]
        delta.scatter_add_(2, index, torch.full_like(index, self.label_smoothing - 1, dtype=delta.dtype))
        if weight is not None:
            delta *= weight.unsqueeze(1)
        return delta / delta.shape[1]
