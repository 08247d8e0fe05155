"""Losses of one example and their gradients: see `scratchnet.losses` for the formulas."""

import math

from scratchnet.compiled.jit import AS_WRITTEN, compiled

CROSS_ENTROPY, SQUARED_ERROR = range(2)


@compiled(AS_WRITTEN)
def cross_entropy(z, label, smoothing, d):
    """-> the loss of logits z; d ← softmax(z) − q."""
    one, largest = z.dtype.type(1), z[0]
    for k in range(1, len(z)):
        largest = max(largest, z[k])
    total = z.dtype.type(0)
    for k in range(len(z)):
        d[k] = math.exp(z[k] - largest)
        total += d[k]
    even = smoothing / z.dtype.type(len(z))
    for k in range(len(z)):
        d[k] = d[k] / total - even
    d[label] -= one - smoothing
    loss = math.log(total) - (one - smoothing) * (z[label] - largest)
    if smoothing != 0:  # else a sum that overflows would make NaN of nothing
        mean = 0.0
        for k in range(len(z)):
            mean += (z[k] - largest) / len(z)
        loss -= smoothing * mean
    return float(loss)


@compiled(AS_WRITTEN)
def squared_error(y, target, d):
    """-> Σ (y − t)²; d ← 2 (y − t)."""
    loss = 0.0
    for k in range(len(y)):
        error = y[k] - target[k]
        loss += float(error * error)
        d[k] = 2 * error
    return loss
