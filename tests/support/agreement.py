"""Whether the compiled kernel ends where the plain steps end, and runs to train for it."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

import scratchnet as sn
from scratchnet.kernels import compiled, plain
from scratchnet.values import Values


def examples(network: sn.Sequential, count: int, *, kind: str = "labels", seed: int = 3) -> sn.Examples:
    """Inputs that fit the network, bytes or floats by the seed, and targets of a kind for its outputs."""
    generator = torch.Generator().manual_seed(seed)
    features = network.input_features
    assert features is not None
    [outputs] = network.output_shape((features,))
    x = torch.randn(count, features, generator=generator, dtype=torch.float64)
    inputs = [(60 * x + 128).clamp(0, 255).to(torch.uint8), x.float(), x][seed % 3]
    mean, std = (128.0, 60.0) if seed % 3 == 0 else (0.1, 1.5)
    labels = torch.randint(0, outputs, (count,), generator=generator)
    values = torch.tanh(torch.randn(count, outputs, generator=generator)).double()
    targets = {"labels": labels, "values": values, "flags": (values > 0.2).double()}[kind]
    return sn.Examples(inputs, targets, torch.full((features,), mean), torch.full((features,), std))


def values_of(run: sn.Run, dtype: torch.dtype = torch.float64) -> Values:
    """The start of a run; off the zeros and ones where a norm's mean lies on the kink of a rectifier."""
    values = Values([run], steps_per_epoch=50, dtype=dtype, device="cpu")
    generator = torch.Generator().manual_seed(11)
    for value in values.params.values():
        value += 0.2 * torch.randn(value.shape, generator=generator, dtype=torch.float64).to(dtype)
    return values


def orders(count: int, epochs: int, seed: int = 1) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randperm(count, generator=generator) for _ in range(epochs)]


def check(run: sn.Run, data: sn.Examples, batch: int, epochs: int = 1, bound: float = 1e-11) -> None:
    """Train by both kernels; losses, parameters, optimizer state and outputs agree within `bound` of their size."""
    reference, fast = values_of(run), values_of(run)
    for order in orders(len(data), epochs):
        expected, found = (
            kernel.train(one, data, order, batch) for kernel, one in ((plain, reference), (compiled, fast))
        )
        torch.testing.assert_close(found, expected, rtol=bound, atol=bound)
    assert reference.steps == fast.steps
    for held, others in ((fast.params, reference.params), (fast.state, reference.state)):
        assert held.keys() == others.keys()
        for name, other in others.items():
            assert held[name].shape == other.shape
            largest = max(1.0, float(other.abs().max())) if other.numel() else 1.0
            assert float((held[name] - other).abs().max()) <= bound * largest, name
    scale = data.normalisation(torch.float64)
    outputs = [kernel.predict(one, data.inputs, scale) for kernel, one in ((compiled, fast), (plain, reference))]
    torch.testing.assert_close(*outputs, rtol=10 * bound, atol=10 * bound)


def sensitivity(run: sn.Run, data: sn.Examples, batch: int, epochs: int = 1) -> float:
    """By how much of their size losses, parameters and outputs move where start and inputs move by 1e-13 of theirs.

    A layer norm of two or three numbers multiplies what rounding does by hundreds at each step. Each number moves by
    itself, as norms do not notice what all do alike, and the inputs do, as decay may forget the start. Infinity where
    the steps diverge.
    """
    start, moved = values_of(run), values_of(run)
    generator = torch.Generator().manual_seed(3)

    def near(value: Tensor) -> Tensor:
        return value * (1 + 1e-13 * torch.randn(value.shape, generator=generator, dtype=torch.float64))

    for value in moved.params.values():
        value.copy_(near(value))
    beside = replace(data, mean=near(data.mean.double()), std=near(data.std.double()))
    for order in orders(len(data), epochs):
        losses, others = plain.train(start, data, order, batch), plain.train(moved, beside, order, batch)
    if not losses.isfinite().all() or float(losses.max()) >= 30:
        return float("inf")
    ends = ((start, data), (moved, beside))
    outputs = [plain.predict(one, of.inputs, of.normalisation(torch.float64)) for one, of in ends]
    pairs = [(losses, others), (outputs[0], outputs[1])]
    pairs += [(value, moved.params[name]) for name, value in start.params.items()]
    return max(float((a - b).abs().max() / a.abs().max().clamp(min=1)) for a, b in pairs if a.numel())


INPUTS, CLASSES = 12, 3


def mlp(
    hidden: Sequence[int], activation: sn.Layer | None = None, dropout: bool = False, input_dropout: bool = False
) -> sn.Sequential:
    layers: list[sn.Layer] = [sn.Dropout(INPUTS, "input_dropout")] if input_dropout else []
    inputs = INPUTS
    for width in hidden:
        layers += [sn.Linear(inputs, width), activation or sn.ReLU()]
        layers += [sn.Dropout(width)] if dropout else []
        inputs = width
    return sn.Sequential((*layers, sn.Linear(inputs, CLASSES)))


def run_of(network: sn.Sequential, optimizer: sn.Optimizer | None = None, **numbers: float) -> sn.Run:
    return sn.Run(network, sn.CrossEntropy(), optimizer or sn.SGD(), {"lr": 0.05} | numbers)


WIDE = mlp((64, 9))
CASES = {
    "plain": run_of(WIDE, l2=1e-3),
    "without decay": run_of(WIDE),
    "decoupled decay": run_of(WIDE, weight_decay=0.1),
    "momentum": run_of(WIDE, momentum=0.9, l2=1e-3, weight_decay=0.01),
    "nesterov": run_of(WIDE, sn.SGD(nesterov=True), lr=0.02, momentum=0.9, l2=0.01),
    "narrow": run_of(mlp((7, 5)), l2=1e-3),
    "narrow momentum": run_of(mlp((7, 5)), l2=1e-3, momentum=0.8, weight_decay=0.01),
    "no hidden layer": run_of(mlp(())),
    "one wide layer": run_of(sn.Sequential((sn.Linear(INPUTS, 70),)), momentum=0.5),
    "strong decay": run_of(WIDE, lr=0.4, l2=1.0),
    "strong decay, narrow": run_of(mlp((6,)), lr=0.4, l2=1.2),
    "strong decay, momentum": run_of(WIDE, lr=0.1, l2=4.0, momentum=0.2),
    "a decay that takes all, and more": replace(
        run_of(WIDE, lr=0.02, weight_decay=50), schedule=sn.Step(4, 1.5), epochs=3
    ),
    "a decay that takes all, narrow": replace(
        run_of(mlp((6,)), lr=0.02, weight_decay=50), schedule=sn.Step(4, 1.5), epochs=3
    ),
    "decay of one layer": replace(run_of(WIDE, l2=0.1), penalized=("2.weight",)),
    "decay of a bias": replace(run_of(WIDE, l2=0.1), penalized=("0.weight", "0.bias")),
    "one cycle": replace(run_of(WIDE, lr=0.1, l2=0.01), schedule=sn.OneCycle(), epochs=8),
    "dropout": run_of(mlp((64, 9), dropout=True), dropout=0.4, l2=1e-3),
    "dropout of inputs": run_of(mlp((64,), dropout=True, input_dropout=True), dropout=0.2, input_dropout=0.3),
    "dropout of inputs, narrow": run_of(mlp((5,), input_dropout=True), input_dropout=0.3, momentum=0.5),
    "adam": run_of(WIDE, sn.Adam(), lr=0.003, l2=0.01),
    "adamw, narrow": run_of(mlp((6,)), sn.Adam(beta1=0.8), lr=0.003, weight_decay=0.1),
} | {
    str(activation): run_of(mlp((64, 9), activation), l2=1e-3)
    for activation in (sn.LeakyReLU(), sn.Tanh(), sn.Sigmoid(), sn.GELU())
}
