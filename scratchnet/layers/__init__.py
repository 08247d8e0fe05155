"""Layers: forward and the hand-derived backward of each, one concept a file."""

from scratchnet.layers.activations import GELU, Elementwise, LeakyReLU, ReLU, Sigmoid, Tanh
from scratchnet.layers.base import Layer, Params, Saved, Shape, ShapeError, check_gradient, check_shape
from scratchnet.layers.dropout import Dropout
from scratchnet.layers.linear import Linear
from scratchnet.layers.norm import LayerNorm
from scratchnet.layers.patches import Flatten, MeanOverPatches, Patchify, Transpose
from scratchnet.layers.residual import Residual
from scratchnet.layers.sequential import Sequential
from scratchnet.layers.shapes import parameter_shapes

__all__ = [
    "GELU",
    "Dropout",
    "Elementwise",
    "Flatten",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "MeanOverPatches",
    "Params",
    "Patchify",
    "ReLU",
    "Residual",
    "Saved",
    "Sequential",
    "Shape",
    "ShapeError",
    "Sigmoid",
    "Tanh",
    "Transpose",
    "check_gradient",
    "check_shape",
    "parameter_shapes",
]
