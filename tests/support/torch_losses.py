"""The losses as their docstrings define them, from torch's own: what gradients by hand are compared with."""

import torch
from torch import Tensor
from torch.nn import functional

import scratchnet as sn


def by_torch(loss: sn.Loss, output: Tensor, target: Tensor) -> Tensor:
    """The loss of one run's outputs (B, K), differentiable."""
    if isinstance(loss, sn.CrossEntropy):
        weights = torch.tensor(loss.class_weight or (1.0,) * output.shape[1], dtype=output.dtype)
        smoothing = loss.label_smoothing
        parts = functional.cross_entropy(output, target, label_smoothing=smoothing, reduction="none")
        return (parts * weights[target]).mean()
    if isinstance(loss, sn.BinaryCrossEntropy):
        smoothed = (1 - loss.label_smoothing) * target + loss.label_smoothing / 2
        pairs = torch.tensor(loss.class_weight or ((1.0, 1.0),) * output.shape[1], dtype=output.dtype)
        weights = torch.where(target > 0, pairs[:, 1], pairs[:, 0])
        parts = functional.binary_cross_entropy_with_logits(output, smoothed, reduction="none")
        return (parts * weights).sum(1).mean()
    if isinstance(loss, sn.Huber):
        return functional.huber_loss(output, target, delta=loss.delta, reduction="none").sum(1).mean()
    return functional.mse_loss(output, target, reduction="none").sum(1).mean()
