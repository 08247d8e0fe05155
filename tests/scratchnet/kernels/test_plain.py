"""The plain kernel against automatic differentiation in float64, for networks of all layers in any order."""

from dataclasses import replace

import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from nets import any_nets
from torch import Tensor
from torch_losses import by_torch

import scratchnet as sn
from scratchnet.kernels import plain
from scratchnet.values import Values

COUNT = 12


def data(network: sn.Sequential, features: int, loss: sn.Loss, seed: int) -> sn.Examples:
    generator = torch.Generator().manual_seed(seed)
    [outputs] = network.output_shape((features,))
    x = torch.randn(COUNT, features, generator=generator, dtype=torch.float64)
    values = torch.randn(COUNT, outputs, generator=generator, dtype=torch.float64)
    targets = {"values": values, "flags": (values > 0).double(), "labels": values.argmax(1)}[loss.target_kind]
    return sn.Examples(x, targets, torch.linspace(-0.1, 0.1, features), torch.linspace(0.8, 1.2, features))


def values_of(runs: list[sn.Run]) -> Values:
    """Values away from the zeros and ones that they start from: f'(0) of a rectifier is a matter of taste."""
    values = Values(runs, steps_per_epoch=4, dtype=torch.float64, device="cpu")
    for r, run in enumerate(runs):
        generator = torch.Generator().manual_seed(run.seed)
        for name in values.params:
            value = values.view(r, name)
            value += 0.2 * torch.randn(value.shape, generator=generator, dtype=torch.float64)
    return values


def run_of(network: sn.Sequential, loss: sn.Loss, optimizer: sn.Optimizer, seed: int) -> sn.Run:
    settings = sn.Settings(0.002, 0.5, l2=0.5, weight_decay=0.3, dropout=0.3, input_dropout=0.2)
    return sn.Run(network, loss, optimizer, settings, sn.Cosine(), epochs=2, seed=seed)


def by_autograd(run: sn.Run, examples: sn.Examples, order: Tensor, batch: int) -> tuple[Values, list[float]]:
    """The same steps with gradients by torch, of torch's own losses; noise and optimizer are the engine's."""
    values = values_of([run])
    losses = []
    for rate, index in zip(values.rates(-(-len(order) // batch)), order.split(batch), strict=True):
        x = (examples.inputs[index] - examples.mean.double()) / examples.std.double()
        leaves = {name: value.clone().requires_grad_() for name, value in values.params.items()}
        output, _ = run.network.forward(leaves | values.noise(len(x)), x.unsqueeze(0))
        loss = by_torch(run.loss, output[0], examples.targets[index])
        loss.backward() if loss.requires_grad else None
        grads = {name: torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for name, leaf in leaves.items()}
        values.steps += 1
        run.optimizer.step(values.params, grads, values.state, values.hyper, rate, values.steps)
        losses.append(loss.item())
    return values, losses


@given(
    any_nets(),
    st.sampled_from([sn.SGD(), sn.SGD(nesterov=True), sn.Adam(eps=1e-3)]),
    st.sampled_from(
        [
            sn.CrossEntropy(),
            sn.CrossEntropy(0.1),
            sn.MeanSquaredError(),
            sn.Huber(0.7),
            sn.BinaryCrossEntropy(),
            sn.BinaryCrossEntropy(0.2),
        ]
    ),
    st.integers(1, COUNT),
    st.integers(0, 9),
)
def test_steps_are_those_of_automatic_differentiation(
    drawn: tuple[sn.Sequential, int], optimizer: sn.Optimizer, loss: sn.Loss, batch: int, seed: int
) -> None:
    network, features = drawn
    run, examples = run_of(network, loss, optimizer, seed), data(network, features, loss, seed)
    order = torch.randperm(COUNT, generator=torch.Generator().manual_seed(seed))
    expected, expected_losses = by_autograd(run, examples, order, batch)
    assume(all(abs(value) < 1e3 for value in expected_losses))  # a network that diverges multiplies rounding
    values = values_of([run])
    losses = plain.train(values, examples, order, batch)
    torch.testing.assert_close(losses[:, 0], torch.tensor(expected_losses, dtype=torch.float64), rtol=1e-8, atol=1e-8)
    # Absolute: a norm of a few nearly equal numbers multiplies rounding, and what is left of a gradient is rounding.
    torch.testing.assert_close(values.params, expected.params, rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(values.state, expected.state, rtol=1e-7, atol=1e-7)


@given(any_nets(), st.integers(1, 5), st.integers(0, 9))
def test_a_run_in_a_stack_equals_the_run_alone(drawn: tuple[sn.Sequential, int], batch: int, seed: int) -> None:
    network, features = drawn
    loss = sn.CrossEntropy()
    first = run_of(network, loss, sn.SGD(), seed)
    runs = [first, replace(first, settings=sn.Settings(0.01, 0.8, dropout=0.6), seed=seed + 1)]
    examples, order = data(network, features, loss, seed), torch.arange(COUNT)
    together = values_of(runs)
    losses = plain.train(together, examples, order, batch)
    for r, run in enumerate(runs):
        alone = values_of([run])
        torch.testing.assert_close(
            losses[:, r : r + 1], plain.train(alone, examples, order, batch), rtol=1e-8, atol=1e-8
        )
        torch.testing.assert_close(together.params_of(r), alone.params_of(0), rtol=1e-7, atol=1e-7)


def test_a_network_without_parameters_is_evaluated() -> None:
    network = sn.Sequential((sn.Patchify(1, 2, 2, 1), sn.MeanOverPatches()))
    stack = sn.Stack([run_of(network, sn.MeanSquaredError(), sn.SGD(), 0)], steps_per_epoch=1, dtype=torch.float64)
    x = torch.randn(3, 4, dtype=torch.float64)
    torch.testing.assert_close(stack.predict(x)[0], x.mean(1, keepdim=True))
