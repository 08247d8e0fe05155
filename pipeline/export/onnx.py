"""A trained model as an ONNX graph, a few nodes per layer.

The graph is built from our layers with the helpers of the `onnx` package, not by tracing a torch model: names and
operators do not change with torch, and neither its exporter nor the exporter's dependencies are needed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np
import onnx
import onnx.checker
import onnx.helper
import onnx.numpy_helper
from torch import Tensor

import scratchnet as sn
from pipeline.errors import UserError
from pipeline.runs.folder import HEADER
from pipeline.runs.model import TrainedModel

OPSET, IR_VERSION = 17, 8  # the oldest that has LayerNormalization: runtimes read it since 2022
_FLOAT, _BYTE = onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8


def to_onnx(model: TrainedModel, *, normalise: bool = True) -> onnx.ModelProto:
    """The model in float32 (runtimes lack float64 kernels), checked.

    `input`: raw inputs, uint8 (batch, channels, height, width) or float32 (batch, features); without `normalise`
    normalised rows, float32 (batch, features). Outputs: `logits` and `probabilities` (batch, classes) or (batch,
    labels), or `values` (batch, outputs) for regression. batch is any number above 0. The metadata are those of
    model.safetensors.
    """
    graph, images = Graph(model.params), normalise and len(model.input_shape) > 1
    shape = model.input_shape if images else (math.prod(model.input_shape),)
    x = _normalised(graph, model) if normalise else "input"
    y = _add(model.network, graph, x, "")
    width = len(model.params[model.network.names[-1]])
    if model.header.task == "classification":
        if width == 1:  # of two classes the logits 0 and z
            y, width = graph.add("Concat", graph.add("Sub", y, y), y, axis=1), 2
        outputs = [graph.add("Identity", y, name="logits"), graph.add("Softmax", y, name="probabilities", axis=1)]
    elif model.header.task == "multilabel":
        outputs = [graph.add("Identity", y, name="logits"), graph.add("Sigmoid", y, name="probabilities")]
    else:
        outputs = [graph.add("Identity", y, name="values")]
    values = onnx.helper.make_tensor_value_info
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes,
            "scratchnet",
            [values("input", _BYTE if images else _FLOAT, ["batch", *shape])],
            [values(name, _FLOAT, ["batch", width]) for name in outputs],
            graph.numbers,
        ),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="scratchnet-sweeps",
    )
    onnx.helper.set_model_props(proto, {HEADER: model.header.model_dump_json()})
    onnx.checker.check_model(proto, full_check=True)
    return proto


@dataclass
class Graph:
    """Nodes in order of execution, and their constants."""

    params: Mapping[str, Tensor]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    numbers: list[onnx.TensorProto] = field(default_factory=list)

    def add(self, operator: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """Add a node; the name of its output."""
        output = name or f"{operator}_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def number(self, name: str, value: Any) -> str:
        """Add a tensor, in float32 unless it is of integers; its name."""
        array = np.asarray(value)
        array = array.astype(np.float32) if array.dtype.kind == "f" else array
        self.numbers.append(onnx.numpy_helper.from_array(array, name))
        return name

    def param(self, name: str) -> str:
        """Add a parameter of the network; its name."""
        return self.number(name, self.params[name].numpy())

    def reshape(self, x: str, *shape: int) -> str:
        """Reshape all but the batch, which 0 stands for."""
        return self.add("Reshape", x, self.number(f"shape_{len(self.nodes)}", np.array([0, *shape], np.int64)))


def _normalised(graph: Graph, model: TrainedModel) -> str:
    """(input − mean) / std in flat rows, by channel where inputs are images."""
    images = len(model.input_shape) > 1
    x = graph.add("Cast", "input", to=_FLOAT) if images else "input"
    across = (-1, *(1,) * (len(model.input_shape) - 1))
    mean, std = (np.reshape(values, across) for values in (model.header.inputs.mean, model.header.inputs.std))
    x = graph.add("Div", graph.add("Sub", x, graph.number("mean", mean)), graph.number("std", std))
    return graph.add("Flatten", x, axis=1) if images else x


def _add(layer: sn.Layer, graph: Graph, x: str, place: str) -> str:
    """Add the nodes of a layer whose parameters start with `place`; the name of its output.

    A layer from elsewhere adds its own, by a method `to_onnx(graph, x, place)`: what it inherits is another layer's.
    """
    if type(layer) in _nodes.registry:
        return _nodes(layer, graph, x, place)
    if (of_its_own := getattr(layer, "to_onnx", None)) is not None:
        return str(of_its_own(graph, x, place))
    raise UserError(
        f"to_onnx: {layer} has no operator; give its class a method to_onnx(self, graph, x, place) that adds nodes, "
        'such as graph.add("Softplus", x), and returns the name of the last'
    )


@singledispatch
def _nodes(layer: sn.Layer, graph: Graph, x: str, place: str) -> str:
    """The nodes of one class of layers; a new one registers its nodes here."""
    raise NotImplementedError


@_nodes.register
def _(layer: sn.Sequential, graph: Graph, x: str, place: str) -> str:
    for i, inner in enumerate(layer.layers):
        x = _add(inner, graph, x, f"{place}{i}.")
    return x


@_nodes.register
def _(layer: sn.Residual, graph: Graph, x: str, place: str) -> str:
    return graph.add("Add", x, _add(layer.inner, graph, x, place))


@_nodes.register
def _(layer: sn.Linear, graph: Graph, x: str, place: str) -> str:
    return graph.add("Add", graph.add("MatMul", x, graph.param(f"{place}weight")), graph.param(f"{place}bias"))


@_nodes.register
def _(layer: sn.LayerNorm, graph: Graph, x: str, place: str) -> str:
    scale, shift = graph.param(f"{place}scale"), graph.param(f"{place}shift")
    return graph.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=layer.eps)


@_nodes.register
def _(layer: sn.Dropout, graph: Graph, x: str, place: str) -> str:
    return x  # a graph is for evaluation


@_nodes.register
def _(layer: sn.ReLU, graph: Graph, x: str, place: str) -> str:
    return graph.add("Relu", x)


@_nodes.register
def _(layer: sn.LeakyReLU, graph: Graph, x: str, place: str) -> str:
    return graph.add("LeakyRelu", x, alpha=layer.negative_slope)


@_nodes.register
def _(layer: sn.Tanh, graph: Graph, x: str, place: str) -> str:
    return graph.add("Tanh", x)


@_nodes.register
def _(layer: sn.Sigmoid, graph: Graph, x: str, place: str) -> str:
    return graph.add("Sigmoid", x)


@_nodes.register
def _(layer: sn.GELU, graph: Graph, x: str, place: str) -> str:
    """x · (0.5 + 0.5 erf(x / √2)): there is an operator for it from opset 20 on."""
    at = f"_{len(graph.nodes)}"
    root, half = graph.number(f"root{at}", math.sqrt(0.5)), graph.number(f"half{at}", 0.5)
    erf = graph.add("Erf", graph.add("Mul", x, root))
    return graph.add("Mul", x, graph.add("Add", graph.add("Mul", erf, half), half))


@_nodes.register
def _(layer: sn.Patchify, graph: Graph, x: str, place: str) -> str:
    p = layer.patch_size
    grid = graph.reshape(x, layer.channels, layer.height // p, p, layer.width // p, p)
    turned = graph.add("Transpose", grid, perm=[0, 2, 4, 1, 3, 5])
    return graph.reshape(turned, layer.patches, layer.features)


@_nodes.register
def _(layer: sn.Transpose, graph: Graph, x: str, place: str) -> str:
    return graph.add("Transpose", x, perm=[0, 2, 1])


@_nodes.register
def _(layer: sn.MeanOverPatches, graph: Graph, x: str, place: str) -> str:
    return graph.add("ReduceMean", x, axes=[1], keepdims=0)
