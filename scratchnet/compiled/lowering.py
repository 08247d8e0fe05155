"""How functions become machine code: once, without counts of references, with vectors as wide as the processor's.

Numba optimises each function by itself and then again as a part of those that call it, three times over where calls
are nested; only what is called from Python has need of that. For each view of an array it counts a reference to who
owns it, by a call that costs more than many a view is used for; here no function makes an array, and the caller holds
those that it gives. LLVM keeps to 256 bits on processors of Intel that have 512, lest a few wide operations lower the
clock for all others; here the library's matrix products, of 512 bits, are most of what is computed.
"""

from typing import Any

from llvmlite.binding import parse_assembly
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import BaseNativeLowering, NativeLowering

_ENVIRONMENT = "_ZN08NumbaEnv"  # how numba begins the names of such
_WIDEST = '"prefer-vector-width"="512"'  # a wish: where registers are narrower LLVM takes what there is


class _Lower(Lower):  # type: ignore[misc]
    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)
        attributes = self.function.attributes
        attributes._known |= {_WIDEST}  # llvmlite checks the names of attributes, and knows none of processors
        attributes.add(_WIDEST)


class _Part(JITCodeLibrary):  # type: ignore[misc]
    """A function that compiled code alone calls: it is optimised and becomes machine code as a part of its caller."""

    _final_module: Any

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        """Numba wants an address for the function's environment, and for nothing else."""
        module = self._final_module
        names = [each.name for each in module.global_variables if each.name.startswith(_ENVIRONMENT)]
        self._final_module = parse_assembly("\n".join(f'@"{name}" = common global i64 0' for name in names))
        super()._finalize_final_module()
        self._final_module = module


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(BaseNativeLowering):  # type: ignore[misc]
    _name = "lowering_once"

    @property
    def lowering_class(self) -> type[_Lower]:
        return _Lower

    def run_pass(self, state: Any) -> Any:
        state.targetctx.enable_nrt = False
        if state.library is None and state.flags.no_cpython_wrapper:
            state.library = _Part(state.targetctx.codegen(), state.func_id.func_qualname)
            state.library.enable_object_caching()
        return super().run_pass(state)


class Compiler(CompilerBase):  # type: ignore[misc]
    """numba's pipeline, with its last pass exchanged."""

    def define_pipelines(self) -> list[Any]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes = [(_Lowering if each is NativeLowering else each, words) for each, words in passes.passes]
        return [passes]


class CompilerOfDisjoint(Compiler):
    """For functions whose arrays never overlap."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.state.flags.noalias = True
