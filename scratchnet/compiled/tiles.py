"""Products of matrices whose second lies in panels: tiles of the result in registers, of rows that follow each other.

A panel is PANEL bytes of each row of a matrix, row after row. A library multiplies matrices as they lie in memory, and
so copies them into panels at each call first; where a weight lies in panels while it trains, nothing is copied. A tile
of six rows and two vectors of 256 bits takes 12 of the 16 registers that x86 has, two the vectors of a row of the
panel, one a number of the first matrix: K. Goto and R. van de Geijn, "Anatomy of high-performance matrix
multiplication", ACM Transactions on Mathematical Software 34 (2008).
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from scratchnet.compiled.emitter import INT, VECTOR, Emitter
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.prefetching import ask_for
from scratchnet.compiled.tables import PANEL

SLAB = 64  # examples that a gradient is summed over at a time: 128 were slower
_TERMS = 256  # of one sum: float32 rounds longer ones more than the sums of a library
_LATER = 4  # tiles: what is added to is asked for so long before


def _tile(rows: int) -> Any:
    vectors = PANEL // VECTOR

    @intrinsic
    def tile(typing, like, a, across, along, b, size, c, stride, added):
        """c (rows, PANEL) ← [c +] Σ_k a[r · across + k · along] · b[k], a sum over `size` rows of the panel b.

        Addresses, and strides in numbers of the type of `like`. The sum is complete before it is added.
        """

        def generate(context, builder, signature, arguments):
            _, a, across, along, b, size, c, stride, added = arguments
            emit = Emitter(context, builder, like)
            zero = ir.Constant(emit.vector, [0.0] * emit.lanes)

            def step(a, b, *sums):
                row = [emit.load(emit.at(b, v * emit.lanes)) for v in range(vectors)]
                ask_for(builder, builder.add(a, INT(PANEL)), 3)
                done = []
                for r in range(rows):
                    x = emit.fill(emit.load(emit.at(a, r, across), emit.number))
                    done += [emit.add_product(sums[r * vectors + v], x, row[v]) for v in range(vectors)]
                return [emit.at(a, along), emit.at(b, PANEL // emit.size), *done]

            for r in range(rows):
                ask_for(builder, emit.at(c, _LATER * rows + r, stride), 3)
            _, _, *sums = emit.repeat(size, [a, b, *[zero] * rows * vectors], step)
            places = [emit.at(emit.at(c, r, stride), v * emit.lanes) for r in range(rows) for v in range(vectors)]
            with builder.if_else(added) as (to_what_is_there, alone):
                with to_what_is_there:
                    for total, place in zip(sums, places, strict=True):
                        emit.store(builder.fadd(emit.load(place), total), place)
                with alone:
                    for total, place in zip(sums, places, strict=True):
                        emit.store(total, place)
            return context.get_dummy_value()

        long = types.int64
        return types.void(like, long, long, long, long, long, long, long, types.boolean), generate

    return tile


_six, _four, _two, _one = map(_tile, (6, 4, 2, 1))


@compiled(AS_WRITTEN)
def multiply_panel(a, across, along, panel, size, c, stride, rows, added):
    """c ← [c +] Σ_k a[r · across + k · along] · panel[k] for the rows r of c, `stride` numbers apart.

    a, panel and c are vectors that begin there; panel has `size` rows. A long sum is added up in parts of equal length.
    """
    like, number, length = a.dtype.type(0), a.itemsize, -(-size // -(-size // _TERMS))
    r = 0
    while r < rows:
        left = rows - r
        tile = 6 if left >= 6 else 4 if left >= 4 else 2 if left >= 2 else 1
        y = c.ctypes.data + number * r * stride
        for begin in range(0, size, length):
            x, b = a.ctypes.data + number * (r * across + begin * along), panel.ctypes.data + PANEL * begin
            terms, more = min(length, size - begin), added or begin > 0
            if tile == 6:
                _six(like, x, across, along, b, terms, y, stride, more)
            elif tile == 4:
                _four(like, x, across, along, b, terms, y, stride, more)
            elif tile == 2:
                _two(like, x, across, along, b, terms, y, stride, more)
            else:
                _one(like, x, across, along, b, terms, y, stride, more)
        r += tile
