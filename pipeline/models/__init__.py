"""The networks that a run can train: each choice of `model` is a module here."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from pipeline.choices import Choice, NonNegative, Sections

if TYPE_CHECKING:
    import scratchnet as sn
    from scratchnet.initializers import Initializer


class ModelChoice(Choice):
    """What all models have."""

    initializer: Literal["auto", "he", "glorot", "normal", "zeros"] = Field(
        description="auto (he for relu, leaky_relu and gelu, else glorot), he, glorot, normal or zeros"
    )
    initializer_scale: list[NonNegative] = Field(
        min_length=1,
        description="standard deviations for initializer=normal: one for all layers, [0.01], or one a layer",
    )
    l2: NonNegative = Field(description="0 or more: the penalty is 0.5 * l2 * sum of squared weights")
    l2_layers: list[Annotated[int, Field(ge=0)]] | None = Field(
        description="null for all weights, or the linear layers that l2 and weight_decay apply to, counted from 0: [0]"
    )

    @property
    def linear_layers(self) -> int:
        """How many linear layers there are: what `initializer_scale` and `l2_layers` count."""
        raise NotImplementedError

    def build(self, input_shape: tuple[int, ...], outputs: int) -> "sn.Sequential":
        """The network for inputs of `input_shape`, (features,) or (channels, height, width), and as many outputs."""
        raise NotImplementedError

    def settings(self) -> dict[str, float]:
        """Its share of the settings of a run: numbers in which the runs of a stack may differ."""
        return {"l2": self.l2}

    def penalized(self, network: "sn.Sequential") -> tuple[str, ...] | None:
        """Names of the weights that `l2_layers` picks; None for all."""
        if self.l2_layers is None:
            return None
        weights = network.weight_names
        return tuple(weights[i] for i in sorted(set(self.l2_layers)))

    def initializers(self, activation: str) -> "list[Initializer]":
        """The rule of each linear layer."""
        from scratchnet.networks import initial_weights

        return initial_weights(self.initializer, activation, self.linear_layers, self.initializer_scale)

    def mistakes(self, config: Sections) -> list[str]:
        mistakes = []
        layers, scales, penalized = self.linear_layers, self.initializer_scale, self.l2_layers
        if len(scales) not in (1, layers):
            mistakes.append(
                f"model.initializer_scale={_listed(scales)}: {len(scales)} scales for {layers} linear layers; "
                "give one for all or one a layer"
            )
        if penalized and max(penalized) >= layers:
            mistakes.append(f"model.l2_layers={_listed(penalized)}: allowed: 0 to {layers - 1}, the linear layers")
        return mistakes


def _listed(values: list[float] | list[int]) -> str:
    return f"[{','.join(map(str, values))}]"
