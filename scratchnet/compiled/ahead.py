"""Looking ahead in stochastic gradient descent: the first weight rests for a block of steps.

A step on one example reads and writes the whole first weight for two operations a number: memory is what it waits
for. But the inputs of the next steps are known. With W₀ at the start of a block of steps, batches X_t and the deltas
δ_i = ∂ loss / ∂ (X_i W_i) that these steps will have, SGD's W_t is linear in W₀, in the velocity v₀ and in all δ_i:

    X_t W_t = a_t X_t W₀ + b_t X_t v₀ + Σ_{i<t} k_ti (X_t X_iᵀ) δ_i

with numbers a, b, k from the rates, decays and momentum alone: W_{t+1} = (1 − lr · decay) W_t − lr X_tᵀ δ_t without
momentum. So one product X W₀ (and X v₀) and one Gram matrix X Xᵀ a block give every pre-activation as soon as the
deltas before it are known, and W changes once a block, by Xᵀ δ. The same samples in the same order give the same
weights up to rounding.
"""

from scratchnet.compiled.blas import multiply
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.parts import part
from scratchnet.compiled.products import matrix
from scratchnet.compiled.stepping import subtract
from scratchnet.compiled.tables import BATCH, BLOCK, DY, INPUTS, OUTPUTS, WEIGHT, Y
from scratchnet.compiled.vectors import add, add_four, copy, four, rescale, scaled

_SLAB = 2**14  # numbers of the weight at a time
_REGISTER = 8  # numbers


@compiled(AS_WRITTEN, inlined=True)
def rooms(program, memory, o):
    """-> views of memory.block: inputs, Gram matrix, products with W₀ and v₀, deltas for W and v."""
    rows = program.sizes[BATCH] * program.sizes[BLOCK]
    inputs, wide = aligned(rows * program.sizes[INPUTS]), aligned(rows * program.operations[o, OUTPUTS])
    x, rest = memory.block[:inputs], memory.block[inputs:]
    gram, rest = rest[: aligned(rows * rows)], rest[aligned(rows * rows) :]
    return x, gram, rest[:wide], rest[wide : 2 * wide], rest[2 * wide : 3 * wide], rest[3 * wide : 4 * wide]


@compiled(AS_WRITTEN)
def aligned(numbers):
    """The next multiple of what vector registers and the library's fastest paths ask for."""
    return -(-numbers // 16) * 16


@compiled(AS_WRITTEN, inlined=True)
def gram_sizes(program, rows):
    """-> the first example that has a row in the Gram matrix, and for how many it has a column.

    Before the examples of the first step there are none, behind those of the last neither. In whole registers, for
    the library is slower without the last row than with it.
    """
    size = program.sizes[BATCH]
    before_last = (rows - 1) // size * size
    return size // _REGISTER * _REGISTER, min(-(-before_last // _REGISTER) * _REGISTER, rows)


@compiled(AS_WRITTEN, inlined=True)
def open_block(program, memory, gemm, o, rows, moving):
    """The products of a block of `rows` examples.

    memory.numbers ← a, b, c, e of W = a W₀ + b v₀ + Σ k_i x_iᵀ δ_i and v = c W₀ + e v₀ + Σ m_i x_iᵀ δ_i; then the k_i
    and m_i.
    """
    x, gram, base, base_velocity, _, _ = rooms(program, memory, o)
    p = program.operations[o, WEIGHT]
    start, inputs, outputs, _ = matrix(program, p)
    one = x.dtype.type(1)
    zero = one - one
    weight = memory.values[start:]
    multiply(gemm, rows, outputs, inputs, one, x, False, inputs, weight, False, outputs, zero, base, outputs)
    first, columns = gram_sizes(program, rows)
    if columns > 0:
        later, lines = x[first * inputs :], rows - first
        multiply(gemm, lines, columns, inputs, one, later, False, inputs, x, True, inputs, zero, gram, columns)
    if moving:
        velocity = memory.first[start:]
        multiply(
            gemm, rows, outputs, inputs, one, x, False, inputs, velocity, False, outputs, zero, base_velocity, outputs
        )
    numbers = memory.numbers
    numbers[0], numbers[1], numbers[2], numbers[3] = memory.scale[p], 0.0, 0.0, 1.0


@compiled(AS_WRITTEN, inlined=True)
def factors(program, memory):
    """-> k and m of the examples of the block, (rows,) each."""
    rows = program.sizes[BATCH] * program.sizes[BLOCK]
    return memory.numbers[4 : 4 + rows], memory.numbers[4 + rows :]


@compiled(AS_WRITTEN, inlined=True)
def look(program, memory, o, rows, t, b):
    """y ← x_t W_t of the b examples of step t in the block of `rows`."""
    _, gram, base, base_velocity, deltas, _ = rooms(program, memory, o)
    n, numbers, past = program.operations[o, OUTPUTS], memory.numbers, factors(program, memory)[0]
    start, number = t * program.sizes[BATCH], base.dtype.type
    first, columns = gram_sizes(program, rows)
    y = memory.work[program.operations[o, Y] :]
    for r in range(b):
        z, row = part(y, r * n, n), start + r
        scaled(number(numbers[0]), part(base, row * n, n), z)
        if numbers[1] != 0:
            add(number(numbers[1]), part(base_velocity, row * n, n), z)
        products = part(gram, max(row - first, 0) * columns, start)
        i = 0
        while i + 4 <= start:
            add_four(
                number(past[i] * products[i]),
                number(past[i + 1] * products[i + 1]),
                number(past[i + 2] * products[i + 2]),
                number(past[i + 3] * products[i + 3]),
                z,
                *four(deltas, i * n, n),
            )
            i += 4
        while i < start:
            add(number(past[i] * products[i]), part(deltas, i * n, n), z)
            i += 1


@compiled(AS_WRITTEN, inlined=True)
def remember(program, memory, rules, o, t, b, rate):
    """The deltas of step t, and the numbers a step further."""
    deltas = rooms(program, memory, o)[4]
    op, numbers = program.operations[o], memory.numbers
    p, n = op[WEIGHT], op[OUTPUTS]
    start = t * program.sizes[BATCH]
    copy(part(memory.work, op[DY], b * n), part(deltas, start * n, b * n))
    l2, decay, momentum = rules.l2[p], rules.decay[p], rules.momentum
    ahead = 1 + momentum if rules.nesterov else 1.0
    kept = 1 - rate * (decay + ahead * l2)
    pull = -rate * (momentum * momentum if rules.nesterov else momentum)
    a, b0, c, e = numbers[0], numbers[1], numbers[2], numbers[3]
    numbers[0], numbers[2] = kept * a + pull * c, l2 * a + momentum * c
    numbers[1], numbers[3] = kept * b0 + pull * e, l2 * b0 + momentum * e
    past, past_velocity = factors(program, memory)
    if momentum != 0:
        step_back(kept, pull, l2, momentum, past[:start], past_velocity[:start])
    elif kept != 1:
        rescale(kept, past[:start])
    for r in range(start, start + b):
        past[r], past_velocity[r] = -rate * ahead, 1.0


@compiled(AS_WRITTEN, disjoint=True)
def step_back(kept, pull, l2, momentum, past, past_velocity):
    """The shares that earlier deltas have in W and v, a step later."""
    for i in range(len(past)):
        k, m = past[i], past_velocity[i]
        past[i], past_velocity[i] = kept * k + pull * m, l2 * k + momentum * m


@compiled(AS_WRITTEN, inlined=True)
def close_block(program, memory, rules, gemm, o, rows):
    """The steps of the block in one: the weight and its velocity move on."""
    x, _, _, _, deltas, of_velocity = rooms(program, memory, o)
    p = program.operations[o, WEIGHT]
    start, inputs, outputs, _ = matrix(program, p)
    number, numbers = x.dtype.type, memory.numbers
    past, past_velocity = factors(program, memory)
    one, a, b, c, e = number(1), numbers[0], numbers[1], numbers[2], numbers[3]
    moving = rules.momentum != 0
    in_scale = not moving and a >= 0.5
    for i in range(rows):
        delta = part(deltas, i * outputs, outputs)
        if moving:
            scaled(number(past_velocity[i]), delta, part(of_velocity, i * outputs, outputs))
        rescale(number(past[i] / a if in_scale else past[i]), delta)
    weight = memory.values[start : start + inputs * outputs]
    if not moving:
        beta = one if in_scale else number(a)
        multiply(gemm, inputs, outputs, rows, one, x, True, inputs, deltas, False, outputs, beta, weight, outputs)
        memory.scale[p] = a if in_scale else 1.0
        return
    slab = max(_SLAB // outputs, 16)
    for begin in range(0, inputs, slab):
        lines = min(slab, inputs - begin)
        place = slice(start + begin * outputs, start + (begin + lines) * outputs)
        change, values, velocity = memory.gradients[place], memory.values[place], memory.first[place]
        whole = a < 0.5  # far from 1, W₀ is not what changes but what shrinks
        own, of_old = number(a if whole else a - 1), number(b)
        kept, of_weight = number(e), number(c)
        for k in range(len(change)):
            change[k] = own * values[k] + of_old * velocity[k]
            velocity[k] = kept * velocity[k] + of_weight * values[k]
        columns = x[begin:]
        multiply(gemm, lines, outputs, rows, one, columns, True, inputs, deltas, False, outputs, one, change, outputs)
        multiply(
            gemm, lines, outputs, rows, one, columns, True, inputs, of_velocity, False, outputs, one, velocity, outputs
        )
        if whole:
            copy(change, values)
        elif rules.carried[p]:
            subtract(-one, change, number(0), values, memory.carry[place])
        else:
            add(one, change, values)
