"""Compiled with vectors as wide as the processor has them.

LLVM keeps to 256 bits on processors of Intel that have 512, lest a few wide operations lower the clock for all others.
Here the library's matrix products, of 512 bits, are most of what is computed.
"""

from typing import Any

from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import BaseNativeLowering, NativeLowering

_WIDEST = '"prefer-vector-width"="512"'  # a wish: where registers are narrower LLVM takes what there is


class _Lower(Lower):  # type: ignore[misc]
    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)
        attributes = self.function.attributes
        attributes._known |= {_WIDEST}  # llvmlite checks the names of attributes, and knows none of processors
        attributes.add(_WIDEST)


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(BaseNativeLowering):  # type: ignore[misc]
    _name = "lowering_to_wide_vectors"

    @property
    def lowering_class(self) -> type[_Lower]:
        return _Lower


class WideVectors(CompilerBase):  # type: ignore[misc]
    """numba's pipeline, with its last pass exchanged."""

    def define_pipelines(self) -> list[Any]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes = [(_Lowering if each is NativeLowering else each, words) for each, words in passes.passes]
        return [passes]
