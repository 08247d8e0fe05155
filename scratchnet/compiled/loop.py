"""Stretches of steps, and outputs of whole splits, in one call."""

from scratchnet.compiled import ahead, operations, panel_steps
from scratchnet.compiled.activations import drop
from scratchnet.compiled.elementwise import kept_factor
from scratchnet.compiled.gathering import gather, upcoming
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.losses import (
    BINARY_CROSS_ENTROPY,
    CROSS_ENTROPY,
    HUBER,
    binary_cross_entropy,
    cross_entropy,
    huber,
    mixed_cross_entropy,
    squared_error,
)
from scratchnet.compiled.parts import part
from scratchnet.compiled.prefetching import fetch
from scratchnet.compiled.stepping import growth, step, unscale
from scratchnet.compiled.tables import (
    AHEAD,
    BATCH,
    BLOCK,
    CODE,
    DELTA_PLACE,
    ELEMENTWISE,
    INNER,
    INPUT_PLACE,
    INPUT_STRIDE,
    INPUTS,
    NOISE,
    NOISES,
    OUTER,
    OUTPUT,
    OUTPUT_PLACE,
    PIECE,
    VECTORS,
)
from scratchnet.compiled.vectors import copy, divide, fill, rescale


@compiled(AS_WRITTEN, entry=True)
def train(program, memory, rules, data, noise, rates, count, gemm, losses):
    """A step on each BATCH rows of data.order with rates (steps,); `count` steps were done before. losses (steps,)."""
    size, block, o = program.sizes[BATCH], program.sizes[BLOCK], program.sizes[AHEAD]
    steps, rows = len(rates), len(data.order)
    stepping, single = panel_steps.is_stepping(program, rules), ahead.is_single(program, o)
    moving = rules.momentum != 0 and not stepping
    if o >= 0:
        ahead.begin(program, memory, o)
    if stepping:
        panel_steps.begin(program, memory, o)
    for begin in range(0, steps, block):
        end = min(begin + block, steps)
        first, stop = begin * size, min(end * size, rows)
        if o >= 0:
            inputs, stride = ahead.rooms(program, memory, o)[0], program.sizes[INPUT_STRIDE]
            gather(data, first, stop - first, inputs, stride)
            drop_inputs(program, o, begin, end, rows, noise, inputs, stride)
            ahead.open_block(program, memory, gemm, o, stop - first, moving)
        for t in range(begin, end):
            b = min(size, rows - t * size)
            if o >= 0 and not single:
                ahead.look(program, memory, o, t - begin, b)
            losses[t] = take_step(
                program, memory, rules, data, noise, rates[t], growth(rules, count + t + 1), gemm, t, b
            )
            if o >= 0:
                ahead.remember(program, memory, rules, o, t - begin, b, rates[t], single)
        if o >= 0:
            ahead.close_block(program, memory, rules, gemm, o, stop - first, rates[end - 1], growth(rules, count + end))
    if o >= 0:
        ahead.end(program, memory, o)
    if stepping:
        panel_steps.end(program, memory, o)
    for p in range(len(program.weights)):
        start = program.weights[p, 0]
        unscale(memory, p, start, start + program.weights[p, 1] * program.weights[p, 2], rules.carried[p])


@compiled(AS_WRITTEN, inlined=True)
def take_step(program, memory, rules, data, noise, rate, grow, gemm, t, b):
    """One step on b examples; -> their mean loss before it."""
    sizes, inputs = program.sizes, memory.work[program.sizes[INPUT_PLACE] :]
    start, o, vectors = t * sizes[BATCH], sizes[AHEAD] + 1, sizes[VECTORS]
    if vectors < len(program.weights):
        fill(memory.gradients.dtype.type(0), memory.gradients[program.weights[vectors, 0] :])
    loss = 0.0
    for done in range(0, b, sizes[PIECE]):
        n = min(sizes[PIECE], b - done)
        for i in range(len(program.operations) if sizes[NOISES] else 0):
            op = program.operations[i]
            if op[CODE] == ELEMENTWISE and op[NOISE] >= 0:  # a step's draws: (b, F) of each dropout in turn
                memory.starts[i] = start * sizes[NOISES] + op[NOISE] * b + done * op[OUTER] * op[INNER]
        if o == 0:
            gather(data, start + done, n, inputs, sizes[INPUTS])
        operations.forward(program, memory, gemm, o, n, noise)
        loss += total_loss(program, memory, rules, data, start + done, n, b)
        first, last = done == 0, done + n == b
        operations.backward(program, memory, rules, gemm, o, n, first, last, rate, grow, noise)
    for p in range(vectors, len(program.weights)):
        place, size = program.weights[p, 0], program.weights[p, 2]
        step(rules, memory, p, place, place + size, part(memory.gradients, place, size), rate, grow)
    return loss / b


@compiled(AS_WRITTEN, inlined=True)
def drop_inputs(program, o, begin, end, rows, noise, inputs, stride):
    """The dropout before the first product, of a block of steps."""
    size, wide = program.sizes[BATCH], program.sizes[INPUTS]
    for i in range(o):
        keep, threshold = kept_factor(program, i, inputs)
        for t in range(begin, end):
            b = min(size, rows - t * size)
            start = t * size * program.sizes[NOISES] + program.operations[i, NOISE] * b
            for r in range(b):
                x = part(inputs, ((t - begin) * size + r) * stride, wide)
                drop(part(noise, start + r * wide, wide), threshold, keep, x)


@compiled(AS_WRITTEN, inlined=True)
def total_loss(program, memory, rules, data, start, n, batch):
    """-> the summed loss of n examples; the gradient of the mean over the batch where the program wants it."""
    outputs, total = program.sizes[OUTPUT], 0.0
    output, delta = memory.work[program.sizes[OUTPUT_PLACE] :], memory.work[program.sizes[DELTA_PLACE] :]
    number = memory.work.dtype.type
    for i in range(n):
        z, d, row = part(output, i * outputs, outputs), part(delta, i * outputs, outputs), data.order[start + i]
        later = upcoming(data, start + i)
        if len(data.targets):
            fetch(data.targets, later)
        else:
            fetch(data.labels, later)
        if rules.loss == CROSS_ENTROPY and len(data.targets):
            loss = mixed_cross_entropy(z, data.targets[row], number(rules.smoothing), rules.weights, d)
        elif rules.loss == CROSS_ENTROPY:
            label = data.labels[row]
            loss = cross_entropy(z, label, number(rules.smoothing), d)
            if len(rules.weights):
                loss *= rules.weights[label]
                rescale(number(rules.weights[label]), d)
        elif rules.loss == BINARY_CROSS_ENTROPY:
            loss = binary_cross_entropy(z, data.targets[row], number(rules.smoothing), rules.weights, d)
        elif rules.loss == HUBER:
            loss = huber(z, data.targets[row], number(rules.delta), d)
        else:
            loss = squared_error(z, data.targets[row], d)
        if len(data.weights):
            loss *= data.weights[row]
            rescale(number(data.weights[row]), d)
        total += loss
        if batch > 1:
            divide(d, number(batch))
    return total


@compiled(AS_WRITTEN, entry=True)
def predict(program, memory, data, gemm, outputs):
    """outputs (N, K) ← those of the rows of data.order, without noise."""
    sizes, noise = program.sizes, data.weights[:0]
    size, wide, o = sizes[PIECE], sizes[OUTPUT], sizes[AHEAD]
    inputs, output = memory.work[sizes[INPUT_PLACE] :], memory.work[sizes[OUTPUT_PLACE] :]
    stride = sizes[INPUTS]
    if o >= 0:
        inputs, stride = ahead.rooms(program, memory, o)[0], program.sizes[INPUT_STRIDE]
        ahead.begin(program, memory, o)
    for start in range(0, len(data.order), size):
        b = min(size, len(data.order) - start)
        gather(data, start, b, inputs, stride)
        if o >= 0:
            ahead.open_block(program, memory, gemm, o, b, False)
            if not ahead.is_single(program, o):
                ahead.look(program, memory, o, 0, b)
        operations.forward(program, memory, gemm, o + 1, b, noise)
        for i in range(b):
            copy(part(output, i * wide, wide), outputs[start + i])
