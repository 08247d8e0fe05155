"""model=mlp"""

import math
from typing import TYPE_CHECKING

from pydantic import Field

from pipeline import seams
from pipeline.choices import Count, Probability
from pipeline.models import ModelChoice, name_activations
from pipeline.parts import NamedPart

if TYPE_CHECKING:
    import scratchnet as sn


class MLP(ModelChoice):
    """Linear (, layer norm), activation (, dropout) for each hidden width, then Linear to the outputs."""

    hidden: list[Count] = Field(description="a list of hidden widths, each 1 or more, such as [256] or [800,300]")
    activation: str = Field(
        description="relu, leaky_relu, tanh, sigmoid, gelu, or your own as module:name",
        json_schema_extra=name_activations,
    )
    dropout: Probability = Field(description="a probability from 0 up to, but not including, 1")
    input_dropout: Probability = Field(description="a probability from 0 up to, but not including, 1")
    layer_norm: bool = Field(description="true for a layer norm before each activation")

    @property
    def linear_layers(self) -> int:
        return len(self.hidden) + 1

    def build(self, input_shape: tuple[int, ...], outputs: int) -> "sn.Sequential":
        """A dropout layer only where its rate is above 0."""
        from pipeline.models._trials import activation
        from scratchnet.networks import mlp

        return mlp(
            math.prod(input_shape),
            self.hidden,
            outputs,
            activation=activation("model.activation", self.activation),
            initializers=self.initializers([self.activation] * self.linear_layers),
            layer_norm=self.layer_norm,
            dropout=self.dropout > 0,
            input_dropout=self.input_dropout > 0,
        )

    def settings(self) -> dict[str, float]:
        return super().settings() | {"dropout": self.dropout, "input_dropout": self.input_dropout}

    def parts(self) -> list[NamedPart]:
        return [*super().parts(), NamedPart(seams.activation, "model.activation", self.activation)]
