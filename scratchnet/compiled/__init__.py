"""What numba compiles: the steps of training, and outputs, of a program in one call.

Functions of numbers, arrays and named tuples of them, float32 or float64: the formulas are those of the files of the
same names in `scratchnet` and `scratchnet.layers`, where their sources are told.
"""

from scratchnet.compiled.blas import multiply
from scratchnet.compiled.gathering import gather_rows
from scratchnet.compiled.loop import predict, train
from scratchnet.compiled.losses import BINARY_CROSS_ENTROPY, CROSS_ENTROPY, HUBER, SQUARED_ERROR

__all__ = [
    "BINARY_CROSS_ENTROPY",
    "CROSS_ENTROPY",
    "HUBER",
    "SQUARED_ERROR",
    "gather_rows",
    "multiply",
    "predict",
    "train",
]
