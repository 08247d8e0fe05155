"""scratchnet: neural networks with hand-derived backpropagation, R runs in one pass.

Tensors in, tensors out: the engine knows no files, no configuration and no automatic differentiation.
"""

from scratchnet.activations import GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from scratchnet.dropout import Dropout
from scratchnet.examples import Examples
from scratchnet.initializers import GlorotUniform, HeNormal, Normal, Zeros
from scratchnet.layers import Layer, Linear, ShapeError
from scratchnet.losses import CrossEntropy, Loss, MeanSquaredError
from scratchnet.optimizers import SGD, Adam, Optimizer
from scratchnet.schedules import Constant, Cosine, OneCycle, Schedule, Step
from scratchnet.sequential import Sequential
from scratchnet.stack import Run, Stack, stackable

__all__ = [
    "GELU",
    "SGD",
    "Adam",
    "Constant",
    "Cosine",
    "CrossEntropy",
    "Dropout",
    "Examples",
    "GlorotUniform",
    "HeNormal",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MeanSquaredError",
    "Normal",
    "OneCycle",
    "Optimizer",
    "ReLU",
    "Run",
    "Schedule",
    "Sequential",
    "ShapeError",
    "Sigmoid",
    "Stack",
    "Step",
    "Tanh",
    "Zeros",
    "stackable",
]
