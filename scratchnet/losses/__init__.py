"""Losses: the mean over a batch of one number an example, for each run separately, and their gradients."""

from scratchnet.losses._base import Loss, TargetKind
from scratchnet.losses._binary_cross_entropy import BinaryCrossEntropy
from scratchnet.losses._cross_entropy import CrossEntropy
from scratchnet.losses._huber import Huber
from scratchnet.losses._squared_error import MeanSquaredError

LOSSES = {
    "cross_entropy": CrossEntropy,
    "binary_cross_entropy": BinaryCrossEntropy,
    "squared_error": MeanSquaredError,
    "huber": Huber,
}

__all__ = ["LOSSES", "BinaryCrossEntropy", "CrossEntropy", "Huber", "Loss", "MeanSquaredError", "TargetKind"]
