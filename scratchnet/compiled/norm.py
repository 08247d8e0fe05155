"""Layer norm of a mini-batch, each direction in one pass over memory: see `scratchnet.mixer.LayerNorm`."""

import math

import numpy as np

from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.vectors import dot, total


@compiled(AS_WRITTEN)
def normalize(x, scale, shift, eps, moments, y):
    """y (B, F) ← scale · (x − mean) / √(var + eps) + shift; moments (B, 2) ← mean and 1 / √(var + eps)."""
    number = x.dtype.type
    n = number(x.shape[1])
    for b in range(len(x)):
        source, out = x[b], y[b]
        mean = total(source) / n
        for k in range(len(source)):
            out[k] = source[k] - mean
        root = number(1) / number(math.sqrt(dot(out, out) / n + number(eps)))
        moments[b, 0], moments[b, 1] = mean, root
        for k in range(len(source)):
            out[k] = out[k] * root * scale[k] + shift[k]


@compiled(AS_WRITTEN)
def normalize_back(dy, x, moments, scale, dscale, dshift, dx):
    """dx (B, F) ← what the formulas say, dscale (F,) and dshift (F,) += it."""
    number = dy.dtype.type
    n = number(dy.shape[1])
    normal = np.empty(dy.shape[1], dy.dtype)
    for b in range(len(dy)):
        d, source, out = dy[b], x[b], dx[b]
        mean, root = moments[b, 0], moments[b, 1]
        for k in range(len(d)):
            normal[k] = (source[k] - mean) * root
            dshift[k] += d[k]
            dscale[k] += d[k] * normal[k]
            out[k] = d[k] * scale[k]
        middle, along = total(out) / n, dot(out, normal) / n
        for k in range(len(d)):
            out[k] = (out[k] - middle - normal[k] * along) * root
