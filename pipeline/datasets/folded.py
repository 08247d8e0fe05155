"""dataset=folded"""

import numpy as np

from pipeline.datasets._toy import Toy


class Folded(Toy):
    """Rotate by 90° after folding the plane: (x1, x2) -> (−|x2|, x1), x standard normal. Regression."""

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = rng.standard_normal((count, 2))
        return x, np.stack([-np.abs(x[:, 1]), x[:, 0]], 1)
