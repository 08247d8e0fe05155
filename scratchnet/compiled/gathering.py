"""Batches from raw rows: see `scratchnet.examples`."""

from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.tables import BYTES, FLOATS


@compiled(AS_WRITTEN, inlined=True)
def gather(data, start, count, x):
    """x (count · I) ← (inputs − mean) / std of the rows data.order[start : start + count]."""
    for i in range(count):
        row = x[i * len(data.mean) : (i + 1) * len(data.mean)]
        place = data.order[start + i]
        if data.kind == BYTES:
            normalised(data.bytes[place], data.mean, data.std, data.inverse, row)
        elif data.kind == FLOATS:
            normalised(data.floats[place], data.mean, data.std, data.inverse, row)
        else:
            normalised(data.doubles[place], data.mean, data.std, data.inverse, row)


@compiled(AS_WRITTEN)
def normalised(source, mean, std, inverse, row):
    """row ← (source − mean) / std.

    With `inverse` a multiplication and a correction by what it leaves, which gives the quotient as rounded (P.
    Markstein, "Computation of elementary functions on the IBM RISC System/6000 processor", 1990) in half the time.
    """
    number = row.dtype.type
    if len(inverse):
        for k in range(len(row)):
            centred = number(source[k]) - mean[k]
            quotient = centred * inverse[k]
            row[k] = quotient + (centred - quotient * std[k]) * inverse[k]
    else:
        for k in range(len(row)):
            row[k] = (number(source[k]) - mean[k]) / std[k]


@compiled(AS_WRITTEN, entry=True)
def gather_rows(inputs, index, mean, std, x):
    """x (B, I) ← (inputs[index] − mean) / std, from bytes or floating numbers (N, I)."""
    for b in range(len(index)):
        normalised(inputs[index[b]], mean, std, mean[:0], x[b])
