"""Parts of vectors.

A slice costs thirty instructions to find out where a negative start or an end beyond the array would lie, and as it may
lie anywhere, loops over it are tested for overlaps more often: together more than a step of a small network computes.
A program's places lie in its memory.
"""

from numba import types
from numba.core.imputils import impl_ret_untracked
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array


@intrinsic
def part(typing, array, start, size):
    """array[start : start + size] of a vector, where that lies inside of it: nothing is checked."""

    def generate(context, builder, signature, arguments):
        kind, (whole, start, size) = signature.args[0], arguments
        data = context.make_array(kind)(context, builder, value=whole).data
        itemsize = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
        shown = context.make_array(kind)(context, builder)
        populate_array(shown, builder.gep(data, [start]), [size], [itemsize], itemsize, None)
        return impl_ret_untracked(context, builder, kind, shown._getvalue())

    assert array.ndim == 1
    assert array.layout == "C"
    return array(array, types.intp, types.intp), generate
