"""Steps of the optimizers: see `scratchnet.optimizers` for the formulas."""

import math

from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.parts import part
from scratchnet.compiled.tables import ADAM, SGD
from scratchnet.compiled.vectors import add

_CHUNK = 2048  # numbers at a time: a pass over them leaves them in the nearest cache for the next


@compiled(AS_WRITTEN, inlined=True)
def step(rules, memory, p, start, stop, gradient, rate, grow):
    """A step of the numbers start … stop of parameter p by their gradient, which is used up; grow: see `growth`."""
    number = gradient.dtype.type
    l2, decay = number(rules.l2[p]), number(rules.decay[p])
    if rules.optimizer == SGD and rules.momentum == 0:
        if l2 != 0 or decay != 0:
            add(number(rules.l2[p] + rules.decay[p]), part(memory.values, start, stop - start), gradient)
        descend(rules, memory, p, start, gradient, rate)
        return
    for begin in range(start, stop, _CHUNK):
        end = min(begin + _CHUNK, stop)
        values, direction = part(memory.values, begin, end - begin), part(gradient, begin - start, end - begin)
        if rules.optimizer == ADAM:
            adam(
                values,
                direction,
                part(memory.first, begin, end - begin),
                part(memory.second, begin, end - begin),
                number(1 - rules.beta1),
                number(rules.beta2),
                number(1 - rules.beta2),
                number(rules.eps),
                number(grow[1]),
                number(grow[0]),
                l2,
                decay,
            )
        else:
            momentum(
                values,
                direction,
                part(memory.first, begin, end - begin),
                number(rules.momentum),
                rules.nesterov,
                l2,
                decay,
            )
        descend(rules, memory, p, begin, direction, rate)


@compiled(AS_WRITTEN, inlined=True)
def descend(rules, memory, p, start, direction, rate):
    """Numbers from start on −= rate · direction."""
    values, number = part(memory.values, start, len(direction)), direction.dtype.type
    if rules.carried[p]:
        subtract(number(rate), direction, number(0), values, part(memory.carry, start, len(direction)))
    else:
        add(number(-rate), direction, values)


@compiled(AS_WRITTEN, inlined=True)
def growth(rules, count):
    """-> by what Adam's m and root of v grow at a step, for they start at zero; ones for others."""
    if rules.optimizer == ADAM:
        return 1 / (1 - rules.beta1**count), (1 - rules.beta2**count) ** -0.5
    return 1.0, 1.0


@compiled(AS_WRITTEN, disjoint=True)
def momentum(weight, gradient, velocity, momentum, nesterov, l2, decay):
    """gradient ← the direction of SGD with momentum; the velocity moves on."""
    if nesterov:
        for k in range(len(weight)):
            g = gradient[k] + l2 * weight[k]
            velocity[k] = momentum * velocity[k] + g
            gradient[k] = g + momentum * velocity[k] + decay * weight[k]
    else:
        for k in range(len(weight)):
            velocity[k] = momentum * velocity[k] + (gradient[k] + l2 * weight[k])
            gradient[k] = velocity[k] + decay * weight[k]


@compiled(AS_WRITTEN, inlined=True)
def step_by_velocity(memory, p, start, stop, rules, rate):
    """The rest of a step of SGD with momentum: the velocity has moved on, but for the penalty."""
    for begin in range(start, stop, _CHUNK):
        end = min(begin + _CHUNK, stop)
        weight, velocity = part(memory.values, begin, end - begin), part(memory.first, begin, end - begin)
        number = weight.dtype.type
        if rules.l2[p] != 0:
            add(number(rules.l2[p]), weight, velocity)
        if rules.carried[p]:
            subtract(number(rate), velocity, number(rules.decay[p]), weight, part(memory.carry, begin, end - begin))
            continue
        if rules.decay[p] != 0:
            pull = number(rate * rules.decay[p])
            for k in range(len(weight)):  # a factor near 1 would round the decay away
                weight[k] -= pull * weight[k]
        add(number(-rate), velocity, weight)


@compiled(AS_WRITTEN, disjoint=True)
def subtract(lr, direction, decay, weight, carry):
    """weight -= lr · (direction + decay · weight); what rounding takes away is carried to the next step."""
    for k in range(len(weight)):
        weight[k], carry[k] = added(weight[k], carry[k] - lr * (direction[k] + decay * weight[k]))


@compiled(AS_WRITTEN, inlined=True)
def added(number, change):
    """-> their sum, and what rounding takes away from it."""
    total = number + change
    return total, change - (total - number)


@compiled(AS_WRITTEN, disjoint=True)
def adam(weight, gradient, m, v, new1, old2, new2, eps, grow2, grow1, l2, decay):
    """gradient ← the direction of Adam; the moments move on."""
    for k in range(len(weight)):
        g = gradient[k] + l2 * weight[k]
        m[k] += new1 * (g - m[k])
        v[k] = old2 * v[k] + new2 * g * g
        gradient[k] = grow1 * m[k] / (math.sqrt(v[k]) * grow2 + eps) + decay * weight[k]


@compiled(AS_WRITTEN, inlined=True)
def unscale(memory, p, start, stop, carried):
    """Bring the decay that is in the scale into the weight itself."""
    scale, values = memory.scale[p], memory.values[start:stop]
    memory.scale[p] = 1.0
    if scale == 1.0:
        return
    number = values.dtype.type
    if scale < 0.5:
        for k in range(len(values)):
            values[k] *= number(scale)
    elif carried:
        carry = memory.carry[start:stop]
        for k in range(len(values)):
            values[k], carry[k] = added(values[k], carry[k] - number(1 - scale) * values[k])
    else:  # a factor near 1 would round the decay away
        for k in range(len(values)):
            values[k] += number(scale - 1) * values[k]
