"""optimizer=adam"""

from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.choices import NonNegative, Positive, Probability, Sections
from pipeline.optimizers import OptimizerChoice

if TYPE_CHECKING:
    import scratchnet as sn


class Adam(OptimizerChoice):
    """Adam; with `weight_decay`, AdamW."""

    beta1: Probability = Field(description="from 0 up to, but not including, 1")
    beta2: Probability = Field(description="from 0 up to, but not including, 1")
    eps: Positive = Field(description="a small number, 1e-30 or more")
    weight_decay: NonNegative = Field(description="0 or more (decoupled, AdamW)")

    def mistakes(self, config: Sections) -> list[str]:
        return [f"optimizer.eps={self.eps:g}: allowed: 1e-30 or more"] if self.eps < 1e-30 else []

    def build(self) -> "sn.Optimizer":
        import scratchnet as sn

        return sn.Adam(beta1=self.beta1, beta2=self.beta2, eps=self.eps)
