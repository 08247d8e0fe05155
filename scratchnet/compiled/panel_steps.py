"""Steps with momentum, and of Adam, of a first weight that lies in panels with all that its optimizer knows of it.

An optimizer steps each number by itself, so what it does to a flat array it does to panels as well. Each panel steps
as soon as it has its gradient, which is then still in a cache.
"""

from scratchnet.compiled import panels
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.panel_rows import move_rows, panel_width
from scratchnet.compiled.parts import part
from scratchnet.compiled.products import matrix
from scratchnet.compiled.stepping import step
from scratchnet.compiled.tables import (
    ADAM,
    AHEAD,
    INPUT_STRIDE,
    OUTPUT_STRIDE,
    PANEL_ROOM,
    TILED,
    WEIGHT,
    Memory,
)
from scratchnet.compiled.tiles import SLAB, multiply_panel

STATES = 4  # beside the weight: what the optimizer knows, three at most, and the gradient


@compiled(AS_WRITTEN, inlined=True)
def is_stepping(program, rules):
    """Whether the first weight lies in panels and steps by more than its gradient."""
    return program.sizes[AHEAD] >= 0 and program.sizes[TILED] and (rules.optimizer == ADAM or rules.momentum != 0)


@compiled(AS_WRITTEN, inlined=True)
def in_panels(program, memory, inputs):
    """-> the memory of a program whose only weight is this one, in panels."""
    size, room = inputs * program.sizes[OUTPUT_STRIDE], program.sizes[PANEL_ROOM]
    place, all_panels = size + room, memory.panels
    return Memory(
        part(all_panels, 0, size),
        part(all_panels, place + 3 * size, size),
        part(all_panels, place, size if len(memory.first) else 0),
        part(all_panels, place + size, size if len(memory.second) else 0),
        part(all_panels, place + 2 * size, size if len(memory.carry) else 0),
        memory.scale,
        memory.work,
        part(all_panels, size, room),
        memory.panels,
        memory.numbers,
        memory.starts,
    )


@compiled(AS_WRITTEN, inlined=True)
def begin(program, memory, o):
    """What the optimizer knows of the weight goes into panels."""
    start, inputs, outputs, _ = matrix(program, program.operations[o, WEIGHT])
    there, wide = in_panels(program, memory, inputs), program.sizes[OUTPUT_STRIDE]
    if len(memory.first):
        panels.into_panels(memory.first[start:], inputs, outputs, wide, there.first)
    if len(memory.second):
        panels.into_panels(memory.second[start:], inputs, outputs, wide, there.second)
    if len(memory.carry):
        panels.into_panels(memory.carry[start:], inputs, outputs, wide, there.carry)


@compiled(AS_WRITTEN, inlined=True)
def end(program, memory, o):
    """What `begin` undoes."""
    start, inputs, outputs, _ = matrix(program, program.operations[o, WEIGHT])
    there = in_panels(program, memory, inputs)
    if len(memory.first):
        panels.out_of_panels(there.first, inputs, outputs, memory.first[start:])
    if len(memory.second):
        panels.out_of_panels(there.second, inputs, outputs, memory.second[start:])
    if len(memory.carry):
        panels.out_of_panels(there.carry, inputs, outputs, memory.carry[start:])


@compiled(AS_WRITTEN, inlined=True)
def step_in_panels(program, memory, rules, p, x, deltas, rows, rate, grow):
    """A step of the weight by its gradient Σ_r x[r]ᵀ deltas[r]."""
    inputs, wide, stride = program.weights[p, 1], program.sizes[OUTPUT_STRIDE], program.sizes[INPUT_STRIDE]
    there, panel = in_panels(program, memory, inputs), panel_width(x)
    size = panel * inputs
    for first in range(0, rows, SLAB):
        count = min(SLAB, rows - first)
        columns, slab = part(x, first * stride, count * stride), part(there.block, 0, count * panel)
        for j in range(0, wide, panel):
            place = j * inputs
            gradient = part(there.gradients, place if rows > SLAB else 0, size)
            move_rows(part(deltas, first * wide + j, panels.span(count, wide, panel)), wide, slab, panel, count)
            multiply_panel(columns, 1, stride, slab, count, gradient, panel, inputs, first > 0)
            if first + count == rows:
                step(rules, there, p, place, place + size, gradient, rate, grow)
