"""Squared error."""

from dataclasses import dataclass

from torch import Tensor

from scratchnet.layers.base import Saved
from scratchnet.losses._base import Loss, batch_mean


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """loss = mean_b Σ_k (y_bk − t_bk)², targets t (B, K): squared distance, summed over the outputs.

    Backward: dy = 2 (y − t) / B. With one output this is torch's `mse_loss`; with K it is K times that.

    Source: T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", eq. 11.9.
    """

    target_kind = "values"

    def forward(self, output: Tensor, target: Tensor, weight: Tensor | None = None) -> tuple[Tensor, Saved]:
        self.check_shapes(output, target)
        error = output - target
        return batch_mean((error * error).sum(2), weight), (error,)

    def backward(self, saved: Saved) -> Tensor:
        error: Tensor = saved[0]
        return error * (2 / error.shape[1])
