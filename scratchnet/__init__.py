"""scratchnet: neural networks with hand-derived backpropagation, R runs in one pass.

Tensors in, tensors out: the engine knows no files, no configuration and no automatic differentiation.
"""

from scratchnet import kernels
from scratchnet.augment import Augment
from scratchnet.examples import Examples
from scratchnet.initializers import GlorotUniform, HeNormal, Normal, Zeros
from scratchnet.interop import Converted, from_torch, to_torch
from scratchnet.layers import (
    GELU,
    Dropout,
    Flatten,
    Layer,
    LayerNorm,
    LeakyReLU,
    Linear,
    MeanOverPatches,
    Patchify,
    ReLU,
    Residual,
    Sequential,
    ShapeError,
    Sigmoid,
    Tanh,
    Transpose,
)
from scratchnet.losses import BinaryCrossEntropy, CrossEntropy, Huber, Loss, MeanSquaredError
from scratchnet.mixup import Mixup
from scratchnet.optimizers import SGD, Adam, Optimizer
from scratchnet.run import Run, Settings, stackable
from scratchnet.schedules import Constant, Cosine, OneCycle, Schedule, Step
from scratchnet.stack import Evaluation, Stack

__all__ = [
    "GELU",
    "SGD",
    "Adam",
    "Augment",
    "BinaryCrossEntropy",
    "Constant",
    "Converted",
    "Cosine",
    "CrossEntropy",
    "Dropout",
    "Evaluation",
    "Examples",
    "Flatten",
    "GlorotUniform",
    "HeNormal",
    "Huber",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "Loss",
    "MeanOverPatches",
    "MeanSquaredError",
    "Mixup",
    "Normal",
    "OneCycle",
    "Optimizer",
    "Patchify",
    "ReLU",
    "Residual",
    "Run",
    "Schedule",
    "Sequential",
    "Settings",
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
