"""Looking ahead in stochastic gradient descent: the first weight rests for a block of steps.

A step on one example reads and writes the whole first weight for two operations a number: memory is what it waits
for. But the inputs of the next steps are known. With W₀ at the start of a block of steps, batches X_t and the deltas
δ_i = ∂ loss / ∂ (X_i W_i) that these steps will have, SGD's W_t is linear in W₀, in the velocity v₀ and in all δ_i:

    X_t W_t = a_t X_t W₀ + b_t X_t v₀ + Σ_{i<t} k_ti (X_t X_iᵀ) δ_i

with numbers a, b, k from the rates, decays and momentum alone: W_{t+1} = (1 − lr · decay) W_t − lr X_tᵀ δ_t without
momentum. So one product X W₀ (and X v₀) and one Gram matrix X Xᵀ a block give every pre-activation as soon as the
deltas before it are known, and W changes once a block, by Xᵀ δ. The same samples in the same order give the same
weights up to rounding.

Where the products are those of `scratchnet.compiled.panels`, a block may be a single step: there is nothing to look
ahead for, but the weight lies in panels. Such a step may be any optimizer's (`scratchnet.compiled.panel_steps`).
"""

from scratchnet.compiled import panels
from scratchnet.compiled.blas import multiply
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.panel_steps import is_stepping, step_in_panels
from scratchnet.compiled.parts import part
from scratchnet.compiled.products import matrix
from scratchnet.compiled.tables import (
    BATCH,
    BLOCK,
    DY,
    GRAM_PLACE,
    GRAM_STRIDE,
    INPUT_STRIDE,
    OUTPUT_STRIDE,
    OUTPUTS,
    PANEL_ROOM,
    TILED,
    WEIGHT,
    Y,
)
from scratchnet.compiled.vectors import add, add_four, copy, rescale, scaled
from scratchnet.compiled.velocity import close_moving, factors, step_back

_REGISTER = 8  # numbers


@compiled(AS_WRITTEN, inlined=True)
def rooms(program, memory, o):
    """-> inputs, Gram matrix, products with W₀ and v₀, deltas for W and v, each as a vector."""
    block, rows, gram = memory.block, program.sizes[BATCH] * program.sizes[BLOCK], program.sizes[GRAM_PLACE]
    _, columns, wide = strides(program)
    size, rest = 0 if is_single(program, o) else rows * wide, gram + rows * columns
    return (
        part(block, 0, gram),
        part(block, gram, rows * columns),
        part(block, rest, size),
        part(block, rest + size, size),
        part(block, rest + 2 * size, size),
        part(block, rest + 3 * size, size),
    )


@compiled(AS_WRITTEN, inlined=True)
def is_single(program, o):
    """Whether a block is one step, whose products and deltas can stay where the network has them."""
    return o >= 0 and program.sizes[BLOCK] == 1 and program.operations[o, OUTPUTS] == program.sizes[OUTPUT_STRIDE]


@compiled(AS_WRITTEN, inlined=True)
def strides(program):
    """-> how many numbers rows of the inputs, of the Gram matrix, and of products and deltas lie apart."""
    return program.sizes[INPUT_STRIDE], program.sizes[GRAM_STRIDE], program.sizes[OUTPUT_STRIDE]


@compiled(AS_WRITTEN, inlined=True)
def begin(program, memory, o):
    """Before the first block: the weight goes into panels where its products are tiled."""
    if program.sizes[TILED]:
        start, inputs, outputs, _ = matrix(program, program.operations[o, WEIGHT])
        panels.into_panels(memory.values[start:], inputs, outputs, program.sizes[OUTPUT_STRIDE], memory.panels)


@compiled(AS_WRITTEN, inlined=True)
def end(program, memory, o):
    """What `begin` undoes, after the last block."""
    if program.sizes[TILED]:
        start, inputs, outputs, _ = matrix(program, program.operations[o, WEIGHT])
        panels.out_of_panels(memory.panels, inputs, outputs, memory.values[start:])


@compiled(AS_WRITTEN, inlined=True)
def split(program, memory, inputs, wide):
    """-> the weight in panels, and room for a panel."""
    size = inputs * wide
    return part(memory.panels, 0, size), part(memory.panels, size, program.sizes[PANEL_ROOM])


@compiled(AS_WRITTEN, inlined=True)
def open_block(program, memory, gemm, o, rows, moving):
    """The products of a block of `rows` examples.

    memory.numbers ← a, b, c, e of W = a W₀ + b v₀ + Σ k_i x_iᵀ δ_i and v = c W₀ + e v₀ + Σ m_i x_iᵀ δ_i; then the k_i
    and m_i.
    """
    x, gram, base, base_velocity, _, _ = rooms(program, memory, o)
    stride, columns, wide = strides(program)
    if is_single(program, o):
        base = part(memory.work, program.operations[o, Y], rows * wide)
    p, batch = program.operations[o, WEIGHT], program.sizes[BATCH]
    start, inputs, outputs, _ = matrix(program, p)
    one = x.dtype.type(1)
    zero = one - one
    if program.sizes[TILED]:
        weight, room = split(program, memory, inputs, wide)
        panels.products(x, stride, rows, weight, inputs, wide, base)
        if is_single(program, o) and memory.scale[p] != 1:
            rescale(x.dtype.type(memory.scale[p]), base)
        if rows > batch:
            panels.products_of_steps(x, stride, rows, batch, inputs, gram, columns, room)
    else:
        weight = memory.values[start:]
        multiply(gemm, rows, outputs, inputs, one, x, False, stride, weight, False, outputs, zero, base, wide)
        first, count = gram_sizes(batch, rows)
        if count > 0:
            later, products = x[first * stride :], gram[first * columns :]
            lines = rows - first
            multiply(gemm, lines, count, inputs, one, later, False, stride, x, True, stride, zero, products, columns)
    if moving:
        weight = memory.first[start:]
        multiply(gemm, rows, outputs, inputs, one, x, False, stride, weight, False, outputs, zero, base_velocity, wide)
    numbers = memory.numbers
    numbers[0], numbers[1], numbers[2], numbers[3] = memory.scale[p], 0.0, 0.0, 1.0


@compiled(AS_WRITTEN, inlined=True)
def gram_sizes(batch, rows):
    """-> the first example that has a row in the Gram matrix, and for how many it has a column.

    Before the examples of the first step there are none, behind those of the last neither. In whole registers, for
    the library is slower without the last row than with it.
    """
    before_last = (rows - 1) // batch * batch
    return batch // _REGISTER * _REGISTER, min(-(-before_last // _REGISTER) * _REGISTER, rows)


@compiled(AS_WRITTEN, inlined=True)
def look(program, memory, o, t, b):
    """y ← x_t W_t of the b examples of step t in the block."""
    _, gram, base, base_velocity, deltas, _ = rooms(program, memory, o)
    _, columns, wide = strides(program)
    n, numbers, past = program.operations[o, OUTPUTS], memory.numbers, factors(program, memory)[0]
    start, number = t * program.sizes[BATCH], base.dtype.type
    y = memory.work[program.operations[o, Y] :]
    for r in range(b):
        z, row = part(y, r * n, n), start + r
        scaled(number(numbers[0]), part(base, row * wide, n), z)
        if numbers[1] != 0:
            add(number(numbers[1]), part(base_velocity, row * wide, n), z)
        products = part(gram, row * columns, start)
        i = 0
        while i + 4 <= start:
            add_four(
                number(past[i] * products[i]),
                number(past[i + 1] * products[i + 1]),
                number(past[i + 2] * products[i + 2]),
                number(past[i + 3] * products[i + 3]),
                z,
                part(deltas, i * wide, n),
                part(deltas, (i + 1) * wide, n),
                part(deltas, (i + 2) * wide, n),
                part(deltas, (i + 3) * wide, n),
            )
            i += 4
        while i < start:
            add(number(past[i] * products[i]), part(deltas, i * wide, n), z)
            i += 1


@compiled(AS_WRITTEN, inlined=True)
def remember(program, memory, rules, o, t, b, rate, single):
    """The deltas of step t, and the numbers a step further."""
    deltas = rooms(program, memory, o)[4]
    op, numbers = program.operations[o], memory.numbers
    p, n = op[WEIGHT], op[OUTPUTS]
    start, wide = t * program.sizes[BATCH], program.sizes[OUTPUT_STRIDE]
    for r in range(0 if single else b):
        copy(part(memory.work, op[DY] + r * n, n), part(deltas, (start + r) * wide, n))
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


@compiled(AS_WRITTEN, inlined=True)
def close_block(program, memory, rules, gemm, o, rows, rate, grow):
    """The steps of the block in one: the weight and its velocity move on. `rate` and `grow` are the last step's."""
    x, _, _, _, deltas, of_velocity = rooms(program, memory, o)
    stride, _, wide = strides(program)
    if is_single(program, o):
        deltas = part(memory.work, program.operations[o, DY], rows * wide)
    p = program.operations[o, WEIGHT]
    start, inputs, outputs, _ = matrix(program, p)
    if is_stepping(program, rules):
        step_in_panels(program, memory, rules, p, x, deltas, rows, rate, grow)
        return
    if rules.momentum != 0:
        close_moving(program, memory, rules, gemm, p, rows, x, deltas, of_velocity)
        return
    past, _ = factors(program, memory)
    number = x.dtype.type
    one, a = number(1), memory.numbers[0]
    in_scale = a >= 0.5
    if in_scale:
        rescale(1 / a, past[:rows])
    memory.scale[p] = a if in_scale else 1.0
    if program.sizes[TILED]:
        weight, room = split(program, memory, inputs, wide)
        if not in_scale:
            rescale(number(a), weight)
        panels.add_products(x, stride, rows, past, deltas, inputs, wide, weight, room)
        return
    for i in range(rows):
        rescale(number(past[i]), part(deltas, i * wide, outputs))
    weight = memory.values[start : start + inputs * outputs]
    beta = one if in_scale else number(a)
    multiply(gemm, inputs, outputs, rows, one, x, True, stride, deltas, False, wide, beta, weight, outputs)
