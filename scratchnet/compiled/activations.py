"""Activations and their derivatives, by number: see `scratchnet.layers.activations` for the formulas."""

import math

from scratchnet.compiled.jit import AS_WRITTEN, compiled

RELU, LEAKY_RELU, TANH, SIGMOID, GELU, IDENTITY = range(6)


@compiled(AS_WRITTEN)
def activate(kind, slope, z, y):
    """y = f(z); a NaN stays one."""
    one, half = z.dtype.type(1), z.dtype.type(0.5)
    zero = one - one
    if kind == RELU:
        for k in range(len(z)):
            y[k] = zero if z[k] < zero else z[k]
    elif kind == LEAKY_RELU:
        for k in range(len(z)):
            y[k] = slope * z[k] if z[k] < zero else z[k]
    elif kind == TANH:
        for k in range(len(z)):
            y[k] = math.tanh(z[k])
    elif kind == SIGMOID:
        for k in range(len(z)):
            y[k] = one / (one + math.exp(-z[k]))
    elif kind == GELU:
        root = z.dtype.type(-math.sqrt(0.5))
        for k in range(len(z)):
            y[k] = z[k] * (half * math.erfc(z[k] * root))


@compiled(AS_WRITTEN)
def times_derivative(kind, slope, kept, d, out):
    """out = d · f', told from f(z), for GELU from z."""
    one, half = d.dtype.type(1), d.dtype.type(0.5)
    zero = one - one
    if kind == RELU:
        for k in range(len(d)):
            out[k] = d[k] if kept[k] > zero else d[k] * zero
    elif kind == LEAKY_RELU:
        for k in range(len(d)):
            out[k] = d[k] if kept[k] > zero else slope * d[k]
    elif kind == TANH:
        for k in range(len(d)):
            out[k] = d[k] * (one - kept[k] * kept[k])
    elif kind == SIGMOID:
        for k in range(len(d)):
            out[k] = d[k] * (kept[k] * (one - kept[k]))
    elif kind == GELU:
        root, scale = d.dtype.type(-math.sqrt(0.5)), d.dtype.type(1 / math.sqrt(2 * math.pi))
        for k in range(len(d)):
            density = scale * math.exp(-half * kept[k] * kept[k])
            out[k] = d[k] * (half * math.erfc(kept[k] * root) + kept[k] * density)
    elif kind == IDENTITY:
        for k in range(len(d)):
            out[k] = d[k]


@compiled(AS_WRITTEN)
def drop(uniform, threshold, factor, x, y):
    """y = x · keep, where keep is `factor` with the draws of at least `threshold`, else 0."""
    zero = factor - factor
    for k in range(len(y)):
        y[k] = x[k] * (factor if uniform[k] >= threshold else zero)
