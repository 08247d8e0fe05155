"""Asking for memory before it is read, for what lies anywhere would be waited for."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from scratchnet.compiled.jit import AS_WRITTEN, compiled

_LINE = 64  # bytes


def ask_for(builder: Any, address: Any, locality: int) -> None:
    """Ask for the cache line at an address, and go on; locality 3 is the nearest cache, 2 the next."""
    number, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(function, [builder.inttoptr(address, pointer), number(0), number(locality), number(1)])


@intrinsic
def _fetch(typing, address):
    def generate(context, builder, signature, arguments):
        ask_for(builder, arguments[0], 2)
        return context.get_dummy_value()

    return types.void(types.int64), generate


@compiled(AS_WRITTEN)
def fetch(rows, i):
    """Ask for a row of an array, or a number of a vector."""
    size = rows.strides[0]
    for line in range(0, size, _LINE):
        _fetch(rows.ctypes.data + i * size + line)
