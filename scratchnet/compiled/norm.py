"""Layer norm of a mini-batch, each direction in a pass or two: see `scratchnet.layers.norm` for the formulas."""

import math

from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.vectors import add, divide, dot, fill, total


@compiled(AS_WRITTEN, disjoint=True)
def normalize(x, scale, shift, eps, moments, y):
    """y (n · F) ← scale · (x − mean) / √(var + eps) + shift; moments (n · 2) ← mean and 1 / √(var + eps)."""
    number, size = x.dtype.type, len(scale)
    n = number(size)
    for b in range(len(x) // size):
        source, out = x[b * size : (b + 1) * size], y[b * size : (b + 1) * size]
        mean = total(source) / n
        for k in range(size):
            out[k] = source[k] - mean
        root = number(1) / number(math.sqrt(dot(out, out) / n + number(eps)))
        moments[2 * b], moments[2 * b + 1] = mean, root
        for k in range(size):
            out[k] = out[k] * root * scale[k] + shift[k]


@compiled(AS_WRITTEN, disjoint=True)
def normalize_back(dy, x, moments, scale, dscale, dshift, wanted, added, dx, normal):
    """dx (n · F) ← what the formulas say, dscale (F,) and dshift (F,) += it; normal (F,) is overwritten."""
    size = len(scale)
    for b in range(len(x) // size):
        d, source = dy[b * size : (b + 1) * size], x[b * size : (b + 1) * size]
        mean, root = moments[2 * b], moments[2 * b + 1]
        for k in range(size):
            normal[k] = (source[k] - mean) * root
            dshift[k] += d[k]
            dscale[k] += d[k] * normal[k]
        if wanted:
            out = dx[b * size : (b + 1) * size]
            middle, along = mean_of_products(d, scale, normal)
            if added:
                for k in range(size):
                    out[k] += (d[k] * scale[k] - middle - normal[k] * along) * root
            else:
                for k in range(size):
                    out[k] = (d[k] * scale[k] - middle - normal[k] * along) * root


@compiled({"reassoc", "contract"})
def mean_of_products(d, scale, normal):
    """-> mean of g = d · scale, and of g · normal."""
    middle, along = d.dtype.type(0), d.dtype.type(0)
    for k in range(len(d)):
        g = d[k] * scale[k]
        middle += g
        along += g * normal[k]
    n = d.dtype.type(len(d))
    return middle / n, along / n


@compiled(AS_WRITTEN, disjoint=True)
def normalize_across(x, scale, shift, eps, moments, y):
    """The same over the first axis of x (F · n); moments (2 · n)."""
    number, size = x.dtype.type, len(scale)
    n = len(x) // size
    mean, root = moments[:n], moments[n : 2 * n]
    fill(number(0), mean)
    fill(number(0), root)
    for f in range(size):
        add(number(1), x[f * n : (f + 1) * n], mean)
    divide(mean, number(size))
    for f in range(size):
        source, out = x[f * n : (f + 1) * n], y[f * n : (f + 1) * n]
        for k in range(n):
            out[k] = source[k] - mean[k]
            root[k] += out[k] * out[k]
    for k in range(n):
        root[k] = number(1) / number(math.sqrt(root[k] / number(size) + number(eps)))
    for f in range(size):
        out = y[f * n : (f + 1) * n]
        for k in range(n):
            out[k] = out[k] * root[k] * scale[f] + shift[f]


@compiled(AS_WRITTEN, disjoint=True)
def normalize_across_back(dy, x, moments, scale, dscale, dshift, wanted, added, dx, sums):
    """The same over the first axis; sums (2 · n) is overwritten."""
    number, size = dy.dtype.type, len(scale)
    n = len(x) // size
    mean, root, middle, along = moments[:n], moments[n : 2 * n], sums[:n], sums[n : 2 * n]
    fill(number(0), middle)
    fill(number(0), along)
    for f in range(size):
        d, source = dy[f * n : (f + 1) * n], x[f * n : (f + 1) * n]
        of_scale, of_shift = number(0), number(0)
        for k in range(n):
            normal = (source[k] - mean[k]) * root[k]
            of_scale += d[k] * normal
            of_shift += d[k]
            middle[k] += d[k] * scale[f]
            along[k] += d[k] * scale[f] * normal
        dscale[f] += of_scale
        dshift[f] += of_shift
    if not wanted:
        return
    divide(middle, number(size))
    divide(along, number(size))
    for f in range(size):
        d, source, out = dy[f * n : (f + 1) * n], x[f * n : (f + 1) * n], dx[f * n : (f + 1) * n]
        for k in range(n):
            normal = (source[k] - mean[k]) * root[k]
            gradient = (d[k] * scale[f] - middle[k] - normal * along[k]) * root[k]
            out[k] = out[k] + gradient if added else gradient
