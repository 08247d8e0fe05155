"""Tensors of every kind that torch has: read as what they hold, or refused, alike by either kernel."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from door import COUNT, FEATURES, examples, kernels, refused, run_of, stack_of
from torch import Tensor

import scratchnet as sn
from scratchnet._denormals import denormals_as_zero


def negated(tensor: Tensor) -> Tensor:
    """The same numbers, whose sign torch has not yet turned."""
    return torch.complex(torch.zeros_like(tensor), -tensor).conj().imag


def with_gradient(tensor: Tensor) -> Tensor:
    return tensor.clone().requires_grad_()


@kernels
@pytest.mark.parametrize("view", [with_gradient, negated, torch.nn.Parameter])
def test_views_and_parameters_are_read_as_what_they_hold(kernel: str, view: Any) -> None:
    plain, stack, other = examples(), stack_of(kernel), stack_of(kernel)
    assert (view(plain.inputs) == plain.inputs).all()
    parts = {name: view(getattr(plain, name)) for name in ("inputs", "mean", "std")}
    data = examples(**parts, weight=view(torch.ones(COUNT)))
    losses = stack.train(data, torch.arange(COUNT), 5)
    expected = other.train(examples(weight=torch.ones(COUNT)), torch.arange(COUNT), 5)
    assert torch.equal(losses, expected)
    assert torch.equal(stack.evaluate(data).loss, other.evaluate(plain).loss)
    outputs = stack.predict(parts["inputs"])
    assert torch.equal(outputs, other.predict(plain.inputs))
    assert not outputs.requires_grad
    assert torch.equal(data.batch(slice(0, 3), torch.float32)[0], plain.inputs[:3])


@kernels
def test_targets_with_a_gradient_are_read_as_what_they_hold(kernel: str) -> None:
    stack = stack_of(kernel, loss=sn.MeanSquaredError())
    data = examples(targets=with_gradient(torch.ones(COUNT, 3)))
    assert not stack.train(data, torch.arange(COUNT), 5).requires_grad
    assert not stack.evaluate(data).loss.requires_grad


@kernels
def test_tensors_without_plain_data_are_refused(kernel: str) -> None:
    stack, inputs = stack_of(kernel), torch.ones(COUNT, FEATURES)
    sparse, meta = inputs.to_sparse(), {"device": "meta"}
    refused(TypeError, r"Examples: inputs is sparse; give inputs.to_dense\(\)", lambda: examples(inputs=sparse))
    nothing = [torch.ones(shape, **meta) for shape in ((COUNT, FEATURES), (COUNT,), (FEATURES,), (FEATURES,))]
    refused(TypeError, "Examples: inputs is on the device meta; give one with data", lambda: sn.Examples(*nothing))
    refused(TypeError, r"Stack.predict: x is sparse; give x.to_dense\(\)", lambda: stack.predict(sparse))
    order = torch.arange(COUNT).to_sparse()
    refused(TypeError, "Stack.train: order is sparse", lambda: stack.train(examples(), order, 5))


LARGE = torch.full((COUNT, 3), 1e39, dtype=torch.float64)


@kernels
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"inputs": LARGE.repeat(1, 2)},
            r"inputs: 1e\+39 is beyond torch.float32, which ends at 3.4e\+38; take another",
        ),
        ({"inputs": -LARGE.repeat(1, 2)}, r"inputs: -1e\+39 is beyond"),
        ({"targets": -LARGE}, r"targets: -1e\+39 is beyond"),
        ({"weight": torch.full((COUNT,), 1e308, dtype=torch.float64)}, r"weight: 1e\+308 is beyond"),
    ],
)
def test_numbers_that_the_type_of_a_stack_cannot_hold_are_refused(
    kernel: str, changes: dict[str, Tensor], said: str
) -> None:
    data = examples(**{"targets": torch.zeros(COUNT, 3)} | changes)
    stack = stack_of(kernel, loss=sn.MeanSquaredError())
    refused(ValueError, f"Examples: {said}", lambda: stack.train(data, torch.arange(COUNT), 5))
    refused(ValueError, f"Examples: {said}", lambda: stack.evaluate(data))
    double = sn.Stack([run_of(loss=sn.MeanSquaredError())], steps_per_epoch=1, dtype=torch.float64, kernel=kernel)
    double.evaluate(data)


@pytest.fixture
def double_by_default() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Cube(sn.layers.Elementwise):
    def function(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x**3, x

    def derivative(self, saved: Tensor) -> Tensor:
        return 3 * saved * saved

    output_shape = sn.layers.Layer.output_shape  # tried on zeros


LAYERS = (sn.Dropout(FEATURES, 0.3), sn.Linear(FEATURES, 8), Cube(), sn.Dropout(8, 0.5), sn.Linear(8, 3))


def trained() -> tuple[Tensor, Tensor]:
    """Losses and outputs of a stack that draws all that can be drawn."""
    std, mean = torch.ones(2, FEATURES, dtype=torch.float32)
    inputs = torch.arange(COUNT * FEATURES, dtype=torch.float32).view(COUNT, FEATURES) / 50
    data = sn.Examples(inputs, torch.arange(COUNT) % 3, mean, std)
    stack = stack_of("plain", sn.Sequential(LAYERS))
    augment = sn.Augment(1, 2, 3, flip=True, shift=1, cutout=1)
    generator = torch.Generator().manual_seed(0)
    losses = stack.train(data, torch.arange(COUNT), 3, augment, generator, sn.Mixup(0.3))
    return losses, stack.evaluate(data, outputs=True).outputs


SINGLE = trained()


@pytest.mark.usefixtures("double_by_default")
def test_draws_do_not_depend_on_torchs_default_type() -> None:
    for alone, after in zip(SINGLE, trained(), strict=True):
        assert alone.dtype == after.dtype
        assert torch.equal(alone, after)


@pytest.mark.usefixtures("double_by_default")
def test_denormals_are_as_they_were_whatever_torchs_default_type() -> None:
    small = torch.tensor(1e-40, dtype=torch.float32)
    assert torch.set_flush_denormal(True)
    try:
        with denormals_as_zero():
            pass
        assert small.mul(1).item() == 0
    finally:
        torch.set_flush_denormal(False)
