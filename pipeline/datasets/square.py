"""dataset=square"""

import numpy as np

from pipeline.datasets._toy import Toy


class Square(Toy):
    """Is a uniform point of [0, 4]² inside the square [2, 3] × [1, 2]? Two classes, 1 of 16 points inside."""

    class_names = ("outside", "inside")

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = rng.uniform(0, 4, (count, 2))
        inside = (x[:, 0] >= 2) & (x[:, 0] <= 3) & (x[:, 1] >= 1) & (x[:, 1] <= 2)
        return x, inside.astype(np.int64)
