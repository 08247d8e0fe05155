"""Looking ahead with momentum: the velocity rests beside the first weight, see `scratchnet.compiled.ahead`."""

from scratchnet.compiled.blas import multiply
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.parts import part
from scratchnet.compiled.products import matrix
from scratchnet.compiled.stepping import subtract
from scratchnet.compiled.tables import BATCH, BLOCK, INPUT_STRIDE, OUTPUT_STRIDE
from scratchnet.compiled.vectors import add, copy, rescale, scaled

_SLAB = 2**14  # numbers of the weight at a time


@compiled(AS_WRITTEN, inlined=True)
def factors(program, memory):
    """-> k and m of the examples of the block, (rows,) each."""
    rows = program.sizes[BATCH] * program.sizes[BLOCK]
    return memory.numbers[4 : 4 + rows], memory.numbers[4 + rows :]


@compiled(AS_WRITTEN, disjoint=True)
def step_back(kept, pull, l2, momentum, past, past_velocity):
    """The shares that earlier deltas have in W and v, a step later."""
    for i in range(len(past)):
        k, m = past[i], past_velocity[i]
        past[i], past_velocity[i] = kept * k + pull * m, l2 * k + momentum * m


@compiled(AS_WRITTEN, inlined=True)
def close_moving(program, memory, rules, gemm, p, rows, x, deltas, of_velocity):
    """W ← a W + b v + Σ k_i x_iᵀ δ_i and v ← c W + e v + Σ m_i x_iᵀ δ_i, in slabs that stay in the cache."""
    start, inputs, outputs, _ = matrix(program, p)
    stride, wide = program.sizes[INPUT_STRIDE], program.sizes[OUTPUT_STRIDE]
    past, past_velocity = factors(program, memory)
    number, a, b, c, e = x.dtype.type, memory.numbers[0], memory.numbers[1], memory.numbers[2], memory.numbers[3]
    for i in range(rows):
        delta = part(deltas, i * wide, outputs)
        scaled(number(past_velocity[i]), delta, part(of_velocity, i * wide, outputs))
        rescale(number(past[i]), delta)
    one, slab = number(1), max(_SLAB // outputs, 16)
    whole = a < 0.5  # far from 1, W₀ is not what changes but what shrinks
    weight_in_weight, velocity_in_weight = number(a if whole else a - 1), number(b)
    weight_in_velocity, velocity_in_velocity = number(c), number(e)
    for begin in range(0, inputs, slab):
        lines = min(slab, inputs - begin)
        place = slice(start + begin * outputs, start + (begin + lines) * outputs)
        change, values, velocity = memory.gradients[place], memory.values[place], memory.first[place]
        for k in range(len(change)):
            change[k] = weight_in_weight * values[k] + velocity_in_weight * velocity[k]
            velocity[k] = velocity_in_velocity * velocity[k] + weight_in_velocity * values[k]
        columns = x[begin:]
        multiply(gemm, lines, outputs, rows, one, columns, True, stride, deltas, False, wide, one, change, outputs)
        multiply(
            gemm, lines, outputs, rows, one, columns, True, stride, of_velocity, False, wide, one, velocity, outputs
        )
        if whole:
            copy(change, values)
        elif rules.carried[p]:
            subtract(-one, change, number(0), values, memory.carry[place])
        else:
            add(one, change, values)
