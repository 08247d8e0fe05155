"""What an ONNX graph does with raw inputs before the first layer."""

import math
from collections.abc import Sequence

import numpy as np
import onnx
import onnx.helper
import torch

from pipeline.export._graph import Graph
from pipeline.runs.model import Features, TrainedModel

_FLOAT, _DOUBLE = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
_BYTE, _STRING = onnx.TensorProto.UINT8, onnx.TensorProto.STRING


def inputs_of(graph: Graph, model: TrainedModel, normalise: bool) -> tuple[str, list[onnx.ValueInfoProto]]:
    """Normalised flat rows, by channel where inputs are images, and what the graph takes for them."""
    graph.taken |= {"logits", "probabilities", "label", "values"}
    shape, value = model.input_shape, onnx.helper.make_tensor_value_info
    if not normalise:
        return graph.free("input"), [value("input", _FLOAT, ["batch", math.prod(shape)])]
    wide = next(iter(model.params.values())).dtype == torch.float64  # which scales in float64
    if model.header.columns:
        x, inputs = _columns(graph, model.header.columns, model.preprocessing.missing == "mean", wide)
    else:
        images = len(shape) > 1
        kind = _BYTE if images and model.preprocessing.dtype in (None, "uint8") else _FLOAT
        x, inputs = graph.free("input"), [value("input", kind, ["batch", *shape])]
        if wide or kind == _BYTE:
            x = graph.add("Cast", x, to=_DOUBLE if wide else _FLOAT)
    across, dtype = (-1, *(1,) * (len(shape) - 1)), np.float64 if wide else np.float32
    mean, std = (np.reshape(values, across) for values in (model.header.inputs.mean, model.header.inputs.std))
    x = graph.add("Div", graph.add("Sub", x, graph.number("mean", mean, dtype)), graph.number("std", std, dtype))
    x = graph.add("Cast", x, to=_FLOAT) if wide else x
    return (graph.add("Flatten", x, axis=1) if len(shape) > 1 else x), inputs


def _columns(
    graph: Graph, columns: Sequence[Features], fill: bool, wide: bool
) -> tuple[str, list[onnx.ValueInfoProto]]:
    """The features of a table (batch, features), and an input for each column."""
    names = [graph.free(column.name, "_column") for column in columns]
    kind, dtype, features, inputs = _DOUBLE if wide else _FLOAT, np.float64 if wide else np.float32, [], []
    for column, x in zip(columns, names, strict=True):
        given = _STRING if column.categories else _DOUBLE
        inputs.append(onnx.helper.make_tensor_value_info(x, given, ["batch", 1]))
        if column.categories:
            texts = list(column.categories)
            flags = graph.add("OneHotEncoder", x, domain="ai.onnx.ml", cats_strings=texts, zeros=1)
            x = graph.reshape(flags, len(texts))
            features.append(graph.add("Cast", x, to=kind) if wide else x)
            continue
        x = x if wide else graph.add("Cast", x, to=_FLOAT)
        if fill and column.fill is not None:
            x = graph.add(
                "Where", graph.add("IsNaN", x), graph.number(f"fill_{len(graph.nodes)}", column.fill, dtype), x
            )
        features.append(x)
    return graph.add("Concat", *features, axis=1), inputs
