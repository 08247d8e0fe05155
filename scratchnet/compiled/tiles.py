"""Products of matrices whose second lies in panels: tiles of the result in registers, of rows that follow each other.

A panel is PANEL bytes of each row of a matrix, row after row. A library multiplies matrices as they lie in memory, and
so copies them into panels at each call first; where a weight lies in panels while it trains, nothing is copied. A tile
of six rows and two vectors of 256 bits takes 12 of the 16 registers that x86 has, two the vectors of a row of the
panel, one a number of the first matrix: K. Goto and R. van de Geijn, "Anatomy of high-performance matrix
multiplication", ACM Transactions on Mathematical Software 34 (2008).
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.prefetching import ask_for

PANEL = 64  # bytes: a cache line
SLAB = 64  # examples that a gradient is summed over at a time: more rows than the nearest table of addresses holds
_VECTOR = 32  # bytes
_TERMS = 256  # of one sum: float32 rounds longer ones more than the sums of a library
_LATER = 4  # tiles: what is added to is asked for so long before

_Int, _Lane = ir.IntType(64), ir.IntType(32)


class _Emitter:
    """Loads and stores of numbers and vectors of one type at addresses."""

    def __init__(self, context: Any, builder: Any, kind: Any) -> None:
        self.builder, self.size = builder, kind.bitwidth // 8
        self.number = context.get_value_type(kind)
        self.lanes = _VECTOR // self.size
        self.vector = ir.VectorType(self.number, self.lanes)

    def at(self, address: Any, numbers: Any, stride: Any = None) -> Any:
        """The address so many numbers, or so many strides, further."""
        count = _Int(numbers) if isinstance(numbers, int) else numbers
        count = count if stride is None else self.builder.mul(count, stride)
        return self.builder.add(address, self.builder.mul(count, _Int(self.size)))

    def load(self, address: Any, kind: Any = None) -> Any:
        value = self.builder.load(self.builder.inttoptr(address, (kind or self.vector).as_pointer()))
        value.align = self.size
        return value

    def store(self, value: Any, address: Any) -> None:
        self.builder.store(value, self.builder.inttoptr(address, value.type.as_pointer())).align = self.size

    def fill(self, number: Any) -> Any:
        """A number in all lanes."""
        none = ir.Constant(self.vector, ir.Undefined)
        return self.shuffle(self.builder.insert_element(none, number, _Lane(0)), none, [0] * self.lanes)

    def shuffle(self, a: Any, b: Any, lanes: list[int]) -> Any:
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_Lane, self.lanes), lanes))

    def add_product(self, total: Any, a: Any, b: Any) -> Any:
        """total + a · b, rounded once where the processor can."""
        fused = ("contract",)
        return self.builder.fadd(total, self.builder.fmul(a, b, flags=fused), flags=fused)

    def repeat(self, count: Any, start: list[Any], step: Callable[..., list[Any]]) -> list[Any]:
        """values ← step(*values), `count` times, at least once; -> the last."""
        before, loop = self.builder.block, self.builder.append_basic_block("loop")
        self.builder.branch(loop)
        self.builder.position_at_end(loop)
        left, *values = (self.builder.phi(value.type) for value in [count, *start])
        rest, *last = self.builder.sub(left, _Int(1)), *step(*values)
        end = self.builder.append_basic_block("end")
        self.builder.cbranch(self.builder.icmp_signed(">", rest, _Int(0)), loop, end)
        for value, first, next_one in zip([left, *values], [count, *start], [rest, *last], strict=True):
            value.add_incoming(first, before)
            value.add_incoming(next_one, loop)
        self.builder.position_at_end(end)
        return last


def _tile(rows: int) -> Any:
    vectors = PANEL // _VECTOR

    @intrinsic
    def tile(typing, like, a, across, along, b, size, c, stride, added):
        """c (rows, PANEL) ← [c +] Σ_k a[r · across + k · along] · b[k], a sum over `size` rows of the panel b.

        Addresses, and strides in numbers of the type of `like`. The sum is complete before it is added.
        """

        def generate(context, builder, signature, arguments):
            _, a, across, along, b, size, c, stride, added = arguments
            emit = _Emitter(context, builder, like)
            zero = ir.Constant(emit.vector, [0.0] * emit.lanes)

            def step(a, b, *sums):
                row = [emit.load(emit.at(b, v * emit.lanes)) for v in range(vectors)]
                ask_for(builder, builder.add(a, _Int(PANEL)), 3)
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


@intrinsic
def _scale(typing, like, a, across, factors, b, along, rows):
    """What `_move` does, each row times its factor, of float64."""

    def generate(context, builder, signature, arguments):
        _, a, across, factors, b, along, rows = arguments
        emit = _Emitter(context, builder, like)
        given = _Emitter(context, builder, types.float64)

        def step(a, factors, b):
            factor = given.load(factors, given.number)
            factor = emit.fill(factor if like == types.float64 else builder.fptrunc(factor, emit.number))
            for place in range(0, PANEL // emit.size, emit.lanes):
                emit.store(builder.fmul(factor, emit.load(emit.at(a, place))), emit.at(b, place))
            return [emit.at(a, across), given.at(factors, 1), emit.at(b, along)]

        emit.repeat(rows, [a, factors, b], step)
        return context.get_dummy_value()

    return types.void(like, *[types.int64] * 6), generate


@intrinsic
def _move(typing, like, a, across, b, along, rows):
    """b ← a, PANEL bytes of each of one or more rows, which begin `across` and `along` numbers apart."""

    def generate(context, builder, signature, arguments):
        _, a, across, b, along, rows = arguments
        emit = _Emitter(context, builder, like)

        def step(a, b):
            places = range(0, PANEL // emit.size, emit.lanes)
            for place, value in [(place, emit.load(emit.at(a, place))) for place in places]:
                emit.store(value, emit.at(b, place))
            return [emit.at(a, across), emit.at(b, along)]

        emit.repeat(rows, [a, b], step)
        return context.get_dummy_value()

    return types.void(like, *[types.int64] * 5), generate


@intrinsic
def _turn(typing, like, a, across, b):
    """b ← aᵀ, as many rows of as many numbers as a vector has: a column of a becomes part of a row of the panel b."""

    def generate(context, builder, signature, arguments):
        _, a, across, b = arguments
        emit = _Emitter(context, builder, like)
        lanes = emit.lanes
        rows = [emit.load(emit.at(a, r, across)) for r in range(lanes)]
        bit = lanes // 2
        while bit:  # a bit of the number of the row changes places with that of the lane
            low = [i if not i & bit else i - bit + lanes for i in range(lanes)]
            high = [i + bit if not i & bit else i + lanes for i in range(lanes)]
            for r in range(lanes):
                if not r & bit:
                    x, y = rows[r], rows[r + bit]
                    rows[r], rows[r + bit] = emit.shuffle(x, y, low), emit.shuffle(x, y, high)
            bit //= 2
        for r, row in enumerate(rows):
            emit.store(row, emit.at(b, r * (PANEL // emit.size)))
        return context.get_dummy_value()

    return types.void(like, *[types.int64] * 3), generate


@compiled(AS_WRITTEN, inlined=True)
def panel_width(vector):
    """-> numbers of a row of a panel."""
    return PANEL // vector.itemsize


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


@compiled(AS_WRITTEN)
def move_rows(a, across, b, along, rows):
    """b ← a, the first PANEL bytes of rows that begin `across` and `along` numbers apart."""
    _move(a.dtype.type(0), a.ctypes.data, across, b.ctypes.data, along, rows)


@compiled(AS_WRITTEN)
def scale_rows(a, across, factors, b, along, rows):
    """What `move_rows` does, each row times its factor."""
    _scale(a.dtype.type(0), a.ctypes.data, across, factors.ctypes.data, b.ctypes.data, along, rows)


@compiled(AS_WRITTEN)
def turn_rows(a, across, size, panel):
    """panel ← aᵀ of as many rows as a panel is wide, `across` numbers apart; its rows in whole vectors from `size`."""
    wide, number = panel_width(a), a.itemsize
    lanes = _VECTOR // number
    for k in range(0, size, lanes):
        for r in range(0, wide, lanes):
            source = a.ctypes.data + number * (r * across + k)
            _turn(a.dtype.type(0), source, across, panel.ctypes.data + number * (k * wide + r))
