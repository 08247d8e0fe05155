"""A linear layer's products and the step of its weight: see `scratchnet.layers` for the formulas.

A weight is stored as (I, O) and its products are the library's, or, where a step is too small for calls, it is
`turned`, (O, I), and every inner loop runs along the inputs: a line of the weight is read once to pass the gradient on
and to change.
"""

from scratchnet.compiled.blas import multiply
from scratchnet.compiled.jit import AS_WRITTEN, compiled
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
from scratchnet.compiled.vectors import add, add_four, dot, dot_four, fill, pass_four, scaled

SLAB = 2**14  # numbers of a weight that step at a time: their gradient stays in the cache
_SMALLEST = 2.0**-4  # a scale below is multiplied out


@compiled(AS_WRITTEN, inlined=True)
def matrix(program, p):
    """-> where a weight begins, I, O, and whether it is stored as (O, I)."""
    row = program.weights[p]
    return row[0], row[1], row[2], row[3] != 0


@compiled(AS_WRITTEN, inlined=True)
def forward(program, memory, gemm, o, b, looping):
    """y ← scale · x W."""
    op = program.operations[o]
    start, inputs, outputs, turned = matrix(program, op[WEIGHT])
    x, y, weight = memory.work[op[X] :], memory.work[op[Y] :], memory.values[start:]
    number = weight.dtype.type
    scale, zero = number(memory.scale[op[WEIGHT]]), number(0)
    if op[ACROSS]:
        n = b * op[INNER]
        multiply(gemm, outputs, n, inputs, scale, weight, True, outputs, x, False, n, zero, y, n)
    elif looping:
        fours = outputs // 4 * 4
        for j in range(0, fours, 4):
            lines = weight[j * inputs : (j + 4) * inputs]
            for r in range(b):
                z = r * outputs + j
                z0, z1, z2, z3 = dot_four(lines, x[r * inputs : (r + 1) * inputs])
                y[z], y[z + 1], y[z + 2], y[z + 3] = scale * z0, scale * z1, scale * z2, scale * z3
        for j in range(fours, outputs):
            line = weight[j * inputs : (j + 1) * inputs]
            for r in range(b):
                y[r * outputs + j] = scale * dot(line, x[r * inputs : (r + 1) * inputs])
    else:
        wide = inputs if turned else outputs
        multiply(gemm, b * op[OUTER], outputs, inputs, scale, x, False, inputs, weight, turned, wide, zero, y, outputs)


@compiled(AS_WRITTEN, inlined=True)
def backward(program, memory, rules, gemm, o, b, first, last, rate, grow, looping):
    """dx ← scale · dy Wᵀ, and a step of W: from the first piece of a batch to the last its gradient is summed."""
    op = program.operations[o]
    if looping:
        back_in_loops(program, memory, rules, op, b, rate, grow)
        return
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
        values = memory.values[start : start + size]
        scaled(values.dtype.type(factor), values, values)
    return -rate / memory.scale[p]


@compiled(AS_WRITTEN, inlined=True)
def back_in_loops(program, memory, rules, op, b, rate, grow):
    p = op[WEIGHT]
    start, inputs, outputs, _ = matrix(program, p)
    x, dx, dy = memory.work[op[X] :][: b * inputs], memory.work[op[DX] :], memory.work[op[DY] :]
    number = memory.values.dtype.type
    wanted, plain = op[WANTED], rules.optimizer == SGD and rules.momentum == 0
    back, factor, pace = number(memory.scale[p]), number(1), number(1)
    if wanted:
        dx = dx[: b * inputs]
        if not op[ADDED]:
            fill(number(0), dx)
    if plain:
        multiplied, memory.scale[p] = decayed(memory, rules, p, rate)
        factor, pace = number(multiplied), number(-rate / memory.scale[p])
    fours = outputs // 4 * 4 if plain and wanted and b == 1 and factor == 1 else 0
    for j in range(0, fours, 4):
        d0, d1, d2, d3 = dy[j], dy[j + 1], dy[j + 2], dy[j + 3]
        pass_four(
            back * d0,
            back * d1,
            back * d2,
            back * d3,
            pace * d0,
            pace * d1,
            pace * d2,
            pace * d3,
            memory.values[start + j * inputs : start + (j + 4) * inputs],
            x,
            dx,
        )
    for j in range(fours, outputs):
        line = memory.values[start + j * inputs : start + (j + 1) * inputs]
        if wanted:
            for r in range(b):
                add(back * dy[r * outputs + j], line, dx[r * inputs : (r + 1) * inputs])
        if factor != 1:
            scaled(factor, line, line)
        if plain and b == 1:
            add(pace * dy[j], x, line)
            continue
        gradient = memory.gradients[start + j * inputs : start + (j + 1) * inputs]
        scaled(dy[j], x[:inputs], gradient)
        r = 1
        while r + 4 <= b:
            add_four(
                dy[r * outputs + j],
                dy[(r + 1) * outputs + j],
                dy[(r + 2) * outputs + j],
                dy[(r + 3) * outputs + j],
                x[r * inputs : (r + 4) * inputs],
                gradient,
            )
            r += 4
        while r < b:
            add(dy[r * outputs + j], x[r * inputs : (r + 1) * inputs], gradient)
            r += 1
        if plain:
            add(pace, gradient, line)
        else:
            step(rules, memory, p, start + j * inputs, start + (j + 1) * inputs, gradient, rate, grow)
