"""Binary cross-entropy with logits."""

from dataclasses import dataclass

import torch
from torch import Tensor

from scratchnet._numbers import check_real
from scratchnet.layers.base import Saved, ShapeError
from scratchnet.losses._base import Loss, batch_mean, check_weights


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """The sigmoid of each output, and cross-entropy, in one: K questions of yes or no, targets t (B, K) of 0s and 1s.

    loss = mean_b Σ_k w_bk (−q_bk log σ(z_bk) − (1 − q_bk) log σ(−z_bk)) with q = (1 − ε) t + ε / 2,
    ε = `label_smoothing`, and w_bk = `class_weight[k][t_bk]`: a pair for each output, what its 0s and its 1s count; 1
    without. Backward: dz = w ((1 − q) σ(z) − q σ(−z)) / B. No finite logits overflow, and nothing cancels where they
    are large: −log σ(z) = max(−z, 0) + log(1 + e^{−|z|}).

    Source: C. Bishop, "Pattern Recognition and Machine Learning", eqs. 4.90-4.91 and 5.22.
    """

    label_smoothing: float = 0.0
    class_weight: tuple[tuple[float, float], ...] | None = None

    target_kind = "flags"

    def __post_init__(self) -> None:
        check_real("BinaryCrossEntropy", "label_smoothing", self.label_smoothing, 0, 1)
        if not isinstance(self.class_weight, tuple | None):
            remedy = "give a tuple with a pair for each output"
            raise ValueError(f"BinaryCrossEntropy: class_weight={self.class_weight!r}; {remedy}")
        for pair in self.class_weight or ():
            check_weights("BinaryCrossEntropy", pair)
            if len(pair) != 2:
                raise ValueError(f"BinaryCrossEntropy: class_weight has {pair}; give (weight of 0, weight of 1)")

    def plain(self) -> "BinaryCrossEntropy":
        return BinaryCrossEntropy()

    def check_outputs(self, outputs: int) -> None:
        if self.class_weight is not None and len(self.class_weight) != outputs:
            raise ShapeError(
                f"{self}: {len(self.class_weight)} pairs of class weights, but the network has {outputs} outputs; "
                "give a pair for each"
            )

    def forward(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Saved]:
        self.check_shapes(output, target)
        smoothed = target * (1 - self.label_smoothing) + self.label_smoothing / 2
        of_class = None
        if self.class_weight is not None:
            pairs = torch.tensor(self.class_weight, dtype=output.dtype, device=output.device)
            of_class = torch.where(target > 0.5, pairs[:, 1], pairs[:, 0])
        of_zero, of_one = output.clamp(min=0), (-output).clamp(min=0)
        loss = torch.log1p((-output.abs()).exp()) + (1 - smoothed) * of_zero + smoothed * of_one
        if of_class is not None:
            loss = loss.double() * of_class
        by_example = loss.sum(2, dtype=torch.float64)
        return batch_mean(by_example, weight).to(output.dtype), (output, smoothed, of_class)

    def backward(self, saved: Saved) -> Tensor:
        output, smoothed, weight = saved
        delta: Tensor = (1 - smoothed) * output.sigmoid() - smoothed * (-output).sigmoid()
        if weight is not None:
            delta *= weight
        return delta / delta.shape[1]
