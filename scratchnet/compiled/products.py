"""A linear layer's products by the library, and the step of its weight: see `scratchnet.layers` for the formulas.

A weight is stored as (I, O), or `turned`, (O, I): see `scratchnet.compiled.lines`.
"""

from scratchnet.compiled.blas import multiply
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.parts import part
from scratchnet.compiled.stepping import step, step_by_velocity
from scratchnet.compiled.tables import (
    ACROSS,
    ADDED,
    DX,
    DY,
    INNER,
    OUTER,
    SGD,
    WANTED,
    WEIGHT,
    X,
    Y,
)
from scratchnet.compiled.vectors import add, rescale

SLAB = 2**14  # numbers of a weight that step at a time: their gradient stays in the cache
_SMALLEST = 2.0**-4  # a scale below is multiplied out


@compiled(AS_WRITTEN, inlined=True)
def matrix(program, p):
    """-> where a weight begins, I, O, and whether it is stored as (O, I)."""
    row = program.weights[p]
    return row[0], row[1], row[2], row[3] != 0


@compiled(AS_WRITTEN, inlined=True)
def forward(program, memory, gemm, o, b):
    """y ← scale · x W."""
    op = program.operations[o]
    start, inputs, outputs, turned = matrix(program, op[WEIGHT])
    x, y, weight = memory.work[op[X] :], memory.work[op[Y] :], memory.values[start:]
    number = weight.dtype.type
    scale, zero = number(memory.scale[op[WEIGHT]]), number(0)
    if op[ACROSS]:
        n = b * op[INNER]
        multiply(gemm, outputs, n, inputs, scale, weight, True, outputs, x, False, n, zero, y, n)
    else:
        wide = inputs if turned else outputs
        multiply(gemm, b * op[OUTER], outputs, inputs, scale, x, False, inputs, weight, turned, wide, zero, y, outputs)


@compiled(AS_WRITTEN, inlined=True)
def backward(program, memory, rules, gemm, o, b, first, last, rate, grow):
    """dx ← scale · dy Wᵀ, and a step of W: from the first piece of a batch to the last its gradient is summed."""
    op = program.operations[o]
    start, inputs, outputs, turned = matrix(program, op[WEIGHT])
    x, dx, dy = memory.work[op[X] :], memory.work[op[DX] :], memory.work[op[DY] :]
    weight, p = memory.values[start:], op[WEIGHT]
    number = weight.dtype.type
    one, scale = number(1), number(memory.scale[p])
    rows, beta = b * op[OUTER], number(op[ADDED])
    wide = inputs if turned else outputs
    if op[WANTED] and op[ACROSS]:
        n = b * op[INNER]
        multiply(gemm, inputs, n, outputs, scale, weight, False, outputs, dy, False, n, beta, dx, n)
    elif op[WANTED]:
        multiply(gemm, rows, inputs, outputs, scale, dy, False, outputs, weight, not turned, wide, beta, dx, inputs)
    lines, wide = (outputs, inputs) if turned else (inputs, outputs)
    stop = start + lines * wide
    added = number(0) if first else one
    if rules.optimizer == SGD and rules.momentum == 0:
        if not last or not first:
            gradient = memory.gradients[start:stop]
            add_gradient(gemm, op, b, x, dy, inputs, outputs, turned, 0, lines, one, added, gradient)
            if last:
                pace = shrink(memory, rules, p, start, lines * wide, rate)
                add(number(pace), gradient, weight[: lines * wide])
            return
        pace = shrink(memory, rules, p, start, lines * wide, rate)
        add_gradient(gemm, op, b, x, dy, inputs, outputs, turned, 0, lines, number(pace), one, weight)
        return
    if rules.optimizer == SGD and not rules.nesterov:
        momentum = number(rules.momentum) if first else one
        slab = max(SLAB // wide, 16) if last else lines
        for begin in range(0, lines, slab):
            end = min(begin + slab, lines)
            here, there = start + begin * wide, start + end * wide
            velocity = memory.first[here:there]
            add_gradient(gemm, op, b, x, dy, inputs, outputs, turned, begin, end, one, momentum, velocity)
            if last:
                step_by_velocity(memory, p, here, there, rules, rate)
        return
    if not last:
        gradient = memory.gradients[start:]
        add_gradient(gemm, op, b, x, dy, inputs, outputs, turned, 0, lines, one, added, gradient)
        return
    slab = max(SLAB // wide, 16)
    for begin in range(0, lines, slab):
        end = min(begin + slab, lines)
        gradient = memory.gradients[start + begin * wide : start + end * wide]
        add_gradient(gemm, op, b, x, dy, inputs, outputs, turned, begin, end, one, added, gradient)
        step(rules, memory, p, start + begin * wide, start + end * wide, gradient, rate, grow)


@compiled(AS_WRITTEN)
def add_gradient(gemm, op, b, x, dy, inputs, outputs, turned, begin, end, alpha, beta, out):
    """out ← alpha · (lines begin … end of the gradient of W as it is stored) + beta · out."""
    rows = end - begin
    if op[ACROSS]:
        n = b * op[INNER]
        multiply(gemm, rows, outputs, n, alpha, x[begin * n :], False, n, dy, True, n, beta, out, outputs)
    elif turned:
        n = b * op[OUTER]
        multiply(gemm, rows, inputs, n, alpha, dy[begin:], True, outputs, x, False, inputs, beta, out, inputs)
    else:
        n = b * op[OUTER]
        multiply(gemm, rows, outputs, n, alpha, x[begin:], True, inputs, dy, False, outputs, beta, out, outputs)


@compiled(AS_WRITTEN, inlined=True)
def decayed(memory, rules, p, rate):
    """-> what the decay of a step multiplies the stored weight and its scale to: the scale, until that is too small."""
    scale = memory.scale[p] * (1 - rate * (rules.l2[p] + rules.decay[p]))
    if scale >= _SMALLEST:
        return 1.0, scale
    return scale, 1.0  # also where it is negative or no number


@compiled(AS_WRITTEN, inlined=True)
def shrink(memory, rules, p, start, size, rate):
    """The decay of a step; -> the factor of the gradient that is added to what is stored."""
    factor, memory.scale[p] = decayed(memory, rules, p, rate)
    if factor != 1:
        values = part(memory.values, start, size)
        rescale(values.dtype.type(factor), values)
    return -rate / memory.scale[p]
