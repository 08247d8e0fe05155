"""The contracts of a layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    generators,
    refused,
    require,
    require_close,
    slope,
    weighting,
)
from scratchnet.layers import Layer, Residual, Sequential, ShapeError
from scratchnet.values import pad

SETTINGS = {name: torch.tensor([0.3, 0.5, 0.0], dtype=torch.float64) for name in ("dropout", "input_dropout")}


@dataclass(frozen=True)
class Case:
    """A layer, the shape of its input after (R, B), whether it draws noise, and narrower layers to share its stack."""

    layer: Layer
    shape: tuple[int, ...]
    noisy: bool = False
    narrower: tuple[Layer, ...] = ()

    def x(self, runs: int = RUNS) -> Tensor:
        return draw(runs, BATCH, *self.shape, seed=99)

    def params(self) -> dict[str, Tensor]:
        """Parameters that differ from run to run in every entry: zeros and ones would hide mistakes."""
        noise = self.layer.noise(generators(), SETTINGS, BATCH, torch.float64) if self.noisy else {}
        return spread(self.layer.init(generators(), torch.float64)) | noise


def spread(params: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value + 0.1 * draw(*value.shape, seed=i) for i, (name, value) in enumerate(params.items())}


def gradients(layer: Layer, params: Mapping[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """y, and the layer's own dx and grads for the loss Σ y · cos(index). Neither changes what it is given."""
    before = x.clone(), {name: value.clone() for name, value in params.items()}
    y, saved = layer.forward(params, x)
    dy = weighting(y)
    dx, grads = layer.backward(params, saved, dy)
    require(dx is not None, "backward: expected dx, got None")
    assert dx is not None
    require_close("x after forward and backward", x, before[0])
    require_close("dy after backward", dy, weighting(y))
    for name, value in before[1].items():
        require_close(f"{name} after forward and backward", params[name], value)
    require(set(grads) == set(layer.names), f"grads: expected {set(layer.names) or '{}'}, got {set(grads) or '{}'}")
    return y, dx, grads


def equals_autograd(case: Case) -> None:
    """dx and grads are those of automatic differentiation, in float64."""
    layer, params, x = case.layer, case.params(), case.x()
    y, dx, grads = gradients(layer, params, x)
    leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
    leaf = x.clone().requires_grad_()
    out, _ = layer.forward(leaves, leaf)
    learned = [leaves[name] for name in layer.names]
    expected = torch.autograd.grad((out * weighting(out)).sum(), [leaf, *learned])
    require_close("y", y, out.detach())
    got = [dx, *(grads[name] for name in layer.names)]
    for name, grad, right in zip(("dx", *layer.names), got, expected, strict=True):
        require_close(f"the gradient {name}" if name != "dx" else name, grad, right, 1e-12, 1e-13)


def equals_central_differences(case: Case) -> None:
    """dx and grads are the slopes of the loss along any direction."""
    layer, params, x = case.layer, case.params(), case.x()
    _, dx, grads = gradients(layer, params, x)

    def loss(name: str, value: Tensor) -> Tensor:
        values, point = (params, value) if name == "x" else ({**params, name: value}, x)
        y, _ = layer.forward(values, point)
        return (y * weighting(y)).sum()

    for name, grad in {"x": dx, **grads}.items():
        here = x if name == "x" else params[name]
        for seed in range(3):
            direction = draw(*here.shape, seed=seed + 50)
            expected, got = slope(partial(loss, name), here, direction), float((grad * direction).sum())
            ok = abs(got - expected) <= max(1e-6 * abs(expected), 1e-7)
            require(ok, f"the slope along {name}: expected {expected:.9g}, got {got:.9g}")


def in_a_stack_as_alone(case: Case) -> None:
    """A run in a stack has the figures of the run alone."""
    layer, params, x = case.layer, case.params(), case.x()
    y, dx, grads = gradients(layer, params, x)
    for r in range(RUNS):
        run = slice(r, r + 1)
        own = {name: value[run] for name, value in params.items()}
        alone_y, saved = layer.forward(own, x[run])
        alone_dx, alone = layer.backward(own, saved, weighting(y)[run])
        assert alone_dx is not None
        for name, got, expected in (("y", y, alone_y), ("dx", dx, alone_dx)):
            require_close(f"{name} of run {r} in a stack", got[run], expected, 1e-13, 1e-14)
        for name, value in alone.items():
            require_close(f"{name}'s gradient of run {r} in a stack", grads[name][run], value, 1e-13, 1e-14)


def nan_stays_in_its_run(case: Case) -> None:
    """A run that is NaN leaves the others bitwise unchanged."""
    params, x = case.params(), case.x()
    y, dx, grads = gradients(case.layer, params, x)
    for value in (*params.values(), x):
        value[NAN_RUN] = torch.nan
    bad_y, bad_dx, bad = gradients(case.layer, params, x)
    require(bool(bad_y[NAN_RUN].isnan().any()), "y of a run whose inputs are NaN: expected NaN, got numbers")
    for name, before, after in [("y", y, bad_y), ("dx", dx, bad_dx), *((n, grads[n], bad[n]) for n in grads)]:
        require_close(f"{name} beside a run of NaN", after[OTHERS], before[OTHERS])


def wrong_shapes_are_told(case: Case) -> None:
    """A wrong shape raises a ShapeError that names the layer, what it expected, what it got and what to do."""
    layer, params, x = case.layer, case.params(), case.x()
    y, saved = layer.forward(params, x)
    for dy in (y.unsqueeze(-1), y[:1], y[:, :1]):  # the last two would broadcast
        given = f"dy {tuple(dy.shape)} for y {tuple(y.shape)}"
        said = refused(partial(layer.backward, params, saved, dy), ShapeError, given)
        expect_words(said, ["dy expected (", "got (", "; pass the gradient"], given)
    wrong = x[0, 0].flatten() if layer.input_features is None else x[..., :-1]
    given = f"x {tuple(wrong.shape)}"
    said = refused(partial(layer.forward, params, wrong), ShapeError, given)
    expect_words(said, [f"got {tuple(wrong.shape)}; ", "expected ("], given)
    owner = layer
    while isinstance(owner, Sequential | Residual):
        owner = owner.layers[0] if isinstance(owner, Sequential) else owner.inner
    require(said.startswith(str(owner)), f"{given}: expected an error that begins with {owner}, got {said!r}")


def padding_changes_no_run(case: Case) -> None:
    """Narrower runs keep their figures where they are padded with zeros (where widths may differ)."""
    layers = [case.layer, *case.narrower]
    if not case.narrower:
        return
    widest = case.narrower[0].widest([*case.narrower[1:], case.layer])
    require(widest == case.layer, f"widest: expected {case.layer}, got {widest}")
    for layer in layers:
        require(layer.structure() == case.layer.structure(), f"structure: expected that of {case.layer} for {layer}")
    x = case.x(len(layers))
    unpadded, alone, dys = [], [], []
    for r, (layer, g) in enumerate(zip(layers, generators(len(layers)), strict=True)):
        settings = {name: value[:1] for name, value in SETTINGS.items()}
        noise = layer.noise([g], settings, BATCH, torch.float64) if case.noisy else {}
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
        require_close(f"{key}, padded", {"y": y, "dx": dx, **grads}[key], expected, 1e-13, 1e-14)


CONTRACTS: dict[str, Callable[[Case], None]] = {
    "gradients equal automatic differentiation": equals_autograd,
    "gradients equal central differences": equals_central_differences,
    "a run in a stack equals the run alone": in_a_stack_as_alone,
    "a run of NaN leaves the others untouched": nan_stays_in_its_run,
    "a wrong shape is told, with a remedy": wrong_shapes_are_told,
    "a narrower run is itself where it is padded": padding_changes_no_run,
}
