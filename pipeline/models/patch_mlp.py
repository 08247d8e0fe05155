"""model=patch_mlp"""

from typing import TYPE_CHECKING

from pydantic import Field

from pipeline import seams
from pipeline.choices import Count, Probability, Sections
from pipeline.errors import UserError
from pipeline.models import ModelChoice, name_activations
from pipeline.parts import NamedPart

if TYPE_CHECKING:
    import scratchnet as sn


class PatchMLP(ModelChoice):
    """Patches, Linear, blocks of two MLPs (across patches, across features), mean over patches (, dropout), Linear."""

    patch_size: Count = Field(description="pixels along a patch's side, a divisor of the image's height and width")
    features: Count = Field(description="features a patch after the stem, 1 or more")
    hidden_patches: Count = Field(description="hidden width of the MLPs across patches, 1 or more")
    hidden_features: Count = Field(description="hidden width of the MLPs across features, 1 or more")
    depth: Count = Field(description="blocks, 1 or more")
    activation: str = Field(
        default="relu",  # absent in runs of earlier versions
        description="in each MLP: relu, leaky_relu, tanh, sigmoid, gelu, or your own as module:name",
        json_schema_extra=name_activations,
    )
    dropout: Probability = Field(
        default=0.0,  # absent in runs of earlier versions
        description="of the mean over patches: a probability from 0 up to, but not including, 1",
    )
    residual: bool = Field(description="true to add each MLP to its input")
    layer_norm: bool = Field(description="true for a layer norm before each MLP")

    @property
    def linear_layers(self) -> int:
        return 2 + 4 * self.depth

    def build(self, input_shape: tuple[int, ...], outputs: int) -> "sn.Sequential":
        """A dropout layer only where its rate is above 0."""
        import scratchnet as sn
        from pipeline.models._trials import activation

        if mistake := self._shape_mistake(input_shape, "the data"):
            raise UserError(mistake)
        channels, height, width = input_shape
        patches = sn.Patchify(channels, height, width, self.patch_size)
        nonlinearity = activation("model.activation", self.activation)
        initializers = iter(self.initializers([self.activation] * self.linear_layers))
        layers: list[sn.Layer] = [patches, sn.Linear(patches.features, self.features, next(initializers))]
        for _ in range(self.depth):
            for across_patches in (True, False):
                size, hidden = (
                    (patches.patches, self.hidden_patches) if across_patches else (self.features, self.hidden_features)
                )
                mixing: list[sn.Layer] = [
                    sn.Linear(size, hidden, next(initializers)),
                    nonlinearity,
                    sn.Linear(hidden, size, next(initializers)),
                ]
                if across_patches:
                    mixing = [sn.Transpose(), *mixing, sn.Transpose()]
                if self.layer_norm:
                    mixing = [sn.LayerNorm(self.features), *mixing]
                block = sn.Sequential(tuple(mixing))
                layers.append(sn.Residual(block) if self.residual else block)
        layers.append(sn.MeanOverPatches())
        if self.dropout > 0:
            layers.append(sn.Dropout(self.features))
        return sn.Sequential((*layers, sn.Linear(self.features, outputs, next(initializers))))

    def settings(self) -> dict[str, float]:
        return super().settings() | {"dropout": self.dropout}

    def parts(self) -> list[NamedPart]:
        return [*super().parts(), NamedPart(seams.activation, "model.activation", self.activation)]

    def mistakes(self, config: Sections) -> list[str]:
        shape = config.dataset.input_shape
        mistake = self._shape_mistake(shape, f"dataset={config.dataset.name}") if shape is not None else None
        return super().mistakes(config) + ([mistake] if mistake else [])

    def _shape_mistake(self, shape: tuple[int, ...], data: str) -> str | None:
        """A line where examples of this shape have no whole patches."""
        if len(shape) != 3:
            return f"model=patch_mlp: needs images; {data} has none, take model=mlp"
        if any(size % self.patch_size for size in shape[1:]):
            height, width = shape[1:]
            return f"model.patch_size={self.patch_size}: allowed: a divisor of the image's {height}×{width}"
        return None
