"""Losses against torch, at the ends of the number range, and run by run."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import r2_score
from torch import Tensor
from torch_losses import by_torch

import scratchnet as sn

RUNS, BATCH, CLASSES = 3, 5, 4
TARGET = torch.tensor([0, 3, 1, 2, 3])


def logits(scale: float = 1.0) -> Tensor:
    return scale * torch.randn(RUNS, BATCH, CLASSES, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def name_of(value: sn.Loss | Tensor) -> str:
    """Of a case, by its loss alone: tensors take lines."""
    return str(value) if isinstance(value, sn.Loss) else ""


def both(loss: sn.Loss, output: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    value, saved = loss.forward(output, target)
    return value, loss.backward(saved)


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


FLAGS = (logits() > 0)[0].double()
WEIGHTS = (0.5, 2.1, 0.0, 1.25)
LOSSES = [
    (sn.BinaryCrossEntropy(), FLAGS),
    (sn.BinaryCrossEntropy(0.2), FLAGS),
    (sn.BinaryCrossEntropy(0.1, ((0.5, 3.0), (1.0, 0.0), (2.0, 2.0), (0.1, 1.0))), FLAGS),
    (sn.CrossEntropy(0.0, WEIGHTS), TARGET),
    (sn.CrossEntropy(0.3, WEIGHTS), TARGET),
    (sn.Huber(), FLAGS),
    (sn.Huber(0.3), FLAGS),
]


@pytest.mark.parametrize("scale", [1.0, 40.0])
@pytest.mark.parametrize(("loss", "target"), LOSSES, ids=name_of)
def test_value_and_gradient_are_those_of_the_definition(loss: sn.Loss, target: Tensor, scale: float) -> None:
    output = logits(scale).requires_grad_()
    expected = torch.stack([by_torch(loss, run, target) for run in output])
    (gradient,) = torch.autograd.grad(expected.sum(), output)
    value, delta = both(loss, output.detach(), target)
    torch.testing.assert_close(value, expected.detach(), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(delta, gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("loss", [sn.CrossEntropy(0.3), sn.CrossEntropy(0.0, WEIGHTS), sn.CrossEntropy(0.3, WEIGHTS)])
def test_targets_of_several_classes_are_a_sum_over_the_classes(loss: sn.CrossEntropy) -> None:
    output, target = logits().requires_grad_(), logits(0.3)[0].softmax(1)
    target[1, 2] = 0
    log_p = output.log_softmax(2)
    smoothed = (1 - loss.label_smoothing) * log_p + loss.label_smoothing * log_p.mean(2, keepdim=True)
    counts = target * torch.tensor(loss.class_weight or (1.0,) * CLASSES, dtype=torch.float64)
    weight = torch.tensor([0.5, 2.0, 0.0, 1.0, 0.1], dtype=torch.float64)
    each = -(counts * smoothed).sum(2)
    (gradient,) = torch.autograd.grad(each.mean(1).sum(), output)
    value, delta = both(loss, output.detach(), target)
    torch.testing.assert_close(value, each.mean(1).detach(), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(delta, gradient, rtol=1e-12, atol=1e-14)
    weighted, _ = loss.forward(output.detach(), target, weight)
    torch.testing.assert_close(weighted, (each * weight).mean(1).detach(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("loss", "target"), LOSSES, ids=name_of)
def test_what_is_float32_stays_so(loss: sn.Loss, target: Tensor) -> None:
    output = logits().float()
    weight = torch.tensor([0.5, 2.0, 0.0, 1.0, 0.1], dtype=torch.float64)
    value, saved = loss.forward(output, target if target.dtype == torch.int64 else target.float(), weight)
    delta = loss.backward(saved)
    assert value.dtype == delta.dtype == torch.float32
    expected = [
        sum(by_torch(loss, run[b : b + 1], target[b : b + 1]) * weight[b] for b in range(BATCH)) / BATCH
        for run in output.double()
    ]
    assert value.tolist() == pytest.approx([float(number) for number in expected], rel=1e-5)


def test_weights_count_in_batches_of_one_example() -> None:
    output = logits()[:, :1]
    plain, delta = both(sn.CrossEntropy(), output, TARGET[:1])
    value, weighted_delta = both(sn.CrossEntropy(0.0, (3.0, 1.0, 1.0, 1.0)), output, TARGET[:1])
    torch.testing.assert_close(value, 3 * plain)
    torch.testing.assert_close(weighted_delta, 3 * delta)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_binary_cross_entropy_of_huge_logits(dtype: torch.dtype, smoothing: float) -> None:
    output = torch.tensor([[[1e38], [-1e38], [1e38], [0.0]]], dtype=dtype)
    flags = torch.tensor([[1.0], [0.0], [0.0], [1.0]], dtype=dtype)
    value, delta = both(sn.BinaryCrossEntropy(smoothing, ((1.0, 5.0),)), output, flags)
    half = smoothing / 2
    weighted_sum = 1e38 * (5 * half + half + 1 - half) + 5 * math.log(2)
    assert value.item() == pytest.approx(weighted_sum / 4, rel=1e-6)
    expected = torch.tensor([5 * half, -half, 1 - half, -2.5 * (1 - smoothing)], dtype=dtype) / 4
    torch.testing.assert_close(delta.flatten(), expected)


def test_what_is_certain_keeps_its_digits() -> None:
    output = torch.tensor([[[40.0], [-40.0]]], dtype=torch.float32)
    value, delta = both(sn.BinaryCrossEntropy(), output, torch.tensor([[1.0], [0.0]]))
    assert value.item() == pytest.approx(math.exp(-40), rel=1e-6)
    assert delta.flatten().tolist() == pytest.approx([-math.exp(-40) / 2, math.exp(-40) / 2], rel=1e-6)


@pytest.mark.parametrize("loss", [sn.CrossEntropy(), sn.CrossEntropy(0.1)])
def test_the_mean_of_finite_losses_does_not_overflow(loss: sn.CrossEntropy) -> None:
    output = torch.tensor([[[1e38, -1e38, 1e38]] * 4])
    value, _ = both(loss, output, torch.ones(4, dtype=torch.int64))
    assert value.item() == pytest.approx(2e38 * (1 - loss.label_smoothing * 2 / 3), rel=1e-6)


def test_the_sum_of_finite_losses_does_not_overflow() -> None:
    flags = torch.zeros(10, 5)
    output = torch.full((1, 10, 5), -1.0)
    output[0, 0] = 1e38
    value, _ = both(sn.BinaryCrossEntropy(), output, flags)
    assert value.item() == pytest.approx(5e37, rel=1e-6)
    far = torch.tensor([[[0.0, -3e38, -3e38]]])
    one = torch.tensor([[1, 0, 0]])
    for target in (torch.tensor([0]), one.float(), one.double()):
        value, _ = both(sn.CrossEntropy(0.3), far, target)
        assert value.item() == pytest.approx(6e37, rel=1e-6)
        assert value.dtype == torch.float32


def test_huber_of_huge_errors() -> None:
    output = torch.tensor([[[3e38], [-3e38]]])
    value, delta = both(sn.Huber(0.5), output, torch.zeros(2, 1))
    assert value.item() == pytest.approx(1.5e38, rel=1e-6)
    assert delta.flatten().tolist() == [0.25, -0.25]


SHARE, FINITE = "from 0 up to, but not including, 1", "from 0 up to, but not including, 1e+30"
EACH = "give a tuple with a number for each class"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: sn.CrossEntropy(0.0, ()), f"CrossEntropy: class_weight=(); {EACH}"),
        (lambda: sn.CrossEntropy(0.0, [1.0]), f"CrossEntropy: class_weight=[1.0]; {EACH}"),  # type: ignore[arg-type]
        (
            lambda: sn.CrossEntropy(0.0, (0.0, 0.0)),
            "CrossEntropy: class_weight=(0.0, 0.0): all 0, so there is nothing to learn; give one above 0",
        ),
        (lambda: sn.CrossEntropy(0.0, (1.0, -0.5)), f"CrossEntropy: a class_weight=-0.5; allowed: {FINITE}"),
        (lambda: sn.CrossEntropy(0.0, (1.0, math.nan)), f"CrossEntropy: a class_weight=nan; allowed: {FINITE}"),
        (lambda: sn.CrossEntropy(0.0, (1.0, 1e300)), f"CrossEntropy: a class_weight=1e+300; allowed: {FINITE}"),
        (
            lambda: sn.BinaryCrossEntropy(0.0, ((1.0, math.inf),)),
            f"BinaryCrossEntropy: a class_weight=inf; allowed: {FINITE}",
        ),
        (
            lambda: sn.BinaryCrossEntropy(0.0, 3.0),  # type: ignore[arg-type]
            "BinaryCrossEntropy: class_weight=3.0; give a tuple with a pair for each output",
        ),
        (
            lambda: sn.BinaryCrossEntropy(0.0, ((0.0, 1.0), (1.0, 1.0, 1.0))),  # type: ignore[arg-type]
            "BinaryCrossEntropy: class_weight has (1.0, 1.0, 1.0); give (weight of 0, weight of 1)",
        ),
        (lambda: sn.BinaryCrossEntropy(1.0), f"BinaryCrossEntropy: label_smoothing=1.0; allowed: {SHARE}"),
        (lambda: sn.BinaryCrossEntropy(-0.1), f"BinaryCrossEntropy: label_smoothing=-0.1; allowed: {SHARE}"),
        (lambda: sn.CrossEntropy(1.0), f"CrossEntropy: label_smoothing=1.0; allowed: {SHARE}"),
        (lambda: sn.CrossEntropy(-0.1), f"CrossEntropy: label_smoothing=-0.1; allowed: {SHARE}"),
        (lambda: sn.Huber(0.0), "Huber: delta=0.0; allowed: from 1e-30 up to, but not including, 1e+30"),
    ],
)
def test_numbers_out_of_range_are_told(make: Callable[[], sn.Loss], said: str) -> None:
    with pytest.raises(ValueError, match=r"class_weight|label_smoothing|delta") as told:
        make()
    assert str(told.value) == said


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (
            sn.CrossEntropy(0.0, (1.0, 2.0)),
            "2 class weights, but the network has 3 outputs; give a weight for each class",
        ),
        (
            sn.BinaryCrossEntropy(0.0, ((1.0, 2.0),) * 2),
            "2 pairs of class weights, but the network has 3 outputs; give a pair for each",
        ),
    ],
    ids=name_of,
)
def test_weights_of_another_number_of_outputs_are_told(loss: sn.Loss, said: str) -> None:
    loss.check_outputs(2)
    with pytest.raises(sn.ShapeError) as told:
        loss.check_outputs(3)
    assert str(told.value) == f"{loss}: {said}"
    type(loss)().check_outputs(3)


def test_what_is_reported_has_neither_smoothing_nor_weights() -> None:
    assert sn.CrossEntropy(0.1, (1.0, 2.0)).plain() == sn.CrossEntropy(0.0, None)
    assert sn.BinaryCrossEntropy(0.1, ((1.0, 2.0),)).plain() == sn.BinaryCrossEntropy(0.0, None)
    assert sn.Huber(0.3).plain() == sn.Huber(0.3)


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        (sn.CrossEntropy(), TARGET),
        (sn.CrossEntropy(0.1, WEIGHTS), TARGET),
        (sn.MeanSquaredError(), torch.zeros(5, 4)),
        (sn.BinaryCrossEntropy(), FLAGS),
        (sn.Huber(), FLAGS),
    ],
)
def test_a_nan_run_leaves_the_others_untouched(loss: sn.Loss, target: Tensor) -> None:
    output = logits()
    value, delta = both(loss, output, target)
    output[1] = torch.nan
    bad_value, bad_delta = both(loss, output, target)
    assert bad_value[1].isnan()
    assert torch.equal(value[[0, 2]], bad_value[[0, 2]])
    assert torch.equal(delta[[0, 2]], bad_delta[[0, 2]])


LABELS = ("(B,)", "one label")
ROWS = ("(B, K)", "K targets")


@pytest.mark.parametrize(
    ("loss", "target", "words"),
    [
        (sn.CrossEntropy(), TARGET[:4], LABELS),
        (sn.CrossEntropy(), TARGET[:, None], LABELS),
        (sn.CrossEntropy(), torch.zeros(5, 3), ROWS),
        (sn.MeanSquaredError(), torch.zeros(5, 1), ROWS),
        (sn.BinaryCrossEntropy(), TARGET, ROWS),
        (sn.Huber(), torch.zeros(4, 4), ROWS),
    ],
)
def test_a_wrong_shape_is_told(loss: sn.Loss, target: Tensor, words: tuple[str, str]) -> None:
    expected, remedy = words
    for output in (logits(), logits()[0]):
        with pytest.raises(sn.ShapeError) as told:
            loss.forward(output, target)
        assert str(told.value) == (
            f"{loss}: expected outputs (R, B, K) and targets {expected}, got {tuple(output.shape)} and "
            f"{tuple(target.shape)}; give {remedy} an example"
        )


def test_accuracy_and_r2() -> None:
    output = torch.zeros(2, BATCH, CLASSES)
    output[0, range(BATCH), TARGET] = 1
    output[1, :, 3] = 1
    loss = sn.CrossEntropy()
    assert loss.score(loss.hits(output, TARGET), TARGET).tolist() == [1.0, 0.4]
    flags = sn.BinaryCrossEntropy()  # of an example all flags must be right
    outputs = torch.stack([2 * FLAGS - 1, 2 * FLAGS - 1])
    outputs[1, 0, 2] *= -1
    assert flags.score(flags.hits(outputs, FLAGS), FLAGS).tolist() == [1.0, 0.8]
    target = torch.tensor([[1.0, 5.0], [2.0, 0.0], [3.0, 1.0]], dtype=torch.float64)
    guesses = torch.stack([target, target.mean(0).expand(3, 2)])
    for error in (sn.MeanSquaredError(), sn.Huber()):
        score = error.score(error.hits(guesses, target), target)
        torch.testing.assert_close(score, torch.tensor([1.0, 0.0]).double())


def test_hits_and_scores_by_hand() -> None:
    labels, flags, values = sn.CrossEntropy(), sn.BinaryCrossEntropy(), sn.MeanSquaredError()
    output = torch.tensor([[[0.0, 2.0], [3.0, -1.0]], [[0.0, -1.0], [-2.0, 1.0]]])
    target = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    for loss, truth, expected in (
        (labels, torch.tensor([1, 1]), [1, 1]),
        (flags, target, [2, 0]),  # an output of 0 is no 1
        (values, target, [[4, 2], [9, 5]]),
    ):
        hits = loss.hits(output, truth)
        assert hits.dtype == torch.float64
        assert hits.tolist() == expected
    assert flags.score(torch.tensor([2.0, 0.0]), target).tolist() == [1, 0]
    assert values.score(torch.tensor([[4.0, 2.0], [9.0, 5.0]]).double(), target).tolist() == [-5, -13]
    constant = torch.tensor([[5.0, 0.0], [5.0, 2.0]])
    assert values.score(torch.tensor([[0.0, 1.0], [1.0, 1.0]]).double(), constant).tolist() == [0.75, 0.25]
    never = torch.full((3, 1), 0.7, dtype=torch.float64)  # whose mean, in float64, is not 0.7
    assert values.score(torch.tensor([[0.0], [1e-9]]).double(), never).tolist() == [1, 0]
    single = values.score(torch.zeros(3, 2).double(), target[:1])
    assert single.shape == (3,)
    assert single.isnan().all()


@settings(deadline=None)
@given(st.integers(2, 30), st.integers(1, 4), st.integers(0, 99))
def test_r2_of_several_targets_is_scikit_learns(count: int, outputs: int, seed: int) -> None:
    """Also where a target never changes, and whatever the units of each."""
    generator = torch.Generator().manual_seed(seed)
    target = torch.randn(count, outputs, generator=generator, dtype=torch.float64) * 10.0 ** torch.arange(outputs)
    if seed % 3 == 0:
        target[:, 0] = 2
    output = target + torch.randn(2, count, outputs, generator=generator, dtype=torch.float64)
    output[1] = target
    loss = sn.MeanSquaredError()
    score = loss.score(loss.hits(output, target), target)
    for run in range(2):
        assert float(score[run]) == pytest.approx(r2_score(target.numpy(), output[run].numpy()), rel=1e-9, abs=1e-9)
    assert loss.score(loss.hits(output[:, :1], target[:1]), target[:1]).isnan().all()


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        (sn.CrossEntropy(0.1, (1.0, 2.0, 3.0)), torch.tensor([0, 2, 1, 1])),
        (sn.BinaryCrossEntropy(0.1), torch.tensor([[0.0, 1, 1], [1, 0, 0], [0, 0, 1], [1, 1, 1]])),
        (sn.MeanSquaredError(), torch.arange(12.0).reshape(4, 3)),
        (sn.Huber(0.5), torch.arange(12.0).reshape(4, 3)),
    ],
    ids=name_of,
)
def test_a_weight_counts_as_equal_examples(loss: sn.Loss, target: Tensor) -> None:
    target = target if target.dtype == torch.int64 else target.double()
    output = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    counts = torch.tensor([2, 0, 1, 3])
    weighted, _ = loss.forward(output, target, counts.double())
    rows, _ = loss.forward(output.repeat_interleave(counts, 1), target.repeat_interleave(counts, 0))
    torch.testing.assert_close(weighted * 4, rows * 6, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("loss", "target"),
    [(sn.CrossEntropy(0.1, WEIGHTS), TARGET), (sn.CrossEntropy(0.1, WEIGHTS), FLAGS), *LOSSES],
    ids=name_of,
)
def test_everything_is_on_the_device_of_the_outputs(loss: sn.Loss, target: Tensor) -> None:
    output = logits()
    expected = both(loss, output, target)
    with torch.device("meta"):  # where torch puts what is made without a device
        value, delta = both(loss, output, target)
    assert torch.equal(value, expected[0])
    assert torch.equal(delta, expected[1])
