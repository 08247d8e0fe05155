"""An ONNX graph as it is built: nodes, constants and names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
from torch import Tensor


@dataclass
class Graph:
    """Nodes in order of execution, and their constants. No name is given twice."""

    params: Mapping[str, Tensor]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    numbers: list[onnx.TensorProto] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def free(self, name: str, ending: str = "_") -> str:
        """The name, or where it is taken the name with `ending` until it is not; taken from now on."""
        while name in self.taken:
            name += ending
        self.taken.add(name)
        return name

    def add(self, operator: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """Add a node; the name of its output, which is `name` where that is given."""
        output = name or self.free(f"{operator}_{len(self.nodes)}")
        self.nodes.append(onnx.helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def number(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        """Add a tensor, in `dtype` unless it is of integers; its name."""
        array = np.asarray(value)
        array = array.astype(dtype) if array.dtype.kind == "f" else array
        self.numbers.append(onnx.numpy_helper.from_array(array, self.free(name)))
        return self.numbers[-1].name

    def texts(self, name: str, values: Sequence[str]) -> str:
        """Add a tensor of texts; its name."""
        self.numbers.append(onnx.numpy_helper.from_array(np.array(values, dtype=object), self.free(name)))
        return self.numbers[-1].name

    def param(self, name: str) -> str:
        """Add a parameter of the network; its name."""
        return self.number(name, self.params[name].numpy())

    def reshape(self, x: str, *shape: int) -> str:
        """Reshape all but the batch, which 0 stands for."""
        return self.add("Reshape", x, self.number(f"shape_{len(self.nodes)}", np.array([0, *shape], np.int64)))
