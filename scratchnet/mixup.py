"""Mixup: training examples are mixed in pairs, and so are their targets."""

from dataclasses import dataclass

import torch
from torch import Tensor

from scratchnet._numbers import check_positive


@dataclass(frozen=True)
class Mixup:
    """x̃ = λ x_i + (1 − λ) x_j, t̃ = λ t_i + (1 − λ) t_j for each i of a batch, j its place in a random permutation.

    λ ~ Beta(α, α), one a batch, with α = `alpha`: near 0 examples stay almost as they are, at 1 all λ are as likely.
    Cross-entropy is linear in the target, so its loss of t̃ is that of both targets mixed. Raises ValueError for an
    alpha that is not finite and above 0.

    Source: H. Zhang, M. Cisse, Y. Dauphin, D. Lopez-Paz, "mixup: beyond empirical risk minimization", ICLR 2018.
    """

    alpha: float

    def __post_init__(self) -> None:
        check_positive("Mixup", "alpha", self.alpha)

    def __call__(self, x: Tensor, target: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """x (B, I) and target (B, K), both floating -> the same shapes and types."""
        from scipy.special import betaincinv

        uniform = torch.rand((), generator=generator, device=x.device, dtype=torch.float64)
        share = float(betaincinv(self.alpha, self.alpha, float(uniform)))  # the quantile function
        partner = torch.randperm(len(x), generator=generator, device=x.device)
        return torch.lerp(x[partner], x, share), torch.lerp(target[partner], target, share)
