"""Arrays without an owner: who looks at a part of one counts no references.

Each slice of an array that numba owns costs two atomic additions, more than a step of a small network computes. The
caller holds what these arrays show for as long as the compiled function runs.
"""

from numba.core import cgutils
from numba.core.imputils import impl_ret_untracked
from numba.extending import intrinsic

from scratchnet.compiled.jit import AS_WRITTEN, compiled
from scratchnet.compiled.tables import Data, Memory, Program, Rules


@intrinsic
def bare(typing, array):
    """The same array, owned by nobody."""

    def generate(context, builder, signature, arguments):
        kind = signature.args[0]
        shown = context.make_array(kind)(context, builder, value=arguments[0])
        for owner in ("meminfo", "parent"):
            setattr(shown, owner, cgutils.get_null_value(getattr(shown, owner).type))
        return impl_ret_untracked(context, builder, kind, shown._getvalue())

    return array(array), generate


@compiled(AS_WRITTEN, inlined=True)
def bare_program(program):
    return Program(
        bare(program.operations), bare(program.reals), bare(program.weights), bare(program.pixels), bare(program.sizes)
    )


@compiled(AS_WRITTEN, inlined=True)
def bare_memory(memory):
    return Memory(
        bare(memory.values),
        bare(memory.gradients),
        bare(memory.first),
        bare(memory.second),
        bare(memory.carry),
        bare(memory.scale),
        bare(memory.work),
        bare(memory.block),
        bare(memory.numbers),
        bare(memory.starts),
    )


@compiled(AS_WRITTEN, inlined=True)
def bare_rules(rules):
    return Rules(
        rules.optimizer,
        rules.momentum,
        rules.nesterov,
        rules.beta1,
        rules.beta2,
        rules.eps,
        bare(rules.l2),
        bare(rules.decay),
        bare(rules.carried),
        rules.loss,
        rules.smoothing,
        bare(rules.weights),
        rules.delta,
    )


@compiled(AS_WRITTEN, inlined=True)
def bare_data(data):
    return Data(
        data.kind,
        bare(data.bytes),
        bare(data.floats),
        bare(data.doubles),
        bare(data.order),
        bare(data.labels),
        bare(data.targets),
        bare(data.mean),
        bare(data.std),
        bare(data.inverse),
        bare(data.weights),
    )
