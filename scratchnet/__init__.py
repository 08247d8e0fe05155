"""scratchnet: neural networks with hand-derived backpropagation, R runs in one pass.

Tensors in, tensors out: the engine knows no files, no configuration and no automatic differentiation.
"""

from scratchnet import kernels
from scratchnet.activations import GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from scratchnet.augment import Augment
from scratchnet.dropout import Dropout
from scratchnet.examples import Examples
from scratchnet.initializers import GlorotUniform, HeNormal, Normal, Zeros
from scratchnet.interop import Converted, from_torch, to_torch
from scratchnet.layers import Layer, Linear, ShapeError
from scratchnet.losses import CrossEntropy, Loss, MeanSquaredError
from scratchnet.mixer import LayerNorm, MeanOverPatches, Patchify, Residual, Transpose
from scratchnet.optimizers import SGD, Adam, Optimizer
from scratchnet.schedules import Constant, Cosine, OneCycle, Schedule, Step
from scratchnet.sequential import Sequential
from scratchnet.stack import Run, Stack, stackable

__all__ = [
    "GELU",
    "SGD",
    "Adam",
    "Augment",
    "Constant",
    "Converted",
    "Cosine",
    "CrossEntropy",
    "Dropout",
    "Examples",
    "GlorotUniform",
    "HeNormal",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MeanOverPatches",
    "MeanSquaredError",
    "Normal",
    "OneCycle",
    "Optimizer",
    "Patchify",
    "ReLU",
    "Residual",
    "Run",
    "Schedule",
    "Sequential",
    "ShapeError",
    "Sigmoid",
    "Stack",
    "Step",
    "Tanh",
    "Transpose",
    "Zeros",
    "from_torch",
    "kernels",
    "stackable",
    "to_torch",
]
