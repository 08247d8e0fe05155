"""model=layers"""

from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from pipeline import seams
from pipeline.models import ModelChoice
from pipeline.models._spelling import Misspelt, flat, read
from pipeline.parts import NamedPart

if TYPE_CHECKING:
    import scratchnet as sn

_ITEM: dict[str, Any] = {
    "anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1}, {"type": "array", "minItems": 1}]
}


class Layers(ModelChoice):
    """The layers of a list, one after the other, and Linear to the outputs."""

    layers: list[Any] = Field(
        description="a list of layers, each a name or {name: argument}, such as [{linear: 256}, relu, {dropout: 0.1}]; "
        "{residual: [...]}, {repeat: 3, layers: [...]}; {layer: my_layers:Gate} for your own",
        json_schema_extra={"items": _ITEM, "minItems": 1},
    )

    @field_validator("layers")
    @classmethod
    def _readable(cls, layers: list[Any]) -> list[Any]:
        try:
            read(layers)
        except Misspelt as error:
            raise PydanticCustomError("layers", "{what}", {"what": str(error)}) from None
        return layers

    @property
    def linear_layers(self) -> int:
        return sum(item.name == "linear" for item in flat(read(self.layers))) + 1

    def build(self, input_shape: tuple[int, ...], outputs: int) -> "sn.Sequential":
        from pipeline.models._building import build

        return build(self, read(self.layers), input_shape, outputs)

    def parts(self) -> list[NamedPart]:
        names = dict.fromkeys(item.name for item in flat(read(self.layers)))
        return [*super().parts(), *(NamedPart(seams.layer, "model.layers", name) for name in names)]
