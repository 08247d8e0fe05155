"""Rows that go into panels, or out of them: copied, scaled or turned, see `scratchnet.compiled.tiles`."""

from numba import types
from numba.extending import intrinsic

from scratchnet.compiled.emitter import VECTOR, Emitter
from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.tables import PANEL


@compiled(AS_WRITTEN, inlined=True)
def panel_width(vector):
    """-> numbers of a row of a panel."""
    return PANEL // vector.itemsize


@intrinsic
def _scale(typing, like, a, across, factors, b, along, rows):
    """What `_move` does, each row times its factor, of float64."""

    def generate(context, builder, signature, arguments):
        _, a, across, factors, b, along, rows = arguments
        emit = Emitter(context, builder, like)
        given = Emitter(context, builder, types.float64)

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
        emit = Emitter(context, builder, like)

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
        emit = Emitter(context, builder, like)
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
    lanes = VECTOR // number
    for k in range(0, size, lanes):
        for r in range(0, wide, lanes):
            source = a.ctypes.data + number * (r * across + k)
            _turn(a.dtype.type(0), source, across, panel.ctypes.data + number * (k * wide + r))
