"""The optimizers that a run can train by: each choice of `optimizer` is a module here."""

from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.choices import Choice, NonNegative, Positive

if TYPE_CHECKING:
    import scratchnet as sn


class OptimizerChoice(Choice):
    """What all optimizers have."""

    lr: Positive = Field(description="a learning rate above 0")
    weight_decay: NonNegative = Field(
        description="0 or more (decoupled: lr * weight_decay * W is subtracted each step)"
    )

    def build(self) -> "sn.Optimizer":
        """Its structure: what the runs of a stack have in common."""
        raise NotImplementedError

    def settings(self) -> dict[str, float]:
        """Its share of the settings of a run: numbers in which the runs of a stack may differ."""
        return {"lr": self.lr, "weight_decay": self.weight_decay}
