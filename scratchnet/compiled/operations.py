"""A program's operations one after the other, forward and backward, on b examples of a batch."""

from scratchnet.compiled import elementwise, lines, products
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.norm import (
    normalize,
    normalize_across,
    normalize_across_back,
    normalize_back,
)
from scratchnet.compiled.parts import part
from scratchnet.compiled.tables import (
    ACROSS,
    ADD,
    ADDED,
    BIAS,
    CODE,
    CUT,
    DX,
    DY,
    ELEMENTWISE,
    FLATTEN,
    INNER,
    KEPT,
    MEAN,
    NOISE,
    NORM,
    OUTER,
    PRODUCT,
    WANTED,
    WEIGHT,
    X,
    Y,
)
from scratchnet.compiled.vectors import add, combine, divide, scaled, total


@compiled(AS_WRITTEN, inlined=True)
def forward(program, memory, gemm, begin, b, noise):
    """The operations from `begin` on."""
    work, values, one = memory.work, memory.values, memory.values.dtype.type(1)
    for o in range(begin, len(program.operations)):
        op = program.operations[o]
        if op[CODE] == PRODUCT and lines.is_looping(program, o, b):
            lines.forward(program, memory, o, b)
            continue
        if op[CODE] == PRODUCT:
            products.forward(program, memory, gemm, o, b)
            continue
        if op[CODE] == ELEMENTWISE:
            elementwise.forward(program, memory, o, b, noise, memory.starts[o])
            continue
        size = b * op[OUTER] * op[INNER]
        x = part(work, op[X], size)
        if op[CODE] == MEAN:
            mean(op, b, x, work[op[Y] :])
            continue
        y = part(work, op[Y], size)
        if op[CODE] == NORM:
            scale, shift = vector(program, values, op[WEIGHT]), vector(program, values, op[BIAS])
            moments, eps = part(work, op[KEPT], 2 * b * op[INNER if op[ACROSS] else OUTER]), program.reals[o, 0]
            if op[ACROSS]:
                normalize_across(x, scale, shift, eps, moments, y)
            else:
                normalize(x, scale, shift, eps, moments, y)
        elif op[CODE] == CUT:
            cut(program.pixels[op[NOISE] :], op, b, x, y, False)
        elif op[CODE] == FLATTEN:
            paste(program.pixels[op[NOISE] :], op, b, x, y, False)
        elif op[CODE] == ADD:
            combine(one, x, one, part(work, op[KEPT], size), y)


@compiled(AS_WRITTEN, inlined=True)
def backward(program, memory, rules, gemm, begin, b, first, last, rate, grow, noise):
    """Gradients back to the operation `begin`, and the steps of the weights on the way.

    `first` and `last`: whether these are the first and the last examples of the batch.
    """
    work, values, gradients, one = memory.work, memory.values, memory.gradients, memory.values.dtype.type(1)
    for o in range(len(program.operations) - 1, begin - 1, -1):
        op = program.operations[o]
        size = b * op[OUTER] * op[INNER]
        if op[CODE] == PRODUCT and lines.is_looping(program, o, b) and first and last:
            lines.backward(program, memory, rules, o, b, rate, grow)
            continue
        if op[CODE] == PRODUCT:
            products.backward(program, memory, rules, gemm, o, b, first, last, rate, grow)
            continue
        if op[CODE] == ELEMENTWISE:
            elementwise.backward(program, memory, o, b, noise, memory.starts[o])
            continue
        if op[CODE] == NORM:
            x, dx = part(work, op[X], size), part(work, op[DX], size if op[WANTED] else 0)
            dy, moments = part(work, op[DY], size), part(work, op[KEPT], 2 * b * op[INNER if op[ACROSS] else OUTER])
            scale, dscale = vector(program, values, op[WEIGHT]), vector(program, gradients, op[WEIGHT])
            dshift, added, wanted = vector(program, gradients, op[BIAS]), op[ADDED], op[WANTED]
            behind = op[KEPT] + len(moments)
            if op[ACROSS]:
                sums = part(work, behind, 2 * b * op[INNER])
                normalize_across_back(dy, x, moments, scale, dscale, dshift, wanted, added, dx, sums)
            else:
                normal = part(work, behind, op[INNER])
                normalize_back(dy, x, moments, scale, dscale, dshift, wanted, added, dx, normal)
            continue
        if not op[WANTED]:
            continue
        dx = part(work, op[DX], size)
        if op[CODE] == CUT:
            paste(program.pixels[op[NOISE] :], op, b, part(work, op[DY], size), dx, op[ADDED] != 0)
        elif op[CODE] == FLATTEN:
            cut(program.pixels[op[NOISE] :], op, b, part(work, op[DY], size), dx, op[ADDED] != 0)
        elif op[CODE] == MEAN:
            mean_back(op, b, work[op[DY] :], dx)
        elif op[CODE] == ADD:
            dy = part(work, op[DY], size)
            if op[ADDED]:
                add(one, dy, dx)
            elif op[DX] != op[DY]:
                scaled(one, dy, dx)
            if op[X] == op[KEPT]:  # x + x
                add(one, dy, dx)


@compiled(AS_WRITTEN, inlined=True)
def vector(program, flat, p):
    """A scale or a shift, or its gradient."""
    return part(flat, program.weights[p, 0], program.weights[p, 2])


@compiled(AS_WRITTEN, disjoint=True)
def cut(pixels, op, b, x, y, added):
    """y (P, b, F) ← x (b, P · F), patch by patch; pixels (P · F) say what each patch holds.

    `added`: to what is there.
    """
    patches, features = op[OUTER], op[INNER]
    for p in range(patches):
        chosen = pixels[p * features : (p + 1) * features]
        for i in range(b):
            source = x[i * patches * features : (i + 1) * patches * features]
            row = y[(p * b + i) * features : (p * b + i + 1) * features]
            for k in range(features):
                row[k] = row[k] + source[chosen[k]] if added else source[chosen[k]]


@compiled(AS_WRITTEN, disjoint=True)
def paste(pixels, op, b, x, y, added):
    """y (b, P · F) ← x (P, b, F): what `cut` undoes and is undone by."""
    patches, features = op[OUTER], op[INNER]
    for p in range(patches):
        chosen = pixels[p * features : (p + 1) * features]
        for i in range(b):
            out = y[i * patches * features : (i + 1) * patches * features]
            row = x[(p * b + i) * features : (p * b + i + 1) * features]
            for k in range(features):
                out[chosen[k]] = out[chosen[k]] + row[k] if added else row[k]


@compiled(AS_WRITTEN, inlined=True)
def mean(op, b, x, y):
    """y (b, F) ← the mean of x (P, b, F) over P; `ACROSS` y (b, P) ← that over F."""
    number, outer, inner = x.dtype.type, op[OUTER], op[INNER]
    one, size = number(1), b * inner
    if op[ACROSS]:
        for p in range(outer):
            for i in range(b):
                row = x[(p * b + i) * inner : (p * b + i + 1) * inner]
                y[i * outer + p] = total(row) / number(inner)
        return
    out = y[:size]
    scaled(one, x[:size], out)
    for p in range(1, outer):
        add(one, x[p * size : (p + 1) * size], out)
    divide(out, number(outer))


@compiled(AS_WRITTEN, inlined=True)
def mean_back(op, b, dy, dx):
    """dx ← dy / P for every patch."""
    number, outer, inner, added = dx.dtype.type, op[OUTER], op[INNER], op[ADDED]
    size = b * inner
    for p in range(outer):
        for i in range(b):
            row = dx[p * size + i * inner : p * size + (i + 1) * inner]
            for k in range(inner):
                share = dy[i * outer + p] / number(inner) if op[ACROSS] else dy[i * inner + k] / number(outer)
                row[k] = row[k] + share if added else share
