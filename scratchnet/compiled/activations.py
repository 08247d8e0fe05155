"""Activations and their derivatives, by number: see `scratchnet.activations` for the formulas."""

import math

from scratchnet.compiled.jit import AS_WRITTEN, compiled

RELU, LEAKY_RELU, TANH, SIGMOID, GELU, IDENTITY = range(6)


@compiled(AS_WRITTEN)
def activate(kind, slope, z, y):
    """y = f(z); a NaN stays one."""
    one, half = z.dtype.type(1), z.dtype.type(0.5)
    if kind == RELU:
        for k in range(len(z)):
            y[k] = 0 if z[k] < 0 else z[k]
    elif kind == LEAKY_RELU:
        for k in range(len(z)):
            y[k] = slope * z[k] if z[k] < 0 else z[k]
    elif kind == TANH:
        for k in range(len(z)):
            y[k] = math.tanh(z[k])
    elif kind == SIGMOID:
        for k in range(len(z)):
            y[k] = one / (one + math.exp(-z[k]))
    elif kind == GELU:
        root = z.dtype.type(-math.sqrt(0.5))
        for k in range(len(z)):
            y[k] = z[k] * half * math.erfc(z[k] * root)
    else:
        for k in range(len(z)):
            y[k] = z[k]


@compiled(AS_WRITTEN)
def times_derivative(kind, slope, z, d):
    """d ← d · f'(z)."""
    one, half = z.dtype.type(1), z.dtype.type(0.5)
    if kind == RELU:
        for k in range(len(z)):
            d[k] = d[k] if z[k] > 0 else 0
    elif kind == LEAKY_RELU:
        for k in range(len(z)):
            d[k] = d[k] if z[k] > 0 else slope * d[k]
    elif kind == TANH:
        for k in range(len(z)):
            y = math.tanh(z[k])
            d[k] *= one - y * y
    elif kind == SIGMOID:
        for k in range(len(z)):
            y = one / (one + math.exp(-z[k]))
            d[k] *= y * (one - y)
    elif kind == GELU:
        root, scale = z.dtype.type(-math.sqrt(0.5)), z.dtype.type(1 / math.sqrt(2 * math.pi))
        for k in range(len(z)):
            d[k] *= half * math.erfc(z[k] * root) + z[k] * scale * math.exp(-half * z[k] * z[k])
