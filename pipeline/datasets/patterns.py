"""dataset=patterns"""

import numpy as np

from pipeline.datasets._toy import Toy


class Patterns(Toy):
    """Tell the bit strings 101010 and 111000 apart, six inputs of 0 or 1, each with probability 1/2."""

    features = 6
    class_names = ("101010", "111000")

    def draw(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        strings = np.array([[int(bit) for bit in name] for name in self.class_names], dtype=np.float64)
        labels = rng.integers(0, 2, count)
        return strings[labels], labels
