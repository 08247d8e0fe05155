"""Steps of stochastic gradient descent on small batches, compiled: many steps in one call.

A step of a small network is a few thousand multiply-adds, less than the calls that would ask for them. Weights lie
(O, I) here, so that every inner loop runs along the inputs, and a step reads each weight twice: once forward, once
to pass the gradient on and to change. Numba compiles at first use and keeps the code in the user's cache folder. It is
one file because a function is compiled anew when its own file changes, not when that of one that it calls does.
"""

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import platformdirs

RELU, LEAKY_RELU, TANH, SIGMOID, GELU = range(5)
CROSS_ENTROPY, SQUARED_ERROR = range(2)

_SUMS = {"reassoc", "contract"}  # a sum may be reordered to fill a register; NaN and infinity keep their meaning
_AS_WRITTEN = {"contract"}


def _compiled(fastmath: set[str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, platformdirs.user_cache_dir("scratchnet")
        try:
            return numba.njit(cache=True, error_model="numpy", fastmath=fastmath, boundscheck=False)(function)
        finally:
            numba.config.CACHE_DIR = before

    return decorate


@_compiled(_SUMS)
def _dot(a, b):
    """Σ a b."""
    total = a.dtype.type(0)
    for k in range(len(a)):
        total += a[k] * b[k]
    return total


@_compiled(_AS_WRITTEN)
def _add(factor, a, b):
    """b += factor · a."""
    for k in range(len(a)):
        b[k] += factor * a[k]


@_compiled(_AS_WRITTEN)
def _add_four(f0, f1, f2, f3, a, b):
    """b += f0 · a[0] + f1 · a[1] + …, a (4, n): four rows at once, so that b is read and written once."""
    n = len(b)
    a0, a1, a2, a3 = a[:n], a[n : 2 * n], a[2 * n : 3 * n], a[3 * n : 4 * n]
    for k in range(n):
        b[k] += f0 * a0[k] + f1 * a1[k] + f2 * a2[k] + f3 * a3[k]


@_compiled(_AS_WRITTEN)
def _scaled(factor, a, b):
    """b = factor · a."""
    for k in range(len(a)):
        b[k] = factor * a[k]


@_compiled(_AS_WRITTEN)
def _activate(kind, slope, z, y):
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


@_compiled(_AS_WRITTEN)
def _times_derivative(kind, slope, z, d):
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


@_compiled(_AS_WRITTEN)
def _cross_entropy(z, label, smoothing, d):
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


@_compiled(_AS_WRITTEN)
def _squared_error(y, target, d):
    """-> Σ (y − t)²; d ← 2 (y − t)."""
    loss = y.dtype.type(0)
    for k in range(len(y)):
        error = y[k] - target[k]
        loss += error * error
        d[k] = 2 * error
    return loss


@_compiled(_AS_WRITTEN)
def _change(weight, velocity, gradient, momentum, nesterov, l2, decay):
    """gradient ← the direction of SGD with momentum; the velocity moves on."""
    for k in range(len(weight)):
        gradient[k] += l2 * weight[k]
        velocity[k] = momentum * velocity[k] + gradient[k]
        direction = gradient[k] + momentum * velocity[k] if nesterov else velocity[k]
        gradient[k] = direction + decay * weight[k]


@_compiled(_AS_WRITTEN)
def _subtract(lr, direction, weight, carry):
    """weight -= lr · direction; what rounding takes away is carried to the next step."""
    for k in range(len(weight)):
        change = carry[k] - lr * direction[k]
        total = weight[k] + change
        carry[k] = change - (total - weight[k])
        weight[k] = total


@_compiled(_AS_WRITTEN)
def _look_ahead(z, x, gram, past, size, deltas, start, row, a, b):
    """z += x_t W_t, from x_t W₀ and x_t v₀ and the deltas of the steps before this one in the block."""
    n = len(z)
    _add(z.dtype.type(a), x[row * n : (row + 1) * n], z)
    if b != 0:
        below = len(x) // 2 + row * n
        _add(z.dtype.type(b), x[below : below + n], z)
    number, products, i = z.dtype.type, gram[row], 0
    while i + 4 <= start:
        _add_four(
            number(past[i // size] * products[i]),
            number(past[(i + 1) // size] * products[i + 1]),
            number(past[(i + 2) // size] * products[i + 2]),
            number(past[(i + 3) // size] * products[i + 3]),
            deltas[i * n : (i + 4) * n],
            z,
        )
        i += 4
    while i < start:
        _add(number(past[i // size] * products[i]), deltas[i * n : (i + 1) * n], z)
        i += 1


@_compiled(_AS_WRITTEN)
def _step_bias(bias, velocity, d, gradient, rate, momentum, nesterov):
    """A step of the biases of one layer from d (B, O)."""
    n = len(bias)
    gradient[:] = 0
    for r in range(len(d) // n):
        _add(gradient.dtype.type(1), d[r * n : (r + 1) * n], gradient)
    if len(velocity):
        _change(bias, velocity, gradient, momentum, nesterov, gradient.dtype.type(0), gradient.dtype.type(0))
    _add(-rate, gradient, bias)


@_compiled(_AS_WRITTEN)
def train_block(
    x,
    gram,
    size,
    labels,
    values,
    keep,
    keep_at,
    widths,
    kinds,
    slopes,
    loss,
    smoothing,
    first,
    weight,
    bias,
    velocity,
    bias_velocity,
    carry,
    carried,
    scale,
    lr,
    momentum,
    nesterov,
    l2,
    decay,
    deltas,
    memory,
    losses,
):
    """Steps of one run on consecutive batches of `size` examples; its arrays change in place.

    With `first` = 1 the first layer's weight stands still at W₀: x is X W₀ (then X v₀), gram X Xᵀ, and `deltas`
    become what the caller adds, W ← W₀ + Xᵀ deltas[0] (with momentum W ← a W₀ + b v₀ + Xᵀ deltas[0] and
    v ← c W₀ + d v₀ + Xᵀ deltas[1], `memory` = a, b, c, d). With `first` = 0 x is the input itself.
    Without momentum a weight is scale · stored, so that its decay costs one number a step.
    """
    number = weight.dtype.type
    layers, steps, hidden = len(widths) - 1, len(lr), widths[1]
    smoothing, moving = number(smoothing), len(bias_velocity) > 0
    weights, units, biases = (
        np.zeros(layers + 1, np.int64),
        np.zeros(layers + 1, np.int64),
        np.zeros(layers + 1, np.int64),
    )
    for k in range(layers):
        weights[k + 1] = weights[k] + (widths[k] * widths[k + 1] if k >= first else 0)
        biases[k + 1] = biases[k] + widths[k + 1]
        units[k + 1] = units[k] + size * widths[k + 1]
    z, h, d = np.empty(units[-1], weight.dtype), np.empty(units[-1], weight.dtype), np.empty(units[-1], weight.dtype)
    gradient = np.empty(widths.max(), weight.dtype)
    examples = len(labels) if loss == CROSS_ENTROPY else len(values)
    a, b, c, e = scale[0], 0.0, 0.0, 1.0
    past, past_velocity = np.zeros(steps), np.zeros(steps)
    for t in range(steps):
        start = t * size
        batch = min(size, examples - start)
        rate = lr[t]
        for k in range(layers):
            inputs, outputs = widths[k], widths[k + 1]
            own, own_bias = z[units[k] :][: batch * outputs], bias[biases[k] : biases[k + 1]]
            if k < first:
                for r in range(batch):
                    row = own[r * outputs :][:outputs]
                    row[:] = own_bias
                    _look_ahead(row, x, gram, past, size, deltas[0], start, start + r, a, b)
            else:
                source = x[start * inputs :] if k == 0 else h[units[k - 1] :]
                factor = number(scale[k])
                for j in range(outputs):
                    line = weight[weights[k] + j * inputs :][:inputs]
                    for r in range(batch):
                        own[r * outputs + j] = own_bias[j] + factor * _dot(line, source[r * inputs :][:inputs])
            if k < layers - 1:
                output = h[units[k] :][: batch * outputs]
                _activate(kinds[k], number(slopes[k]), own, output)
                if keep_at[k] >= 0:
                    output *= keep[keep_at[k] + start * outputs :][: batch * outputs]
        outputs = widths[-1]
        logits, delta = z[units[-2] :][: batch * outputs], d[units[-2] :][: batch * outputs]
        total = 0.0
        for r in range(batch):
            one = slice(r * outputs, (r + 1) * outputs)
            if loss == CROSS_ENTROPY:
                total += _cross_entropy(logits[one], labels[start + r], smoothing, delta[one])
            else:
                total += _squared_error(logits[one], values[start + r], delta[one])
        losses[t] = total / batch
        if batch > 1:
            delta /= number(batch)
        for k in range(layers - 1, -1, -1):
            inputs, outputs = widths[k], widths[k + 1]
            delta = d[units[k] :][: batch * outputs]
            if k > 0:
                below = d[units[k - 1] :][: batch * inputs]
                below[:] = 0
            else:
                below = d[:0]
            if k >= first:
                source = x[start * inputs :] if k == 0 else h[units[k - 1] :]
                shrink = 1 - rate * (l2[k] + decay[k])
                back, pace = number(scale[k]), number(-rate / (scale[k] * shrink))
                for j in range(outputs):
                    line = slice(weights[k] + j * inputs, weights[k] + (j + 1) * inputs)
                    own = weight[line]
                    if k > 0:
                        for r in range(batch):
                            if delta[r * outputs + j] != 0:
                                _add(back * delta[r * outputs + j], own, below[r * inputs :][:inputs])
                    if moving:
                        direction = gradient[:inputs]
                        direction[:] = 0
                        for r in range(batch):
                            if delta[r * outputs + j] != 0:
                                _add(delta[r * outputs + j], source[r * inputs :][:inputs], direction)
                        _change(
                            own, velocity[line], direction, number(momentum), nesterov, number(l2[k]), number(decay[k])
                        )
                        if carried[k]:
                            _subtract(number(rate), direction, own, carry[line])
                        else:
                            _add(number(-rate), direction, own)
                    else:
                        for r in range(batch):
                            if delta[r * outputs + j] != 0:
                                _add(pace * delta[r * outputs + j], source[r * inputs :][:inputs], own)
                if not moving:
                    scale[k] *= shrink
            own_velocity = bias_velocity[biases[k] : biases[k + 1]] if moving else bias_velocity
            _step_bias(
                bias[biases[k] : biases[k + 1]],
                own_velocity,
                delta,
                gradient[:outputs],
                number(rate),
                number(momentum),
                nesterov,
            )
            if k > 0:
                if keep_at[k - 1] >= 0:
                    below *= keep[keep_at[k - 1] + start * inputs :][: batch * inputs]
                _times_derivative(kinds[k - 1], number(slopes[k - 1]), z[units[k - 1] :][: batch * inputs], below)
        if first:
            deltas[0, start * hidden :][: batch * hidden] = d[: batch * hidden]
            ahead = 1 + momentum if nesterov else 1.0
            kept = 1 - rate * (decay[0] + ahead * l2[0])
            pull = -rate * (momentum * momentum if nesterov else momentum)
            a, c = kept * a + pull * c, l2[0] * a + momentum * c
            b, e = kept * b + pull * e, l2[0] * b + momentum * e
            for i in range(t):
                past[i], past_velocity[i] = (
                    kept * past[i] + pull * past_velocity[i],
                    l2[0] * past[i] + momentum * past_velocity[i],
                )
            past[t], past_velocity[t] = -rate * ahead, 1.0
    if first:
        memory[:] = a, b, c, e
        if not moving:
            scale[0] = a
        for t in range(steps):
            rows = slice(t * size * hidden, min((t + 1) * size, examples) * hidden)
            if moving:
                _scaled(number(past_velocity[t]), deltas[0, rows], deltas[1, rows])
                _scaled(number(past[t]), deltas[0, rows], deltas[0, rows])
            else:
                _scaled(number(past[t] / a), deltas[0, rows], deltas[0, rows])
