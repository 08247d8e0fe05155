"""The networks that a run can train: each choice of `model` is a module here."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from pipeline import seams
from pipeline.choices import Choice, NonNegative, Sections
from pipeline.parts import NamedPart

if TYPE_CHECKING:
    import scratchnet as sn
    from scratchnet.initializers import Initializer


def name_activations(schema: dict[str, Any]) -> None:
    """Name the engine's activations in the JSON schema."""
    from scratchnet.networks import ACTIVATIONS

    schema["enum"] = list(ACTIVATIONS)


class ModelChoice(Choice):
    """What all models have."""

    initializer: str = Field(
        description="auto (he for relu, leaky_relu and gelu, else glorot), he, glorot, normal or zeros, or module:name"
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
        weights = list(_linear_weights(network))
        return tuple(weights[i] for i in sorted(set(self.l2_layers)))

    def initializers(self, activations: Sequence[str]) -> "list[Initializer]":
        """The rule of each linear layer; `activations`: that which each one's weights are for."""
        from pipeline.models._trials import initializer
        from scratchnet.networks import initial_weights

        scales = self.initializer_scale * (len(activations) if len(self.initializer_scale) == 1 else 1)
        rule = initializer("model.initializer", self.initializer)
        rules = [initial_weights(rule, name, 1, [scale]) for name, scale in zip(activations, scales, strict=True)]
        return [one for [one] in rules]

    def parts(self) -> list[NamedPart]:
        return [NamedPart(seams.initializer, "model.initializer", self.initializer)]

    def mistakes(self, config: Sections) -> list[str]:
        mistakes = []
        layers, scales, penalized = self.linear_layers, self.initializer_scale, self.l2_layers
        if len(scales) not in (1, layers):
            mistakes.append(
                f"model.initializer_scale={_listed(scales)}: {len(scales)} scales for {layers} linear layers; "
                "give one for all or one a layer"
            )
        if max(scales) >= 1e30:
            mistakes.append(f"model.initializer_scale={_listed(scales)}: allowed: 0 or more, below 1e30")
        if penalized and max(penalized) >= layers:
            mistakes.append(f"model.l2_layers={_listed(penalized)}: allowed: 0 to {layers - 1}, the linear layers")
        return mistakes


def _linear_weights(layer: "sn.Layer", prefix: str = "") -> Iterator[str]:
    """Names of the weights of the linear layers, in order."""
    import scratchnet as sn

    if isinstance(layer, sn.Linear):
        yield f"{prefix}weight"
    elif isinstance(layer, sn.Residual):
        yield from _linear_weights(layer.inner, prefix)
    elif isinstance(layer, sn.Sequential):
        for i, inner in enumerate(layer.layers):
            yield from _linear_weights(inner, f"{prefix}{i}.")


def _listed(values: list[float] | list[int]) -> str:
    return f"[{','.join(map(str, values))}]"
