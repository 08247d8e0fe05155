"""Losses against torch, at the ends of the number range, and run by run."""

import pytest
import torch
from torch import Tensor

import scratchnet as sn

RUNS, BATCH, CLASSES = 3, 5, 4
TARGET = torch.tensor([0, 3, 1, 2, 3])


def logits(scale: float = 1.0) -> Tensor:
    return scale * torch.randn(RUNS, BATCH, CLASSES, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def both(loss: sn.Loss, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    value, kept = loss.forward(output, target)
    return value, loss.backward(kept)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_cross_entropy_is_torchs(scale: float, smoothing: float) -> None:
    output = logits(scale).requires_grad_()
    expected = torch.stack(
        [torch.nn.functional.cross_entropy(run, TARGET, label_smoothing=smoothing) for run in output]
    )
    (gradient,) = torch.autograd.grad(expected.sum(), output)
    value, delta = both(sn.CrossEntropy(smoothing), output.detach(), TARGET)
    torch.testing.assert_close(value, expected.detach(), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(delta, gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1e4, 1e30])
def test_no_finite_logits_overflow(size: float, dtype: torch.dtype) -> None:
    output = torch.tensor([[[size, 0.0, -size], [-size, -size, -size]]], dtype=dtype)
    value, delta = both(sn.CrossEntropy(), output, torch.tensor([0, 1]))
    assert value.item() == pytest.approx(torch.tensor(3.0).log().item() / 2, rel=1e-6)
    expected = torch.tensor([[[0, 0, 0], [1 / 6, -1 / 3, 1 / 6]]], dtype=dtype)
    torch.testing.assert_close(delta, expected)
    wrong, _ = both(sn.CrossEntropy(), output, torch.tensor([2, 1]))
    assert wrong.item() == pytest.approx(size, rel=1e-3)


def test_squared_error_is_summed_over_outputs_and_averaged_over_examples() -> None:
    output, target = logits().requires_grad_(), torch.ones(BATCH, CLASSES, dtype=torch.float64)
    expected = torch.stack([((run - target) ** 2).sum() / BATCH for run in output])
    (gradient,) = torch.autograd.grad(expected.sum(), output)
    value, delta = both(sn.MeanSquaredError(), output.detach(), target)
    torch.testing.assert_close(value, expected.detach(), rtol=1e-13, atol=0)
    torch.testing.assert_close(delta, gradient, rtol=1e-13, atol=0)
    one, _ = both(sn.MeanSquaredError(), output.detach()[..., :1], target[:, :1])
    torch.testing.assert_close(one[0], torch.nn.functional.mse_loss(output.detach()[0, :, :1], target[:, :1]))


@pytest.mark.parametrize(("loss", "target"), [(sn.CrossEntropy(), TARGET), (sn.MeanSquaredError(), torch.zeros(5, 4))])
def test_a_nan_run_leaves_the_others_untouched(loss: sn.Loss, target: Tensor) -> None:
    output = logits()
    value, delta = both(loss, output, target)
    output[1] = torch.nan
    bad_value, bad_delta = both(loss, output, target)
    assert bad_value[1].isnan()
    assert torch.equal(value[[0, 2]], bad_value[[0, 2]])
    assert torch.equal(delta[[0, 2]], bad_delta[[0, 2]])


@pytest.mark.parametrize(
    ("loss", "target"),
    [(sn.CrossEntropy(), TARGET[:4]), (sn.CrossEntropy(), TARGET[:, None]), (sn.MeanSquaredError(), torch.zeros(5, 1))],
)
def test_a_wrong_shape_is_told(loss: sn.Loss, target: Tensor) -> None:
    with pytest.raises(sn.ShapeError, match=r"expected .* got \(3, 5, 4\) and .*; give"):
        loss.forward(logits(), target)


def test_accuracy_and_r2() -> None:
    output = torch.zeros(2, BATCH, CLASSES)
    output[0, range(BATCH), TARGET] = 1
    output[1, :, 3] = 1
    loss = sn.CrossEntropy()
    score = loss.score(torch.zeros(2), loss.hits(output, TARGET), TARGET)
    assert score.tolist() == [1.0, 0.4]
    target = torch.tensor([[1.0, 5.0], [2.0, 0.0], [3.0, 1.0]], dtype=torch.float64)
    guesses = torch.stack([target, target.mean(0).expand(3, 2)])
    error = sn.MeanSquaredError()
    value, _ = error.forward(guesses, target)
    torch.testing.assert_close(
        error.score(value, error.hits(guesses, target), target), torch.tensor([1.0, 0.0]).double()
    )
