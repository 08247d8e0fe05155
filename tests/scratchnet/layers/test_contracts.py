"""Five contracts that every layer keeps. A new layer is one line in CASES."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

import scratchnet as sn
from scratchnet.layers import Elementwise
from scratchnet.values import pad

RUNS, BATCH, PATCHES = 3, 5, 4  # with the layers' own widths, all sizes differ


@dataclass(frozen=True)
class Case:
    """A layer, the shape of its input after (R, B), and the narrower layers that may share its stack."""

    layer: sn.Layer
    shape: tuple[int, ...]
    noisy: bool = False
    narrower: tuple[sn.Layer, ...] = ()


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
    "dropout in evaluation": Case(sn.Dropout(7), (7,)),
    "sequential": Case(MLP, (7,), noisy=True, narrower=(mlp(4), mlp(8))),
    "patchify": Case(sn.Patchify(2, 6, 9, 3), (108,)),
    "transpose": Case(sn.Transpose(), (PATCHES, 7)),
    "mean over patches": Case(sn.MeanOverPatches(), (PATCHES, 7)),
    "layer_norm": Case(sn.LayerNorm(7), (7,)),
    "layer_norm over patches": Case(sn.LayerNorm(7), (PATCHES, 7)),
    "residual": Case(residual(9), (7,), narrower=(residual(2), residual(8))),
    "mixer block": Case(sn.Sequential((sn.Residual(ACROSS), sn.MeanOverPatches())), (PATCHES, 7)),
}

SETTINGS = {"dropout": torch.tensor([0.3, 0.5, 0.0], dtype=torch.float64)}


def generators(runs: int = RUNS) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(10 + r) for r in range(runs)]


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def spread(params: dict[str, Tensor]) -> dict[str, Tensor]:
    """Values that differ from run to run in every entry: zeros and ones would hide mistakes."""
    return {name: value + 0.1 * draw(*value.shape, seed=i) for i, (name, value) in enumerate(params.items())}


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request: pytest.FixtureRequest) -> Case:
    layer_case: Case = request.param
    return layer_case


@pytest.fixture
def params(case: Case) -> dict[str, Tensor]:
    values = spread(case.layer.init(generators(), torch.float64))
    noise = case.layer.noise(generators(), SETTINGS, BATCH, torch.float64) if case.noisy else {}
    return values | noise


@pytest.fixture
def x(case: Case) -> Tensor:
    return draw(RUNS, BATCH, *case.shape, seed=99)


def gradients(layer: sn.Layer, params: dict[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """y, and the layer's own dx and grads for the loss Σ y · cos(index)."""
    y, saved = layer.forward(params, x)
    dx, grads = layer.backward(params, saved, weighting(y))
    assert dx is not None
    return y, dx, grads


def weighting(y: Tensor) -> Tensor:
    return torch.arange(y.numel(), dtype=y.dtype).cos().view_as(y)


class TestContracts:
    def test_equals_autograd(self, case: Case, params: dict[str, Tensor], x: Tensor) -> None:
        y, dx, grads = gradients(case.layer, params, x)
        leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
        leaf = x.clone().requires_grad_()
        out, _ = case.layer.forward(leaves, leaf)
        learned = [leaves[name] for name in case.layer.names]
        expected = torch.autograd.grad((out * weighting(out)).sum(), [leaf, *learned])
        torch.testing.assert_close(y, out.detach(), rtol=0, atol=0)
        torch.testing.assert_close(dx, expected[0], rtol=1e-12, atol=1e-13)
        assert set(grads) == set(case.layer.names)
        for name, grad in zip(case.layer.names, expected[1:], strict=True):
            torch.testing.assert_close(grads[name], grad, rtol=1e-12, atol=1e-13)

    def test_equals_central_differences(self, case: Case, params: dict[str, Tensor], x: Tensor) -> None:
        _, dx, grads = gradients(case.layer, params, x)
        step = 1e-6

        def loss(moved: dict[str, Tensor], point: Tensor) -> float:
            y, _ = case.layer.forward(params | moved, point)
            return float((y * weighting(y)).sum())

        for name, grad in {"x": dx, **grads}.items():
            here = x if name == "x" else params[name]
            for seed in range(3):
                direction = draw(*here.shape, seed=seed + 50)
                there, back = here + step * direction, here - step * direction
                if name == "x":
                    slope = (loss({}, there) - loss({}, back)) / (2 * step)
                else:
                    slope = (loss({name: there}, x) - loss({name: back}, x)) / (2 * step)
                assert float((grad * direction).sum()) == pytest.approx(slope, rel=1e-6, abs=1e-7)

    def test_a_run_in_a_stack_equals_the_run_alone(self, case: Case, params: dict[str, Tensor], x: Tensor) -> None:
        y, dx, grads = gradients(case.layer, params, x)
        for r in range(RUNS):
            run_params = {name: value[r : r + 1] for name, value in params.items()}
            alone_y, saved = case.layer.forward(run_params, x[r : r + 1])
            alone_dx, alone = case.layer.backward(run_params, saved, weighting(y)[r : r + 1])
            torch.testing.assert_close(y[r : r + 1], alone_y, rtol=1e-13, atol=1e-14)
            torch.testing.assert_close(dx[r : r + 1], alone_dx, rtol=1e-13, atol=1e-14)
            for name, value in alone.items():
                torch.testing.assert_close(grads[name][r : r + 1], value, rtol=1e-13, atol=1e-14)

    def test_a_nan_run_leaves_the_others_untouched(self, case: Case, params: dict[str, Tensor], x: Tensor) -> None:
        y, dx, grads = gradients(case.layer, params, x)
        spoilt = {name: value.clone() for name, value in params.items()}
        for value in spoilt.values():
            value[1] = torch.nan
        spoilt_x = x.clone()
        spoilt_x[1] = torch.nan
        bad_y, bad_dx, bad = gradients(case.layer, spoilt, spoilt_x)
        assert bad_y[1].isnan().any()
        for before, after in [(y, bad_y), (dx, bad_dx), *((grads[name], bad[name]) for name in grads)]:
            assert torch.equal(before[[0, 2]], after[[0, 2]])

    def test_a_wrong_shape_names_layer_expectation_and_remedy(
        self, case: Case, params: dict[str, Tensor], x: Tensor
    ) -> None:
        y, saved = case.layer.forward(params, x)
        for dy in (y.unsqueeze(-1), y[:1], y[:, :1]):  # the last two would broadcast
            with pytest.raises(sn.ShapeError, match=r"dy expected \(.*\), got \(.*\); pass the gradient"):
                case.layer.backward(params, saved, dy)
        too_few_axes = isinstance(case.layer, Elementwise | sn.Transpose | sn.MeanOverPatches)
        wrong = x[0, 0].flatten() if too_few_axes else x[..., :-1]
        with pytest.raises(sn.ShapeError) as caught:
            case.layer.forward(params, wrong)
        said = str(caught.value)
        assert f"got {tuple(wrong.shape)}; " in said
        assert "expected (" in said
        owner = case.layer
        while isinstance(owner, sn.Sequential | sn.Residual):
            owner = owner.layers[0] if isinstance(owner, sn.Sequential) else owner.inner
        assert said.startswith(str(owner))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.narrower])
def test_padding_changes_no_run(name: str) -> None:
    case = CASES[name]
    layers = [case.layer, *case.narrower]
    widest = case.narrower[0].widest([*case.narrower[1:], case.layer])
    assert widest == case.layer
    assert {layer.structure() for layer in layers} == {case.layer.structure()}
    x = draw(len(layers), BATCH, *case.shape, seed=99)
    unpadded, alone, dys = [], [], []
    for r, (layer, g) in enumerate(zip(layers, generators(len(layers)), strict=True)):
        noise = layer.noise([g], {"dropout": torch.tensor([0.5])}, BATCH, torch.float64) if case.noisy else {}
        unpadded.append(spread(layer.init([g], torch.float64)) | noise)
        y, saved = layer.forward(unpadded[r], x[r : r + 1])
        dys.append({"dy": weighting(y)})
        dx, grads = layer.backward(unpadded[r], saved, weighting(y))
        assert dx is not None
        alone.append({"y": y, "dx": dx, **grads})
    params, dy = pad(unpadded), pad(dys)["dy"]
    y, saved = widest.forward(params, x)
    dx, grads = widest.backward(params, saved, dy)
    for key, expected in pad(alone).items():  # what is padded is zero here too
        torch.testing.assert_close({"y": y, "dx": dx, **grads}[key], expected, rtol=1e-13, atol=1e-14)


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
    with pytest.raises(sn.ShapeError, match=r"keep expected \(3, 2, 7\), got \(3, 5, 7\)"):
        sn.Dropout(7).forward({"keep": keep}, draw(RUNS, 2, 7))


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


@pytest.mark.parametrize("make", [lambda: sn.LeakyReLU(2.0), lambda: sn.Normal(-1.0)])
def test_settings_out_of_range_are_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        make()
