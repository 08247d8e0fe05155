"""Contracts that every layer keeps (`scratchnet.check`). A new layer is one line in CASES."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import scratchnet as sn
from scratchnet import check
from scratchnet.check import Case
from scratchnet.check._layers import SETTINGS, gradients, spread
from scratchnet.check._numbers import BATCH, RUNS, draw, generators, weighting

PATCHES = 4  # with the layers' own widths, all sizes differ


def mlp(hidden: int) -> sn.Sequential:
    return sn.Sequential((sn.Linear(7, hidden), sn.Tanh(), sn.Dropout(hidden), sn.Linear(hidden, 2)))


def residual(hidden: int) -> sn.Residual:
    return sn.Residual(sn.Sequential((sn.Linear(7, hidden), sn.GELU(), sn.Linear(hidden, 7))))


MLP = mlp(9)
ACROSS = sn.Sequential((sn.LayerNorm(7), sn.Transpose(), sn.Linear(4, 6), sn.ReLU(), sn.Linear(6, 4), sn.Transpose()))

CASES = {
    "linear": Case(sn.Linear(7, 6), (7,), narrower=(sn.Linear(7, 4), sn.Linear(7, 2))),
    "linear over patches": Case(sn.Linear(7, 6), (PATCHES, 7)),
    "relu": Case(sn.ReLU(), (7,)),
    "leaky_relu": Case(sn.LeakyReLU(0.1), (7,)),
    "tanh": Case(sn.Tanh(), (7,)),
    "sigmoid": Case(sn.Sigmoid(), (7,)),
    "gelu": Case(sn.GELU(), (7,)),
    "dropout": Case(sn.Dropout(7), (7,), noisy=True),
    "dropout of a number": Case(sn.Dropout(7, 0.4), (7,), noisy=True),
    "dropout in evaluation": Case(sn.Dropout(7), (7,)),
    "sequential": Case(MLP, (7,), noisy=True, narrower=(mlp(4), mlp(8))),
    "patchify": Case(sn.Patchify(2, 6, 9, 3), (108,)),
    "transpose": Case(sn.Transpose(), (PATCHES, 7)),
    "mean over patches": Case(sn.MeanOverPatches(), (PATCHES, 7)),
    "flatten": Case(sn.Flatten(), (PATCHES, 7)),
    "flatten of rows": Case(sn.Flatten(), (7,)),
    "convolution": Case(sn.Sequential((sn.Patchify(2, 6, 9, 3), sn.Linear(18, 5), sn.Flatten())), (108,)),
    "layer_norm": Case(sn.LayerNorm(7), (7,)),
    "layer_norm over patches": Case(sn.LayerNorm(7), (PATCHES, 7)),
    "residual": Case(residual(9), (7,), narrower=(residual(2), residual(8))),
    "mixer block": Case(sn.Sequential((sn.Residual(ACROSS), sn.MeanOverPatches())), (PATCHES, 7)),
}


@pytest.mark.parametrize("contract", check.LAYERS.values(), ids=check.LAYERS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_contract(case: Case, contract: Callable[[Case], None]) -> None:
    contract(case)


def test_only_the_gradient_asked_for_is_computed() -> None:
    layer, x = MLP, draw(RUNS, BATCH, 7)
    params = layer.init(generators(), torch.float64)
    y, saved = layer.forward(params, x)
    _, everything = layer.backward(params, saved, y)
    nothing, grads = layer.backward(params, saved, y, input_grad=False)
    assert nothing is None
    assert all(torch.equal(grads[name], everything[name]) for name in layer.names)


def test_shared_input_is_each_runs_input() -> None:
    layer, x = sn.Linear(7, 6), draw(BATCH, 7)
    params = spread(layer.init(generators(), torch.float64))
    shared, _ = layer.forward(params, x)
    apart, _ = layer.forward(params, x.repeat(RUNS, 1, 1))
    assert torch.equal(shared, apart)


@pytest.mark.parametrize("layer", [sn.Linear(7, 6), sn.LayerNorm(7)], ids=str)
def test_inputs_of_another_number_of_runs_are_refused(layer: sn.Layer) -> None:
    with pytest.raises(sn.ShapeError, match=r"expected \(3, B, \.\.\., 7\), got \(1, 5, 7\)"):
        layer.forward(layer.init(generators(), torch.float64), draw(1, BATCH, 7))


def test_a_mask_of_another_batch_is_refused() -> None:
    keep = torch.ones(RUNS, BATCH, 7, dtype=torch.float64)
    with pytest.raises(sn.ShapeError) as told:
        sn.Dropout(7).forward({"keep": keep}, draw(RUNS, 2, 7))
    said = "keep expected (3, 2, 7), got (3, 5, 7); draw it for this batch"
    assert str(told.value) == f"Dropout(features=7, rate='dropout'): {said}"


def test_an_inner_layer_of_another_width_is_refused() -> None:
    layer = sn.Residual(sn.Linear(7, 1))  # whose output would broadcast
    with pytest.raises(sn.ShapeError, match=r"inner output expected \(3, 5, 7\), got \(3, 5, 1\)"):
        layer.forward(layer.init(generators(), torch.float64), draw(RUNS, BATCH, 7))


def test_dropout_keeps_the_mean_and_the_rate() -> None:
    layer = sn.Dropout(400)
    keep = layer.noise(generators(), SETTINGS, 500, torch.float64)["keep"]
    for r, p in enumerate(SETTINGS["dropout"].tolist()):
        assert set(keep[r].unique().tolist()) <= {0.0, 1 / (1 - p)}
        assert (keep[r] == 0).double().mean().item() == pytest.approx(p, abs=0.005)
        assert keep[r].mean().item() == pytest.approx(1, abs=0.01)


def test_patchify_takes_squares_row_by_row() -> None:
    image = torch.arange(2 * 4 * 6, dtype=torch.float64).view(1, 1, -1)
    y, _ = sn.Patchify(2, 4, 6, 2).forward({}, image)
    assert y.shape == (1, 1, 6, 8)
    assert y[0, 0, 1].tolist() == [2, 3, 8, 9, 26, 27, 32, 33]
    with pytest.raises(ValueError, match="patch_size=4 does not divide 4×6"):
        sn.Patchify(2, 4, 6, 4)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (sn.ReLU(), torch.nn.functional.relu),
        (sn.LeakyReLU(), torch.nn.functional.leaky_relu),
        (sn.Tanh(), torch.tanh),
        (sn.Sigmoid(), torch.sigmoid),
        (sn.GELU(), torch.nn.functional.gelu),
        (sn.LayerNorm(7), lambda x: torch.nn.functional.layer_norm(x, (7,))),
    ],
    ids=lambda value: str(value)[:12] if isinstance(value, sn.Layer) else "",
)
def test_functions_are_torchs(ours: sn.Layer, theirs: Callable[[Tensor], Tensor]) -> None:
    x = 3 * draw(RUNS, BATCH, 7)
    x[:, 0, :3] = 0  # at the kink as well, where dead units and black pixels are
    y, dx, _ = gradients(ours, ours.init(generators(), torch.float64), x)
    leaf = x.requires_grad_()
    expected = theirs(leaf)
    (slope,) = torch.autograd.grad((expected * weighting(expected)).sum(), leaf)
    torch.testing.assert_close(y, expected.detach(), rtol=1e-13, atol=1e-14)
    torch.testing.assert_close(dx, slope, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("layer", [sn.ReLU(), sn.LeakyReLU(), sn.Tanh(), sn.Sigmoid(), sn.GELU()], ids=str)
def test_no_finite_float32_overflows(layer: sn.Layer) -> None:
    y, dx, _ = gradients(layer, {}, torch.tensor([[-1e38, -1e20, -100.0, 0.0, 100.0, 1e20, 1e38]]))
    assert y.isfinite().all()
    assert dx.isfinite().all()


@pytest.mark.parametrize("make", [lambda: sn.LeakyReLU(1.001), lambda: sn.LeakyReLU(-0.001), lambda: sn.Normal(-0.001)])
def test_settings_out_of_range_are_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"must be|allowed"):
        make()


def test_the_ends_of_a_range_are_in_it() -> None:
    x = torch.tensor([[[-2.0, 3.0]]])
    for slope in (0.0, 1.0):
        assert sn.LeakyReLU(slope).forward({}, x)[0].tolist() == [[[-2.0 * slope, 3.0]]]
    assert sn.Normal(0.0)(torch.Generator(), 3, 2).abs().max() == 0
