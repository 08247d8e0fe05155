"""Steps of the optimizers: see `scratchnet.optimizers` for the formulas."""

import math

from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.vectors import add


@compiled(AS_WRITTEN)
def change(weight, velocity, gradient, momentum, nesterov, l2, decay):
    """gradient ← the direction of SGD with momentum; the velocity moves on."""
    for k in range(len(weight)):
        gradient[k] += l2 * weight[k]
        velocity[k] = momentum * velocity[k] + gradient[k]
        direction = gradient[k] + momentum * velocity[k] if nesterov else velocity[k]
        gradient[k] = direction + decay * weight[k]


@compiled(AS_WRITTEN)
def subtract(lr, direction, weight, carry):
    """weight -= lr · direction; what rounding takes away is carried to the next step."""
    for k in range(len(weight)):
        change = carry[k] - lr * direction[k]
        total = weight[k] + change
        carry[k] = change - (total - weight[k])
        weight[k] = total


@compiled(AS_WRITTEN)
def step_bias(bias, velocity, d, gradient, rate, momentum, nesterov):
    """A step of the biases of one layer from d (B, O)."""
    n = len(bias)
    gradient[:] = 0
    for r in range(len(d) // n):
        add(gradient.dtype.type(1), d[r * n : (r + 1) * n], gradient)
    if len(velocity):
        change(bias, velocity, gradient, momentum, nesterov, gradient.dtype.type(0), gradient.dtype.type(0))
    add(-rate, gradient, bias)


@compiled(AS_WRITTEN)
def sgd(weight, gradient, velocity, carry, lr, momentum, nesterov, l2, decay):
    """A step of SGD; empty velocity: no momentum; empty carry: rounded as it comes. The gradient is used up."""
    number, piece = weight.dtype.type, 4096
    for start in range(0, len(weight), piece):
        own, direction = weight[start : start + piece], gradient[start : start + piece]
        if len(velocity):
            change(
                own, velocity[start : start + piece], direction, number(momentum), nesterov, number(l2), number(decay)
            )
        else:
            add(number(l2 + decay), own, direction)
        if len(carry):
            subtract(number(lr), direction, own, carry[start : start + piece])
        else:
            add(number(-lr), direction, own)


@compiled(AS_WRITTEN)
def adam(weight, gradient, m, v, carry, lr, beta1, beta2, eps, l2, decay, step):
    """A step of Adam, in one pass; empty carry: rounded as it comes. The gradient is used up."""
    number, piece = weight.dtype.type, 4096
    for start in range(0, len(weight), piece):
        own, direction = weight[start : start + piece], gradient[start : start + piece]
        adam_direction(
            own,
            direction,
            m[start : start + piece],
            v[start : start + piece],
            number(1 - beta1),
            number(beta2),
            number(1 - beta2),
            number(eps),
            number((1 - beta2**step) ** -0.5),
            number(1 / (1 - beta1**step)),
            number(l2),
            number(decay),
        )
        if len(carry):
            subtract(number(lr), direction, own, carry[start : start + piece])
        else:
            add(number(-lr), direction, own)


@compiled(AS_WRITTEN)
def adam_direction(weight, gradient, m, v, new1, old2, new2, eps, grow2, grow1, l2, decay):
    """gradient ← the direction of Adam; the moments move on."""
    for k in range(len(weight)):
        g = gradient[k] + l2 * weight[k]
        m[k] += new1 * (g - m[k])
        v[k] = old2 * v[k] + new2 * g * g
        gradient[k] = grow1 * m[k] / (math.sqrt(v[k]) * grow2 + eps) + decay * weight[k]
