"""Activations and their derivatives, by number: see `scratchnet.layers.activations` for the formulas.

All work in place: of two arrays that might be one and the same the compiler makes no vectors. And all write every
number: where one is left as it is, the compiler writes the others under a mask, which takes some processors six times
as long.
"""

from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.smooth import gelu, gelu_slope, sigmoid, tanh

RELU, LEAKY_RELU, TANH, SIGMOID, GELU, IDENTITY = range(6)


@compiled(AS_WRITTEN)
def activate(kind, slope, z):
    """z ← f(z); a NaN stays one."""
    zero, one = z.dtype.type(0), z.dtype.type(1)
    if kind == RELU:
        for k in range(len(z)):
            z[k] = zero if z[k] < zero else z[k] + zero
    elif kind == LEAKY_RELU:
        for k in range(len(z)):
            z[k] *= slope if z[k] < zero else one
    elif kind == TANH:
        for k in range(len(z)):
            z[k] = tanh(z[k])
    elif kind == SIGMOID:
        for k in range(len(z)):
            z[k] = sigmoid(z[k])
    elif kind == GELU:
        for k in range(len(z)):
            z[k] = gelu(z[k])


@compiled(AS_WRITTEN, disjoint=True)
def times_derivative(kind, slope, saved, d):
    """d ← d · f', told from f(z), for GELU from z."""
    zero, one = d.dtype.type(0), d.dtype.type(1)
    if kind == RELU:
        for k in range(len(d)):
            d[k] *= one if saved[k] > zero else zero
    elif kind == LEAKY_RELU:
        for k in range(len(d)):
            d[k] *= one if saved[k] > zero else slope
    elif kind == TANH:
        for k in range(len(d)):
            d[k] *= one - saved[k] * saved[k]
    elif kind == SIGMOID:
        for k in range(len(d)):
            d[k] *= saved[k] * (one - saved[k])
    elif kind == GELU:
        for k in range(len(d)):
            d[k] *= gelu_slope(saved[k])


@compiled(AS_WRITTEN, disjoint=True)
def drop(uniform, threshold, factor, y):
    """y ← y · keep, where keep is `factor` with the draws of at least `threshold`, else 0."""
    zero = factor - factor
    for k in range(len(y)):
        y[k] *= factor if uniform[k] >= threshold else zero
