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
    total, mean = z.dtype.type(0), z.dtype.type(0)
    for k in range(len(z)):
        shifted = z[k] - largest
        mean += shifted
        d[k] = math.exp(shifted)
        total += d[k]
    even = smoothing / z.dtype.type(len(z))
    for k in range(len(z)):
        d[k] = d[k] / total - even
    d[label] -= one - smoothing
    return math.log(total) - (one - smoothing) * (z[label] - largest) - even * mean


@compiled(AS_WRITTEN)
def squared_error(y, target, d):
    """-> Σ (y − t)²; d ← 2 (y − t)."""
    loss = y.dtype.type(0)
    for k in range(len(y)):
        error = y[k] - target[k]
        loss += error * error
        d[k] = 2 * error
    return loss
