"""The data of this project: dataset=mine calls `load`."""

import numpy as np


def load() -> dict[str, np.ndarray]:
    """Inputs `x`, (examples, features) or images (examples, height, width), and what to predict, `y`, (examples,).

    An example, in place of your own: does a point lie on a ring of radius 1, or elsewhere?
    """
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 2))
    distance = np.abs(np.hypot(x[:, 0], x[:, 1]) - 1)
    return {"x": x, "y": np.where(distance < 0.4, "ring", "elsewhere")}
