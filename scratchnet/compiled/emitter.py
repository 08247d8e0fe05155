"""LLVM's code for numbers and vectors at addresses, for what numba has no expression for."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

VECTOR = 32  # bytes
INT, _LANE = ir.IntType(64), ir.IntType(32)


class Emitter:
    """Loads and stores of numbers and vectors of one type at addresses."""

    def __init__(self, context: Any, builder: Any, kind: Any) -> None:
        self.builder, self.size = builder, kind.bitwidth // 8
        self.number = context.get_value_type(kind)
        self.lanes = VECTOR // self.size
        self.vector = ir.VectorType(self.number, self.lanes)

    def at(self, address: Any, numbers: Any, stride: Any = None) -> Any:
        """The address so many numbers, or so many strides, further."""
        count = INT(numbers) if isinstance(numbers, int) else numbers
        count = count if stride is None else self.builder.mul(count, stride)
        return self.builder.add(address, self.builder.mul(count, INT(self.size)))

    def load(self, address: Any, kind: Any = None) -> Any:
        value = self.builder.load(self.builder.inttoptr(address, (kind or self.vector).as_pointer()))
        value.align = self.size
        return value

    def store(self, value: Any, address: Any) -> None:
        self.builder.store(value, self.builder.inttoptr(address, value.type.as_pointer())).align = self.size

    def fill(self, number: Any) -> Any:
        """A number in all lanes."""
        none = ir.Constant(self.vector, ir.Undefined)
        return self.shuffle(self.builder.insert_element(none, number, _LANE(0)), none, [0] * self.lanes)

    def shuffle(self, a: Any, b: Any, lanes: list[int]) -> Any:
        return self.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_LANE, self.lanes), lanes))

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
        rest, *last = self.builder.sub(left, INT(1)), *step(*values)
        end = self.builder.append_basic_block("end")
        self.builder.cbranch(self.builder.icmp_signed(">", rest, INT(0)), loop, end)
        for value, first, next_one in zip([left, *values], [count, *start], [rest, *last], strict=True):
            value.add_incoming(first, before)
            value.add_incoming(next_one, loop)
        self.builder.position_at_end(end)
        return last
