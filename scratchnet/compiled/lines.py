"""A linear layer's products for a few examples, and the step of its weight: loops, where calls would cost more.

A weight lies in memory along its longer axis, (I, O) or, `turned`, (O, I), and every inner loop runs along a line of
it, which is read once to pass the gradient on and to change.
"""

from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.parts import part
from scratchnet.compiled.products import decayed, matrix
from scratchnet.compiled.stepping import step
from scratchnet.compiled.tables import ACROSS, ADDED, DX, DY, OUTER, SGD, WANTED, WEIGHT, X, Y
from scratchnet.compiled.vectors import (
    add,
    add_four,
    dot,
    dot_four,
    fill,
    four,
    pass_four,
    pass_four_back,
    rescale,
    scaled,
)

LARGEST_BATCH = 6  # examples


@compiled(AS_WRITTEN, inlined=True)
def is_looping(program, o, b):
    """Whether the products of b examples are cheaper than calls."""
    op = program.operations[o]
    return b <= LARGEST_BATCH and op[OUTER] == 1 and not op[ACROSS]


@compiled(AS_WRITTEN, inlined=True)
def forward(program, memory, o, b):
    """y ← scale · x W."""
    op = program.operations[o]
    p = op[WEIGHT]
    start, inputs, outputs, turned = matrix(program, p)
    x, y = part(memory.work, op[X], b * inputs), part(memory.work, op[Y], b * outputs)
    scale = memory.values.dtype.type(memory.scale[p])
    count, size = (outputs, inputs) if turned else (inputs, outputs)
    fours = count // 4 * 4
    if not turned:
        fill(scale - scale, y)
    for j in range(0, fours, 4):
        lines = four(memory.values, start + j * size, size)
        for r in range(b):
            k = r * count + j
            if turned:
                z0, z1, z2, z3 = dot_four(part(x, r * size, size), *lines)
                y[k], y[k + 1], y[k + 2], y[k + 3] = scale * z0, scale * z1, scale * z2, scale * z3
            else:
                out = part(y, r * size, size)
                add_four(scale * x[k], scale * x[k + 1], scale * x[k + 2], scale * x[k + 3], out, *lines)
    for j in range(fours, count):
        line = part(memory.values, start + j * size, size)
        for r in range(b):
            if turned:
                y[r * count + j] = scale * dot(line, part(x, r * size, size))
            else:
                add(scale * x[r * count + j], line, part(y, r * size, size))


@compiled(AS_WRITTEN, inlined=True)
def backward(program, memory, rules, o, b, rate, grow):
    """dx ← scale · dy Wᵀ, and a step of W."""
    op = program.operations[o]
    p = op[WEIGHT]
    start, inputs, outputs, turned = matrix(program, p)
    x, dx = part(memory.work, op[X], b * inputs), part(memory.work, op[DX], b * inputs)
    dy = part(memory.work, op[DY], b * outputs)
    number = memory.values.dtype.type
    wanted, plain = op[WANTED], rules.optimizer == SGD and rules.momentum == 0
    scale, factor, pace = number(memory.scale[p]), number(1), number(1)
    if wanted and not op[ADDED]:
        fill(number(0), dx)
    if plain:
        multiplied, memory.scale[p] = decayed(memory, rules, p, rate)
        factor, pace = number(multiplied), number(-rate / memory.scale[p])
    # The gradient of line j is the sum over examples of across[j] · along.
    count, size, across, along = (outputs, inputs, dy, x) if turned else (inputs, outputs, x, dy)
    fours = count // 4 * 4 if plain and wanted and b == 1 and factor == 1 else 0
    for j in range(fours - 4, -1, -4):  # backwards: what was read last, forward, is still in a cache
        lines = four(memory.values, start + j * size, size)
        a0, a1, a2, a3 = across[j], across[j + 1], across[j + 2], across[j + 3]
        p0, p1, p2, p3 = pace * a0, pace * a1, pace * a2, pace * a3
        if turned:
            pass_four(scale * a0, scale * a1, scale * a2, scale * a3, p0, p1, p2, p3, along, dx, *lines)
        else:
            z0, z1, z2, z3 = pass_four_back(p0, p1, p2, p3, along, *lines)
            dx[j] += scale * z0
            dx[j + 1] += scale * z1
            dx[j + 2] += scale * z2
            dx[j + 3] += scale * z3
    if plain and b == 1:  # a loop of its own: one that holds the steps of all optimizers counts for each of them
        for j in range(fours, count):
            line = part(memory.values, start + j * size, size)
            if wanted:
                pass_back(scale, across, j, count, line, turned, along, b, dx)
            if factor != 1:
                rescale(factor, line)
            add(pace * across[j], along, line)
        return
    for j in range(count):
        line, gradient = part(memory.values, start + j * size, size), part(memory.gradients, start + j * size, size)
        if wanted:
            pass_back(scale, across, j, count, line, turned, along, b, dx)
        gradient_of_line(across, j, count, along, b, gradient)
        if plain and factor != 1:
            rescale(factor, line)
        if plain:
            add(pace, gradient, line)
        else:
            step(rules, memory, p, start + j * size, start + (j + 1) * size, gradient, rate, grow)


@compiled(AS_WRITTEN, inlined=True)
def pass_back(scale, across, j, count, line, turned, along, b, dx):
    """dx += what line j passes back to each of b examples."""
    size = len(line)
    for r in range(b):
        if turned:
            add(scale * across[r * count + j], line, part(dx, r * size, size))
        else:
            dx[r * count + j] += scale * dot(line, part(along, r * size, size))


@compiled(AS_WRITTEN, inlined=True)
def gradient_of_line(across, j, count, along, b, gradient):
    """gradient ← that of line j, the sum over b examples."""
    size = len(gradient)
    scaled(across[j], part(along, 0, size), gradient)
    r = 1
    while r + 4 <= b:
        k = r * count + j
        a0, a1, a2, a3 = across[k], across[k + count], across[k + 2 * count], across[k + 3 * count]
        add_four(a0, a1, a2, a3, gradient, *four(along, r * size, size))
        r += 4
    while r < b:
        add(across[r * count + j], part(along, r * size, size), gradient)
        r += 1
