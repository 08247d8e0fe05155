"""What lies between the matrix products of a step on a mini-batch, each in one pass over memory.

Arrays are (B, O); `across` patches they are (O, N), with a bias a row.
"""

from scratchnet.compiled.activations import activate, times_derivative
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.losses import CROSS_ENTROPY, cross_entropy, squared_error
from scratchnet.compiled.vectors import add, shift, total

_PIECE = 2048  # numbers of a row at a time: what stays in the nearest cache


@compiled(AS_WRITTEN)
def gather(inputs, index, mean, std, x):
    """x (B, I) ← (inputs[index] − mean) / std, from bytes or floating numbers (N, I)."""
    number = x.dtype.type
    for b in range(len(index)):
        source, row = inputs[index[b]], x[b]
        for k in range(len(row)):
            row[k] = (number(source[k]) - mean[k]) / std[k]


@compiled(AS_WRITTEN)
def cut(x, pixels, y):
    """y (P · B, F) ← x (B, I), patch by patch; pixels (P, F) say what each patch holds."""
    for p in range(len(pixels)):
        own = pixels[p]
        for b in range(len(x)):
            source, row = x[b], y[p * len(x) + b]
            for k in range(len(own)):
                row[k] = source[own[k]]


@compiled(AS_WRITTEN)
def activate_biased(kind, slope, bias, across, z, keep, y):
    """z ← z + b, where an empty b adds nothing; y ← f(z) · keep, where an empty keep keeps all."""
    one = z.dtype.type(1)
    for b in range(len(z)):
        for start in range(0, z.shape[1], _PIECE):
            own, out = z[b, start : start + _PIECE], y[b, start : start + _PIECE]
            if len(bias) and across:
                shift(bias[b], own)
            elif len(bias):
                add(one, bias[start : start + _PIECE], own)
            activate(kind, z.dtype.type(slope), own, out)
            if len(keep):
                out *= keep[b, start : start + _PIECE]


@compiled(AS_WRITTEN)
def total_loss(loss, bias, output, labels, values, smoothing, rows, delta, gradient):
    """-> the summed loss of outputs + b (B, K); delta ← the gradient of it / rows; gradient (K,) += that of b."""
    one = output.dtype.type(1)
    number = output.dtype.type(rows)
    total = 0.0
    for b in range(len(output)):
        add(one, bias, output[b])
        if loss == CROSS_ENTROPY:
            total += cross_entropy(output[b], labels[b], one * smoothing, delta[b])
        else:
            total += squared_error(output[b], values[b], delta[b])
        delta[b] /= number
        add(one, delta[b], gradient)
    return total


@compiled(AS_WRITTEN)
def differentiate(kind, slope, z, keep, across, d, gradient):
    """d ← d · keep · f'(z), for rectifiers of z or f(z); gradient (O,) += its sum over all else, the bias's."""
    one = z.dtype.type(1)
    for b in range(len(z)):
        for start in range(0, z.shape[1], _PIECE):
            own = d[b, start : start + _PIECE]
            if len(keep):
                own *= keep[b, start : start + _PIECE]
            times_derivative(kind, z.dtype.type(slope), z[b, start : start + _PIECE], own)
            if len(gradient) and across:
                gradient[b] += total(own)
            elif len(gradient):
                add(one, own, gradient[start : start + _PIECE])
