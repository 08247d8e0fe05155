"""The contracts of a loss."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from scratchnet.check._numbers import (
    BATCH,
    NAN_RUN,
    OTHERS,
    RUNS,
    draw,
    expect_words,
    refused,
    require,
    require_close,
    slope,
)
from scratchnet.layers import ShapeError
from scratchnet.losses import Loss

_OUTPUTS = 4


def _example(loss: Loss) -> tuple[Tensor, Tensor]:
    """Outputs (R, B, K), and targets of the kind that the loss takes."""
    output = draw(RUNS, BATCH, _OUTPUTS, seed=99)
    if loss.target_kind == "labels":
        return output, torch.arange(BATCH) * 3 % _OUTPUTS
    values = draw(BATCH, _OUTPUTS, seed=7)
    return output, values if loss.target_kind == "values" else (values > 0).double()


def _both(loss: Loss, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    before = output.clone()
    value, saved = loss.forward(output, target)
    require(value.shape == (len(output),), f"the loss: expected ({len(output)},), got {tuple(value.shape)}")
    gradient = loss.backward(saved)
    require_close("outputs after forward and backward", output, before)
    return value, gradient


def equals_autograd(loss: Loss) -> None:
    """backward is the gradient of forward by automatic differentiation, in float64."""
    output, target = _example(loss)
    value, gradient = _both(loss, output, target)
    leaf = output.clone().requires_grad_()
    again, _ = loss.forward(leaf, target)
    (expected,) = torch.autograd.grad(again.sum(), leaf)
    require_close("the loss", value, again.detach())
    require_close("the gradient", gradient, expected, 1e-12, 1e-14)


def equals_central_differences(loss: Loss) -> None:
    """backward is the slope of forward along any direction."""
    output, target = _example(loss)
    _, gradient = _both(loss, output, target)
    for seed in range(3):
        direction = draw(*output.shape, seed=seed + 50)
        expected = slope(lambda point: loss.forward(point, target)[0].sum(), output, direction)
        got = float((gradient * direction).sum())
        ok = abs(got - expected) <= max(1e-6 * abs(expected), 1e-7)
        require(ok, f"the slope along the outputs: expected {expected:.9g}, got {got:.9g}")


def in_a_stack_as_alone(loss: Loss) -> None:
    """A run in a stack has the figures of the run alone."""
    output, target = _example(loss)
    value, gradient = _both(loss, output, target)
    for r in range(RUNS):
        run = slice(r, r + 1)
        alone, alone_gradient = _both(loss, output[run], target)
        require_close(f"the loss of run {r} in a stack", value[run], alone, 1e-13, 1e-14)
        require_close(f"the gradient of run {r} in a stack", gradient[run], alone_gradient, 1e-13, 1e-14)


def nan_stays_in_its_run(loss: Loss) -> None:
    """A run that is NaN leaves the others bitwise unchanged."""
    output, target = _example(loss)
    value, gradient = _both(loss, output, target)
    output[NAN_RUN] = torch.nan
    bad_value, bad_gradient = _both(loss, output, target)
    require(bool(bad_value[NAN_RUN].isnan()), "the loss of a run whose outputs are NaN: expected NaN, got a number")
    require_close("the loss beside a run of NaN", bad_value[OTHERS], value[OTHERS])
    require_close("the gradient beside a run of NaN", bad_gradient[OTHERS], gradient[OTHERS])


def wrong_shapes_are_told(loss: Loss) -> None:
    """Targets that do not fit raise a ShapeError that says what was expected, what came and what to do."""
    output, target = _example(loss)
    for wrong in (target[:-1], target.unsqueeze(-1)):
        given = f"targets {tuple(wrong.shape)} for outputs {tuple(output.shape)}"
        said = refused(partial(loss.forward, output, wrong), ShapeError, given)
        expect_words(said, ["expected", "got", ";"], given)


CONTRACTS: dict[str, Callable[[Loss], None]] = {
    "the gradient equals automatic differentiation": equals_autograd,
    "the gradient equals central differences": equals_central_differences,
    "a run in a stack equals the run alone": in_a_stack_as_alone,
    "a run of NaN leaves the others untouched": nan_stays_in_its_run,
    "a wrong shape is told, with a remedy": wrong_shapes_are_told,
}
