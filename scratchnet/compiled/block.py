"""Steps of stochastic gradient descent on small batches: many steps in one call.

A step of a small network is a few thousand multiply-adds, less than the calls that would ask for them. Weights lie
(O, I) here, so that every inner loop runs along the inputs, and a step reads each weight twice: once forward, once
to pass the gradient on and to change.
"""

import numpy as np

from scratchnet.compiled.activations import activate, times_derivative
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.losses import CROSS_ENTROPY, cross_entropy, squared_error
from scratchnet.compiled.optimizers import change, step_bias, subtract
from scratchnet.compiled.vectors import add, add_four, dot, scaled


@compiled(AS_WRITTEN)
def look_ahead(z, x, gram, past, size, deltas, start, row, a, b):
    """z += x_t W_t, from x_t W₀ and x_t v₀ and the deltas of the steps before this one in the block."""
    n = len(z)
    add(z.dtype.type(a), x[row * n : (row + 1) * n], z)
    if b != 0:
        below = len(x) // 2 + row * n
        add(z.dtype.type(b), x[below : below + n], z)
    number, products, i = z.dtype.type, gram[row], 0
    while i + 4 <= start:
        add_four(
            number(past[i // size] * products[i]),
            number(past[(i + 1) // size] * products[i + 1]),
            number(past[(i + 2) // size] * products[i + 2]),
            number(past[(i + 3) // size] * products[i + 3]),
            deltas[i * n : (i + 4) * n],
            z,
        )
        i += 4
    while i < start:
        add(number(past[i // size] * products[i]), deltas[i * n : (i + 1) * n], z)
        i += 1


@compiled(AS_WRITTEN)
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
                    look_ahead(row, x, gram, past, size, deltas[0], start, start + r, a, b)
            else:
                source = x[start * inputs :] if k == 0 else h[units[k - 1] :]
                factor = number(scale[k])
                for j in range(outputs):
                    line = weight[weights[k] + j * inputs :][:inputs]
                    for r in range(batch):
                        own[r * outputs + j] = own_bias[j] + factor * dot(line, source[r * inputs :][:inputs])
            if k < layers - 1:
                output = h[units[k] :][: batch * outputs]
                activate(kinds[k], number(slopes[k]), own, output)
                if keep_at[k] >= 0:
                    output *= keep[keep_at[k] + start * outputs :][: batch * outputs]
        outputs = widths[-1]
        logits, delta = z[units[-2] :][: batch * outputs], d[units[-2] :][: batch * outputs]
        total = 0.0
        for r in range(batch):
            one = slice(r * outputs, (r + 1) * outputs)
            if loss == CROSS_ENTROPY:
                total += cross_entropy(logits[one], labels[start + r], smoothing, delta[one])
            else:
                total += squared_error(logits[one], values[start + r], delta[one])
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
                                add(back * delta[r * outputs + j], own, below[r * inputs :][:inputs])
                    if moving:
                        direction = gradient[:inputs]
                        direction[:] = 0
                        for r in range(batch):
                            if delta[r * outputs + j] != 0:
                                add(delta[r * outputs + j], source[r * inputs :][:inputs], direction)
                        change(
                            own, velocity[line], direction, number(momentum), nesterov, number(l2[k]), number(decay[k])
                        )
                        if carried[k]:
                            subtract(number(rate), direction, own, carry[line])
                        else:
                            add(number(-rate), direction, own)
                    else:
                        for r in range(batch):
                            if delta[r * outputs + j] != 0 and carried[k]:
                                subtract(
                                    -pace * delta[r * outputs + j], source[r * inputs :][:inputs], own, carry[line]
                                )
                            elif delta[r * outputs + j] != 0:
                                add(pace * delta[r * outputs + j], source[r * inputs :][:inputs], own)
                if not moving:
                    scale[k] *= shrink
            own_velocity = bias_velocity[biases[k] : biases[k + 1]] if moving else bias_velocity
            step_bias(
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
                times_derivative(kinds[k - 1], number(slopes[k - 1]), z[units[k - 1] :][: batch * inputs], below)
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
                scaled(number(past_velocity[t]), deltas[0, rows], deltas[1, rows])
                scaled(number(past[t]), deltas[0, rows], deltas[0, rows])
            else:
                scaled(number(past[t] / a), deltas[0, rows], deltas[0, rows])
