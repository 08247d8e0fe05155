"""Products of the first linear layer where its weight lies in panels, see `scratchnet.compiled.tiles`.

Rows of inputs begin an odd number of cache lines apart: lines of a column would else crowd into a part of the cache.
Products and deltas have rows of whole panels, of which the last has numbers that nobody reads.
"""

from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.panel_rows import move_rows, panel_width, scale_rows, turn_rows
from scratchnet.compiled.parts import part
from scratchnet.compiled.tiles import SLAB, multiply_panel


@compiled(AS_WRITTEN, inlined=True)
def into_panels(weight, inputs, outputs, wide, panels):
    """panels ← weight (inputs, outputs), with zeros up to `wide` columns."""
    panel = panel_width(weight)
    for j in range(0, wide, panel):
        columns, there = min(panel, outputs - j), part(panels, j * inputs, panel * inputs)
        if columns == panel:
            move_rows(part(weight, j, span(inputs, outputs, panel)), outputs, there, panel, inputs)
            continue
        for i in range(inputs):
            for k in range(panel):
                there[i * panel + k] = weight[i * outputs + j + k] if k < columns else 0


@compiled(AS_WRITTEN, inlined=True)
def out_of_panels(panels, inputs, outputs, weight):
    """What `into_panels` undoes."""
    panel = panel_width(weight)
    for j in range(0, outputs, panel):
        columns, here = min(panel, outputs - j), part(panels, j * inputs, panel * inputs)
        if columns == panel:
            move_rows(here, panel, part(weight, j, span(inputs, outputs, panel)), outputs, inputs)
            continue
        for i in range(inputs):
            for k in range(columns):
                weight[i * outputs + j + k] = here[i * panel + k]


@compiled(AS_WRITTEN, inlined=True)
def products(x, stride, rows, panels, inputs, wide, y):
    """y (rows, wide) ← x W."""
    panel = panel_width(x)
    for j in range(0, wide, panel):
        weight, out = part(panels, j * inputs, panel * inputs), part(y, j, span(rows, wide, panel))
        multiply_panel(part(x, 0, rows * stride), stride, 1, weight, inputs, out, wide, rows, False)


@compiled(AS_WRITTEN, inlined=True)
def add_products(x, stride, rows, factors, deltas, inputs, wide, panels, room):
    """W += Σ_r factors[r] · x[r]ᵀ deltas[r]."""
    panel = panel_width(x)
    for begin in range(0, rows, SLAB):
        count = min(SLAB, rows - begin)
        columns, scaled = part(x, begin * stride, count * stride), part(room, 0, count * panel)
        for j in range(0, wide, panel):
            scale_rows(
                part(deltas, begin * wide + j, span(count, wide, panel)), wide, factors[begin:], scaled, panel, count
            )
            weight = part(panels, j * inputs, panel * inputs)
            multiply_panel(columns, 1, stride, scaled, count, weight, panel, inputs, True)


@compiled(AS_WRITTEN, inlined=True)
def products_of_steps(x, stride, rows, batch, inputs, gram, wide, room):
    """gram (rows, wide) ← x xᵀ, each row as far as the steps before that of its example, of `batch` examples each."""
    panel = panel_width(x)
    for j in range(0, rows, panel):
        first = (j // batch + 1) * batch
        if first >= rows:
            break
        later, count = part(x, first * stride, (rows - first) * stride), rows - first
        turn_rows(part(x, j * stride, panel * stride), stride, inputs, room)
        out = part(gram, first * wide + j, span(count, wide, panel))
        multiply_panel(later, stride, 1, room, inputs, out, wide, count, False)


@compiled(AS_WRITTEN)
def span(rows, stride, panel):
    """-> from the first number of a panel's width of rows to the last, `stride` numbers apart."""
    return (rows - 1) * stride + panel
