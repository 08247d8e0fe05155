"""The inner loops of the fast paths, compiled by numba at first use.

Functions of numbers and numpy arrays, float32 or float64: the same formulas as in the files of the same names above,
where their sources are told.
"""

from scratchnet.compiled.activations import GELU, IDENTITY, LEAKY_RELU, RELU, SIGMOID, TANH
from scratchnet.compiled.batch import activate_biased, cut, differentiate, gather, total_loss
from scratchnet.compiled.block import train_block
from scratchnet.compiled.losses import CROSS_ENTROPY, SQUARED_ERROR
from scratchnet.compiled.norm import normalize, normalize_back
from scratchnet.compiled.optimizers import adam, sgd

__all__ = [
    "CROSS_ENTROPY",
    "GELU",
    "IDENTITY",
    "LEAKY_RELU",
    "RELU",
    "SIGMOID",
    "SQUARED_ERROR",
    "TANH",
    "activate_biased",
    "adam",
    "cut",
    "differentiate",
    "gather",
    "normalize",
    "normalize_back",
    "sgd",
    "total_loss",
    "train_block",
]
