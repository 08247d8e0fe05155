"""optimizer=adam"""

from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.choices import NonNegative, Probability
from pipeline.optimizers import OptimizerChoice

if TYPE_CHECKING:
    import scratchnet as sn


class Adam(OptimizerChoice):
    """Adam; with `weight_decay`, AdamW."""

    beta1: Probability = Field(description="from 0 up to, but not including, 1")
    beta2: Probability = Field(description="from 0 up to, but not including, 1")
    eps: float = Field(ge=1e-30, description="a small number, 1e-30 or more")
    weight_decay: NonNegative = Field(description="0 or more (decoupled, AdamW)")

    def build(self) -> "sn.Optimizer":
        import scratchnet as sn

        return sn.Adam(beta1=self.beta1, beta2=self.beta2, eps=self.eps)
