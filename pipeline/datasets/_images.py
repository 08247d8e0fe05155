"""What data sets of labelled images have in common."""

from typing import ClassVar

from pydantic import Field

from pipeline.choices import Positive, Sections
from pipeline.datasets import Dataset, Task
from pipeline.datasets._pictures import Pictures


class Images(Pictures):
    """Bytes, normalised as (pixel / 255 - mean) / std for each channel."""

    image_shape: ClassVar[tuple[int, int, int]]  # channels, height, width

    root: str | None = Field(
        description="the folder that holds the official files, or null to look in the usual places"
    )
    mean: list[float] = Field(min_length=1, description="a number for each channel")
    std: list[Positive] = Field(min_length=1, description="a number above 0 for each channel")

    @property
    def known_task(self) -> Task:
        return "classification"

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.image_shape

    def source(self) -> str:
        return self.model_dump_json(exclude={"mean", "std", "flip", "shift", "cutout"})

    def normalisation(self, dataset: Dataset) -> tuple[list[float], list[float]]:
        return [255 * value for value in self.mean], [255 * value for value in self.std]

    def mistakes(self, config: Sections) -> list[str]:
        channels = self.image_shape[0]
        return super().mistakes(config) + [
            f"dataset.{key}=[{','.join(map(str, values))}]: allowed: one number, or {channels}, one a channel"
            for key, values in (("mean", self.mean), ("std", self.std))
            if len(values) not in (1, channels)
        ]
