"""A bias, an activation and a dropout in one pass each way; each may be missing.

Rows are b · OUTER of INNER numbers with a bias a number, or, `ACROSS` patches, OUTER of b · INNER with a bias a row.
"""

import numpy as np

from scratchnet.compiled.activations import (
    GELU,
    IDENTITY,
    activate,
    drop,
    times_derivative,
)
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.parts import part
from scratchnet.compiled.tables import ACROSS, ADDED, BIAS, DX, DY, INNER, KEPT, KIND, NOISE, OUTER, WANTED, X, Y
from scratchnet.compiled.vectors import add, copy, shift, total

_CHUNK = 2048  # numbers of a row at a time: what stays in the nearest cache


@compiled(AS_WRITTEN, inlined=True)
def forward(program, memory, o, b, noise, noise_start):
    """z ← x + b in place, kept ← f(z) (not of GELU), y ← f(z) · keep; an empty noise keeps all."""
    op, slope = program.operations[o], memory.values.dtype.type(program.reals[o, 0])
    rows, wide = (op[OUTER], b * op[INNER]) if op[ACROSS] else (b * op[OUTER], op[INNER])
    work, values, one = memory.work, memory.values, memory.values.dtype.type(1)
    bias = program.weights[op[BIAS], 0] if op[BIAS] >= 0 else -1
    after = op[X] if op[KIND] == IDENTITY else op[Y] if op[KIND] == GELU else op[KEPT]
    dropping = op[NOISE] >= 0 and len(noise) > 0
    keep, threshold = kept_factor(program, o, memory.values) if dropping else (one, np.float32(0))
    pieces = -(-wide // _CHUNK)
    for piece in range(rows * pieces):
        r, start, place, size = within(piece, pieces, wide)
        z = part(work, op[X] + place, size)
        if bias >= 0 and op[ACROSS]:
            shift(values[bias + r], z)
        elif bias >= 0:
            add(one, part(values, bias + start, size), z)
        f = part(work, after + place, size)
        if after != op[X]:
            copy(z, f)
        if op[KIND] != IDENTITY:
            activate(op[KIND], slope, f)
        y = part(work, op[Y] + place, size)
        if after != op[Y]:
            copy(f, y)
        if dropping:
            drop(part(noise, noise_start + place, size), threshold, keep, y)


@compiled(AS_WRITTEN, inlined=True)
def backward(program, memory, o, b, noise, noise_start):
    """dx ← dy · keep · f'(z), and the gradient of the bias."""
    op, slope = program.operations[o], memory.values.dtype.type(program.reals[o, 0])
    rows, wide = (op[OUTER], b * op[INNER]) if op[ACROSS] else (b * op[OUTER], op[INNER])
    work, one = memory.work, memory.values.dtype.type(1)
    bias = program.weights[op[BIAS], 0] if op[BIAS] >= 0 else -1
    dropping = op[NOISE] >= 0 and len(noise) > 0
    keep, threshold = kept_factor(program, o, memory.values) if dropping else (one, np.float32(0))
    pieces = -(-wide // _CHUNK)
    for piece in range(rows * pieces):
        r, start, place, size = within(piece, pieces, wide)
        d = part(work, op[DY] + place, size)
        if dropping:
            drop(part(noise, noise_start + place, size), threshold, keep, d)
        if op[WANTED]:
            out = part(work, op[DX] + place, size)
            kept = part(work, op[KEPT] + place, size)
            if op[ADDED]:
                times_derivative(op[KIND], slope, kept, d)
                add(one, d, out)
            else:
                if op[DX] != op[DY]:
                    copy(d, out)
                if op[KIND] != IDENTITY:
                    times_derivative(op[KIND], slope, kept, out)
            if bias >= 0 and op[ACROSS]:
                memory.gradients[bias + r] += total(out)
            elif bias >= 0:
                add(one, out, part(memory.gradients, bias + start, size))


@compiled(AS_WRITTEN, inlined=True)
def within(piece, pieces, wide):
    """-> the row of a piece, where it begins in the row and in all, and how many numbers it has."""
    r, start = (piece, 0) if pieces == 1 else (piece // pieces, piece % pieces * _CHUNK)
    return r, start, r * wide + start, min(_CHUNK, wide - start)


@compiled(AS_WRITTEN, inlined=True)
def kept_factor(program, o, values):
    """-> 1 / (1 − p), and the least draw that is kept: p, rounded up to what a draw can be."""
    rate, number = program.reals[o, 1], values.dtype.type
    threshold = np.float32(rate)
    if threshold < rate:
        threshold = np.nextafter(threshold, np.float32(2))
    return number(1) / number(1 - rate), threshold
