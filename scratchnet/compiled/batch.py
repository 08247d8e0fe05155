"""What lies between the matrix products of a step on a mini-batch, each in one pass over memory."""

from scratchnet.compiled.activations import activate, times_derivative
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.losses import CROSS_ENTROPY, cross_entropy, squared_error
from scratchnet.compiled.vectors import add


@compiled(AS_WRITTEN)
def gather(inputs, index, mean, std, x):
    """x (B, I) ← (inputs[index] − mean) / std, from bytes or floating numbers (N, I)."""
    number = x.dtype.type
    for b in range(len(index)):
        source, row = inputs[index[b]], x[b]
        for k in range(len(row)):
            row[k] = (number(source[k]) - mean[k]) / std[k]


@compiled(AS_WRITTEN)
def activate_biased(kind, slope, bias, z, keep, y):
    """z (B, O) ← z + b; y ← f(z) · keep, where an empty keep keeps all."""
    one = z.dtype.type(1)
    for b in range(len(z)):
        add(one, bias, z[b])
        activate(kind, z.dtype.type(slope), z[b], y[b])
        if len(keep):
            y[b] *= keep[b]


@compiled(AS_WRITTEN)
def mean_loss(loss, bias, output, labels, values, smoothing, delta, gradient):
    """-> the mean loss of outputs + b (B, K); delta ← its gradient, gradient (K,) ← that of b."""
    one, rows = output.dtype.type(1), output.dtype.type(len(output))
    total = 0.0
    gradient[:] = 0
    for b in range(len(output)):
        add(one, bias, output[b])
        if loss == CROSS_ENTROPY:
            total += cross_entropy(output[b], labels[b], one * smoothing, delta[b])
        else:
            total += squared_error(output[b], values[b], delta[b])
        delta[b] /= rows
        add(one, delta[b], gradient)
    return total / len(output)


@compiled(AS_WRITTEN)
def differentiate(kind, slope, z, keep, d, gradient):
    """d (B, O) ← d · keep · f'(z); gradient (O,) ← Σ_B d, that of the bias."""
    one = z.dtype.type(1)
    gradient[:] = 0
    for b in range(len(z)):
        if len(keep):
            d[b] *= keep[b]
        times_derivative(kind, z.dtype.type(slope), z[b], d[b])
        add(one, d[b], gradient)
