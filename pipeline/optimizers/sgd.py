"""optimizer=sgd"""

from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.choices import Probability, Sections
from pipeline.optimizers import OptimizerChoice

if TYPE_CHECKING:
    import scratchnet as sn


class SGD(OptimizerChoice):
    """Stochastic gradient descent, with momentum and Nesterov's variant of it."""

    momentum: Probability = Field(description="from 0 up to, but not including, 1")
    nesterov: bool = Field(description="true or false")

    def build(self) -> "sn.Optimizer":
        import scratchnet as sn

        return sn.SGD(nesterov=self.nesterov)

    def settings(self) -> dict[str, float]:
        return super().settings() | {"momentum": self.momentum}

    def mistakes(self, config: Sections) -> list[str]:
        if self.nesterov and self.momentum == 0:
            return ["optimizer.nesterov=true: needs momentum; give optimizer.momentum above 0, such as 0.9"]
        return []
