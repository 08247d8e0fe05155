"""A trained model as an ONNX graph, a few nodes per layer.

The graph is built from our layers with the helpers of the `onnx` package, not by tracing a torch model: names and
operators do not change with torch, and neither its exporter nor the exporter's dependencies are needed.
"""

import json
import math
from functools import singledispatch

import onnx
import onnx.checker
import onnx.helper

import scratchnet as sn
from pipeline.errors import UserError
from pipeline.export._graph import Graph
from pipeline.export._onnx_inputs import inputs_of
from pipeline.runs.folder import HEADER
from pipeline.runs.model import TrainedModel

OPSET, IR_VERSION = 17, 8  # the oldest that has LayerNormalization: runtimes read it since 2022
ML_OPSET = 3  # of ai.onnx.ml, which has OneHotEncoder
_FLOAT, _STRING = onnx.TensorProto.FLOAT, onnx.TensorProto.STRING


def to_onnx(model: TrainedModel, *, normalise: bool = True) -> onnx.ModelProto:
    """The model with its preprocessing, its layers in float32 (runtimes lack float64 kernels), checked.

    Inputs are raw. Of a table: one for each column by its name (`NAME_column` where the graph has that name), float64
    (batch, 1) for numbers, string (batch, 1) for text; gaps are NaN and "". Else `input`: images uint8 or float32
    (batch, channels, height, width), or float32 (batch, features). Without `normalise`: normalised rows, float32
    (batch, features). Outputs: `logits` and `probabilities` (batch, classes) and `label` (batch,), the class name; or
    (batch, labels) both, without `label`; or `values` (batch, outputs) for regression. batch is any number above 0. The
    metadata hold the header of model.safetensors, and in plain words `task`, `class_names`, `targets`, `data`.
    """
    graph = Graph(model.params)
    x, inputs = inputs_of(graph, model, normalise)
    y = _add(model.network, graph, x, "")
    operators = [onnx.helper.make_opsetid("", OPSET)]
    outputs = _outputs(graph, model, y)
    if any(node.domain for node in graph.nodes):
        operators.append(onnx.helper.make_opsetid("ai.onnx.ml", ML_OPSET))
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, "scratchnet", inputs, outputs, graph.numbers),
        opset_imports=operators,
        ir_version=IR_VERSION,
        producer_name="scratchnet-sweeps",
    )
    onnx.helper.set_model_props(proto, _metadata(model))
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _outputs(graph: Graph, model: TrainedModel, y: str) -> list[onnx.ValueInfoProto]:
    """What the graph gives, from the network's outputs y."""
    width, value = model.outputs_of_network, onnx.helper.make_tensor_value_info
    if model.header.task == "regression":
        return [value(graph.add("Identity", y, name="values"), _FLOAT, ["batch", width])]
    if model.header.task == "multilabel":
        names = [graph.add("Identity", y, name="logits"), graph.add("Sigmoid", y, name="probabilities")]
        return [value(name, _FLOAT, ["batch", width]) for name in names]
    if width == 1:  # of two classes the logits 0 and z
        y, width = graph.add("Concat", graph.add("Sub", y, y), y, axis=1), 2
    names = [graph.add("Identity", y, name="logits"), graph.add("Softmax", y, name="probabilities", axis=1)]
    likeliest = graph.add("ArgMax", y, axis=1, keepdims=0)
    label = graph.add("Gather", graph.texts("class_names", model.class_names), likeliest, name="label")
    return [*(value(name, _FLOAT, ["batch", width]) for name in names), value(label, _STRING, ["batch"])]


def _metadata(model: TrainedModel) -> dict[str, str]:
    """Texts for any reader; lists as JSON."""
    facts = model.preprocessing
    words = {HEADER: model.header.model_dump_json(), "task": model.header.task}
    if model.class_names:
        words["class_names"] = json.dumps(list(model.class_names), ensure_ascii=False)
    words["targets"] = json.dumps(list(model.target_names), ensure_ascii=False)
    named = {"data": facts.title, "licence": facts.licence, "citation": facts.citation}
    return words | {key: text for key, text in named.items() if text}


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
def _(layer: sn.Flatten, graph: Graph, x: str, place: str) -> str:
    return graph.add("Flatten", x, axis=1)


@_nodes.register
def _(layer: sn.Transpose, graph: Graph, x: str, place: str) -> str:
    return graph.add("Transpose", x, perm=[0, 2, 1])


@_nodes.register
def _(layer: sn.MeanOverPatches, graph: Graph, x: str, place: str) -> str:
    return graph.add("ReduceMean", x, axes=[1], keepdims=0)
