"""Matrix products by the address of the library's function.

An address that is an argument, not a constant, leaves compiled code valid in the next process, where the library lies
elsewhere. The library is the one that torch itself computes with (`sgemm_` of the BLAS standard), so that products
run on as many threads as torch's and at its speed; where that cannot be had, numpy's (see `scratchnet.kernels._blas`).
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from scratchnet.compiled.jit import AS_WRITTEN, compiled


@intrinsic
def _gemm(typing, address, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):
    """The Fortran function at `address`. Integers lie in memory as 64 bits, whose lower half is the 32-bit one."""
    long, real = types.int64, alpha
    assert alpha == beta in (types.float32, types.float64)
    signature = types.void(long, long, long, long, long, long, real, long, long, long, long, real, long, long)

    def generate(context, builder, signature, arguments):
        address, *values = arguments
        pointer = ir.IntType(8).as_pointer()
        given = []
        for place, value in enumerate(values):
            if place in (6, 8, 11):  # the matrices are pointers already
                given.append(builder.inttoptr(value, pointer))
            else:
                given.append(builder.bitcast(cgutils.alloca_once_value(builder, value), pointer))
        kind = ir.FunctionType(ir.VoidType(), [pointer] * len(given))
        builder.call(builder.inttoptr(address, kind.as_pointer()), given)
        return context.get_dummy_value()

    return signature, generate


@compiled(AS_WRITTEN)
def multiply(gemm, m, n, k, alpha, a, a_turned, lda, b, b_turned, ldb, beta, c, ldc):
    """c (m, n) ← alpha · a b + beta · c, row by row; a (m, k) or `a_turned` (k, m), b (k, n) or `b_turned` (n, k).

    a, b and c are arrays that begin at the matrix; rows lie lda, ldb and ldc numbers apart.
    """
    # The library counts column by column: what it sees are the transposes, cᵀ = bᵀ aᵀ.
    left, right = (84 if b_turned else 78), (84 if a_turned else 78)  # "T" and "N"
    _gemm(
        gemm, left, right, n, m, k, alpha, b.ctypes.data, ldb, a.ctypes.data, lda, beta, c.ctypes.data, ldc
    )  # fmt: skip
