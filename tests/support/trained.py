"""Small runs of every kind of network, task and type."""

import torch

from pipeline.training.trainer import Trainer

_PATCHES = ("model=patch_mlp", "model.patch_size=14", "model.features=6", "model.hidden_patches=3", "model.depth=1")
KINDS = {
    "classes": ("dataset=patterns", "dataset.samples=100", "model.hidden=[5,4]", "model.dropout=0.2"),
    "regression": ("dataset=linear", "dataset.samples=100", "model.hidden=[3]", "model.activation=tanh"),
    "images": ("model.hidden=[6]", "model.layer_norm=true", "model.activation=gelu", "training.dtype=float64"),
    "patches": (*_PATCHES, "model.hidden_features=5"),
}


def normalised(trainer: Trainer) -> torch.Tensor:
    """The test split as the engine trains on it."""
    x, _ = trainer.splits["test"].batch(slice(None), trainer.stack.dtype)
    return x
