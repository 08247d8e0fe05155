"""Mean and standard deviation of inputs, as they are subtracted and divided by in training."""

import numpy as np

_ROWS = 4096  # at once: bytes become eight times as large


def mean_and_std(inputs: np.ndarray) -> tuple[list[float], list[float]]:
    """Of each feature of inputs (N, features), or each channel of (N, channels, height, width), in float64.

    The standard deviation is that of the examples, Σ(x − mean)² / N; 1 for a feature that never changes, so that
    dividing by it leaves 0.
    """
    axes = tuple(axis for axis in range(inputs.ndim) if axis != 1)
    count = inputs.size // inputs.shape[1]
    parts = [inputs[start : start + _ROWS] for start in range(0, len(inputs), _ROWS)]
    mean = sum(part.sum(axes, dtype=np.float64) for part in parts) / count
    shape = (1, -1, *[1] * (inputs.ndim - 2))
    squares = sum(((part - mean.reshape(shape)) ** 2).sum(axes) for part in parts)
    std = np.sqrt(squares / count)
    constant = std <= 1e-12 * np.maximum(np.abs(mean), 1e-300)  # what rounding of the mean leaves is no variation
    return mean.tolist(), np.where(constant, 1.0, std).tolist()
