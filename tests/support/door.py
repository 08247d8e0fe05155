"""Examples, runs and stacks by which the tests of what an entry refuses begin."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

import scratchnet as sn

COUNT, FEATURES, CLASSES = 10, 6, 3
NETWORK = sn.Sequential((sn.Linear(FEATURES, 64), sn.ReLU(), sn.Linear(64, CLASSES)))
KERNELS = ["plain", "auto"]
kernels = pytest.mark.parametrize("kernel", KERNELS)


def examples(**changes: Any) -> sn.Examples:
    parts = {
        "inputs": torch.arange(COUNT * FEATURES, dtype=torch.float32).view(COUNT, FEATURES) / 50,
        "targets": torch.arange(COUNT) % CLASSES,
        "mean": torch.zeros(FEATURES),
        "std": torch.ones(FEATURES),
    }
    return sn.Examples(**parts | changes)


def run_of(network: sn.Sequential = NETWORK, loss: sn.Loss | None = None) -> sn.Run:
    return sn.Run(network, loss or sn.CrossEntropy(), sn.SGD(), {"lr": 0.1})


def stack_of(kernel: str, network: sn.Sequential = NETWORK, loss: sn.Loss | None = None) -> sn.Stack:
    return sn.Stack([run_of(network, loss)], steps_per_epoch=1, kernel=kernel)


def refused(error: type[Exception], said: str, call: Callable[[], object]) -> None:
    with pytest.raises(error, match=said) as caught:
        call()
    assert "\n" not in str(caught.value)
