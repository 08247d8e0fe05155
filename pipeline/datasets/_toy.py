"""Small problems drawn by a formula: `samples` points for training and validation, a fifth more for test."""

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from pipeline.datasets import DatasetChoice, Official, Split, Task


class Toy(DatasetChoice):
    """A subclass draws its points. No class names: regression."""

    features: ClassVar[int] = 2
    class_names: ClassVar[tuple[str, ...]] = ()

    samples: Annotated[int, Field(ge=10, le=10**8)] = Field(
        description="points to draw for training and validation, 10 to 100 million"
    )

    @property
    def known_task(self) -> Task:
        return "classification" if self.class_names else "regression"

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (self.features,)

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (count, features) float64 and targets: (count,) int64 classes, or (count, outputs) float64."""
        raise NotImplementedError

    def official(self) -> Official:
        n = self.samples
        x, y = self.draw(n + n // 5, np.random.default_rng(self.seed))
        return Official(Split(x[:n], y[:n]), Split(x[n:], y[n:]), self.class_names)
