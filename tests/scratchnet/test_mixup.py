"""Mixup: what is mixed, by how much, and that its loss is that of both targets, in both kernels."""

from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import scratchnet as sn

CLASSES = 4
WEIGHTS = (0.5, 2.0, 0.0, 1.5)
LOSSES = [sn.CrossEntropy(), sn.CrossEntropy(0.3), sn.CrossEntropy(0.0, WEIGHTS), sn.CrossEntropy(0.3, WEIGHTS)]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def examples(count: int = 90, weight: Tensor | None = None) -> sn.Examples:
    inputs = torch.randint(0, 256, (count, 6), generator=generator(1), dtype=torch.uint8)
    targets = torch.randint(0, CLASSES, (count,), generator=generator(2))
    mean = torch.full((6,), 120.0, dtype=torch.float64)
    return sn.Examples(inputs, targets, mean, mean / 2, weight)


def run_of(loss: sn.Loss | None = None, width: int = 7, **settings: float) -> sn.Run:
    network = sn.Sequential((sn.Linear(6, width), sn.Tanh(), sn.Linear(width, CLASSES)))
    return sn.Run(network, loss or LOSSES[0], sn.SGD(), {"lr": 0.1, "momentum": 0.5} | settings, seed=width)


def stack_of(*runs: sn.Run, kernel: str = "auto") -> sn.Stack:
    return sn.Stack(runs, steps_per_epoch=10, dtype=torch.float64, kernel=kernel)


@given(batch=st.integers(1, 20), alpha=st.floats(0.01, 10), seed=st.integers(0, 999))
def test_inputs_and_targets_are_mixed_alike_with_one_share_a_batch(batch: int, alpha: float, seed: int) -> None:
    x = torch.randn(batch, 3, generator=generator(seed), dtype=torch.float64)
    mixed, who = sn.Mixup(alpha)(x, torch.eye(batch, dtype=torch.float64), generator(seed))
    torch.testing.assert_close(mixed, who @ x, rtol=1e-12, atol=1e-12)
    share = who.diagonal().min()  # of an example that is not its own partner
    partners = who - share * torch.eye(batch, dtype=torch.float64)
    torch.testing.assert_close(partners.sum(0), (1 - share).expand(batch), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(partners.amax(1), (1 - share).expand(batch), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_shares_have_the_distribution(alpha: float) -> None:
    draws, one = generator(), torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    mixed = [float(sn.Mixup(alpha)(one, one, draws)[0][1]) for _ in range(3000)]
    shares = np.array([share for share in mixed if share != 1])  # else its own partner
    assert 1300 < len(shares) < 1700
    assert scipy.stats.kstest(shares, scipy.stats.beta(alpha, alpha).cdf).pvalue > 0.01


@pytest.mark.parametrize("alpha", [0.3, 1.0])
def test_the_share_is_a_quantile_of_the_distribution_and_partners_a_permutation(alpha: float) -> None:
    x, target = torch.rand(6, 3, generator=generator(8)), torch.eye(6, dtype=torch.float64)
    with torch.device("meta"):  # where torch puts what is made without a device
        mixed, who = sn.Mixup(alpha)(x, target, draws := generator(4))
    share = scipy.stats.beta(alpha, alpha).ppf(torch.rand((), generator=draws.manual_seed(4), dtype=torch.float64))
    partner = torch.randperm(6, generator=draws)
    torch.testing.assert_close(who, share * target + (1 - share) * target[partner], rtol=1e-12, atol=1e-14)
    expected = share * x.double() + (1 - share) * x[partner].double()
    torch.testing.assert_close(mixed, expected.float(), rtol=1e-6, atol=0)


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_the_loss_is_that_of_both_targets_mixed(loss: sn.CrossEntropy) -> None:
    output = torch.randn(3, 5, CLASSES, generator=generator(), dtype=torch.float64).requires_grad_()
    first, second = torch.tensor([0, 1, 2, 3, 0]), torch.tensor([3, 1, 0, 2, 0])
    shares = [torch.nn.functional.one_hot(target, CLASSES).double() for target in (first, second)]
    value, saved = loss.forward(output, 0.3 * shares[0] + 0.7 * shares[1])
    expected = 0.3 * loss.forward(output, first)[0] + 0.7 * loss.forward(output, second)[0]
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=1e-12)
    (gradient,) = torch.autograd.grad(expected.sum(), output)
    torch.testing.assert_close(loss.backward(saved), gradient, rtol=1e-12, atol=1e-12)
    if loss.class_weight is None:
        mixed, smoothing = 0.3 * shares[0] + 0.7 * shares[1], loss.label_smoothing
        theirs = torch.nn.functional.cross_entropy(output[0], mixed, label_smoothing=smoothing)
        torch.testing.assert_close(value[0], theirs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kernel", ["plain", "compiled"])
def test_no_finite_logits_overflow(kernel: str) -> None:
    network = sn.Sequential((sn.Linear(6, CLASSES, sn.Zeros()),))
    stack = sn.Stack([sn.Run(network, sn.CrossEntropy(), sn.SGD(), {"lr": 0.0})], steps_per_epoch=1, kernel=kernel)
    stack.groups[0].params["0.bias"].copy_(torch.tensor([[3e38, -3e38, 3e38, 3e38]]))
    same = sn.Examples(torch.zeros(8, 6), torch.zeros(8, dtype=torch.int64), torch.zeros(6), torch.ones(6))
    loss = stack.train(same, torch.arange(8), 8, None, generator(), sn.Mixup(1.0))
    assert float(loss) == pytest.approx(np.log(3), rel=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", LOSSES, ids=str)
@pytest.mark.parametrize("batch", [1, 8, 40])
def test_both_kernels_take_the_steps_of_weighted_pairs(loss: sn.Loss, batch: int, weighted: bool) -> None:
    """A mixed example is the mixed input twice: as the one class, counting λ, and as the other, counting 1 − λ."""
    weight = torch.rand(90, generator=generator(3), dtype=torch.float64) if weighted else None
    data, draws, mixup = examples(weight=weight), generator(5), sn.Mixup(0.7)
    ends: dict[str, Any] = {}
    for kernel in ("plain", "compiled"):
        stack = stack_of(run_of(loss), kernel=kernel)
        losses = stack.train(data, torch.arange(90), batch, None, generator(5), mixup)
        ends[kernel] = losses, stack.params
    pairs, losses = stack_of(run_of(loss), kernel="plain"), []
    for rows in torch.arange(90).split(batch):
        x, who = mixup(data.inputs[rows].double(), torch.eye(len(rows), dtype=torch.float64), draws)
        places = who.nonzero()
        counts = who[places[:, 0], places[:, 1]] * (len(places) / len(rows))
        if weight is not None:
            counts *= weight[rows[places[:, 1]]]
        doubled = sn.Examples(x[places[:, 0]], data.targets[rows[places[:, 1]]], data.mean, data.std, counts)
        losses.append(pairs.train(doubled, torch.arange(len(places)), len(places)))
    for end in ends.values():
        torch.testing.assert_close(end, (torch.cat(losses), pairs.params), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kernel", ["plain", "compiled"])
def test_a_run_in_a_stack_is_the_run_alone_to_the_last_bit(kernel: str) -> None:
    runs, augment = [run_of(), run_of(width=5)], sn.Augment(1, 2, 3, flip=True, cutout=1)
    together = stack_of(*runs, kernel=kernel)
    losses = together.train(examples(), torch.arange(90), 8, augment, generator(), sn.Mixup(1.0))
    orders = torch.stack([torch.arange(90), torch.arange(90).flip(0)])
    apart = stack_of(*runs, kernel=kernel)
    apart.train(examples(), orders, 8, augment, [generator(), generator(7)], sn.Mixup(1.0))
    for r, run in enumerate(runs):
        alone = stack_of(run, kernel=kernel)
        expected = alone.train(examples(), torch.arange(90), 8, augment, generator(), sn.Mixup(1.0))
        assert torch.equal(losses[:, r : r + 1], expected)
        torch.testing.assert_close(together.params_of(r), alone.params_of(0), rtol=0, atol=0)
    torch.testing.assert_close(apart.params_of(0), together.params_of(0), rtol=0, atol=0)


def test_what_is_wrong_is_named() -> None:
    for alpha in (0, -1.0, float("inf"), "much"):
        with pytest.raises(ValueError, match=r"Mixup: alpha=.*allowed: a finite number above 0"):
            sn.Mixup(alpha)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="mixup needs a generator"):
        stack_of(run_of()).train(examples(), torch.arange(90), 8, mixup=sn.Mixup(1.0))
    values = sn.Examples(torch.zeros(4, 6), torch.zeros(4, CLASSES), torch.zeros(6), torch.ones(6))
    with pytest.raises(ValueError, match="mixup mixes the classes of CrossEntropy, got MeanSquaredError"):
        stack_of(run_of(sn.MeanSquaredError())).train(values, torch.arange(4), 2, None, generator(), sn.Mixup(1.0))
