"""What data sets of images have in common: their training examples change at random."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from pipeline.choices import Sections
from pipeline.datasets import Dataset, DatasetChoice
from pipeline.errors import UserError

if TYPE_CHECKING:
    import scratchnet as sn


class Pictures(DatasetChoice):
    """Images that are mirrored, shifted and partly covered in training."""

    flip: bool = Field(description="true to mirror training images left to right at random")
    shift: Annotated[int, Field(ge=0, le=16)] = Field(
        description="pixels, 0 to 16, by which training images move at random"
    )
    cutout: Annotated[int, Field(ge=0)] = Field(
        default=0,  # absent in runs of earlier versions
        description="0, or the side in pixels of a square that covers a random part of each training image",
    )

    def augment(self, dataset: Dataset) -> "sn.Augment | None":
        import scratchnet as sn

        changes = [key for key in ("flip", "shift", "cutout") if getattr(self, key)]
        if not changes:
            return None
        if dataset.image_shape is None:
            raise UserError(self._mistake(changes[0], dataset.input_shape))
        if mistakes := self._too_large(dataset.image_shape):
            raise UserError("\n".join(mistakes))
        fill = self.normalisation(dataset)[0] if self.cutout else [0.0]
        return sn.Augment(*dataset.image_shape, self.flip, self.shift, self.cutout, tuple(fill))

    def mistakes(self, config: Sections) -> list[str]:
        shape = self.input_shape
        return super().mistakes(config) + (self._too_large(shape) if shape is not None and len(shape) == 3 else [])

    def _too_large(self, shape: tuple[int, ...]) -> list[str]:
        """A line for each size that an image of this shape is too small for."""
        least = min(shape[1:])
        sizes = {"shift": self.shift >= least, "cutout": self.cutout > least}
        return [self._mistake(key, shape) for key, wrong in sizes.items() if wrong]

    def _mistake(self, key: str, shape: tuple[int, ...]) -> str:
        remedy = "take dataset.flip=false dataset.shift=0 dataset.cutout=0"
        return f"dataset.{key}={getattr(self, key)}: the examples are {shape}, not larger images; {remedy}"
