"""Huber's loss."""

from dataclasses import dataclass

from torch import Tensor

from scratchnet._numbers import LARGEST, LEAST_EPSILON, check_real
from scratchnet.layers.base import Saved
from scratchnet.losses._base import Loss, batch_mean


@dataclass(frozen=True)
class Huber(Loss):
    """Squared error near 0, absolute error beyond δ = `delta`, so that outliers pull no harder than δ.

    loss = mean_b Σ_k h(y_bk − t_bk), h(e) = ½ e² for |e| ≤ δ, else δ (|e| − ½ δ); targets t (B, K). Backward:
    dy = min(max(y − t, −δ), δ) / B. With one output this is torch's `huber_loss`; with K it is K times that.

    Source: P. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35, 1964.
    """

    delta: float = 1.0

    target_kind = "values"

    def __post_init__(self) -> None:
        check_real("Huber", "delta", self.delta, LEAST_EPSILON, LARGEST)

    def forward(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Saved]:
        self.check_shapes(output, target)
        error = output - target
        size = error.abs()
        near = size.clamp(max=self.delta)
        return batch_mean((near * (size - near / 2)).sum(2), weight), (error,)

    def backward(self, saved: Saved) -> Tensor:
        error: Tensor = saved[0]
        return error.clamp(-self.delta, self.delta) / error.shape[1]
