"""Optimizers over many steps against torch.optim, every run of the stack with other settings."""

import math

import pytest
import torch
from torch import Tensor

import scratchnet as sn
from scratchnet import optimizers
from scratchnet.optimizers import Hyper

RUNS, STEPS = 3, 50
LR = [0.05, 0.01, 0.002]
L2 = [0.1, 0.0, 0.01]
MOMENTUM = [0.9, 0.0, 0.5]
DECAY = [0.0, 0.1, 0.5]


def tensor(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def start() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = {"0.weight": (RUNS, 4, 6), "0.bias": (RUNS, 6)}
    return {name: torch.randn(shape, generator=generator, dtype=torch.float64) for name, shape in shapes.items()}


def slope(params: dict[str, Tensor], step: int) -> dict[str, Tensor]:
    """Gradients of a bumpy function that changes from step to step; run by run, as every entry stands alone."""
    return {name: (3 * value).sin() + 0.3 * value + math.cos(step) for name, value in params.items()}


def ours(optimizer: sn.Optimizer, l2: list[float], momentum: list[float], decay: list[float]) -> dict[str, Tensor]:
    params = start()
    hyper = Hyper(tensor(momentum), {"0.weight": tensor(l2)}, {"0.weight": tensor(decay)})
    state = optimizer.init(params, hyper, tensor(LR))
    for step in range(STEPS):
        optimizer.step(params, slope(params, step), state, hyper, tensor(LR), step + 1)
    return params


def check_run(found: dict[str, Tensor], run: int, make: object) -> None:
    """One run of the stack against a torch optimizer made by make(weight, bias), stepped as often."""
    reference = {name: value[run].clone().requires_grad_() for name, value in start().items()}
    optimizer = make(reference["0.weight"], reference["0.bias"])  # type: ignore[operator]
    for step in range(STEPS):
        for name, grad in slope({k: v.detach() for k, v in reference.items()}, step).items():
            reference[name].grad = grad
        optimizer.step()
    for name, value in reference.items():
        torch.testing.assert_close(found[name][run], value.detach(), rtol=1e-10, atol=1e-12)


def groups(weight: Tensor, bias: Tensor, decay: float) -> list[dict[str, object]]:
    """Decay for weights alone."""
    return [{"params": [weight], "weight_decay": decay}, {"params": [bias], "weight_decay": 0.0}]


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [[0.0] * RUNS, MOMENTUM, [0.9, 0.8, 0.5]])
def test_sgd_with_l2_is_torchs(momentum: list[float], nesterov: bool) -> None:
    found = ours(sn.SGD(nesterov), L2, momentum, [0.0] * RUNS)
    for r in range(RUNS):

        def make(weight: Tensor, bias: Tensor, r: int = r) -> torch.optim.Optimizer:
            use = nesterov and momentum[r] > 0  # torch refuses Nesterov without momentum, where it changes nothing
            return torch.optim.SGD(groups(weight, bias, L2[r]), lr=LR[r], momentum=momentum[r], nesterov=use)

        check_run(found, r, make)


def test_adam_with_l2_is_torchs() -> None:
    found = ours(sn.Adam(beta1=0.8, beta2=0.95, eps=1e-6), L2, [0.0] * RUNS, [0.0] * RUNS)
    for r in range(RUNS):
        check_run(
            found,
            r,
            lambda w, b, r=r: torch.optim.Adam(groups(w, b, L2[r]), lr=LR[r], betas=(0.8, 0.95), eps=1e-6),
        )


def test_adamw_is_torchs() -> None:
    found = ours(sn.Adam(), [0.0] * RUNS, [0.0] * RUNS, DECAY)
    for r in range(RUNS):
        check_run(found, r, lambda w, b, r=r: torch.optim.AdamW(groups(w, b, DECAY[r]), lr=LR[r]))


class DecayedSGD(torch.optim.SGD):
    """torch's SGD with decoupled decay, which torch itself lacks."""

    def step(self, closure: object = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for param in group["params"]:
                param.data.mul_(1 - group["lr"] * group["decoupled"])
        super().step()


def test_sgd_with_decoupled_decay() -> None:
    found = ours(sn.SGD(), [0.0] * RUNS, MOMENTUM, DECAY)
    for r in range(RUNS):

        def make(weight: Tensor, bias: Tensor, r: int = r) -> torch.optim.Optimizer:
            parts = [{"params": [weight], "decoupled": DECAY[r]}, {"params": [bias], "decoupled": 0.0}]
            return DecayedSGD(parts, lr=LR[r], momentum=MOMENTUM[r])

        check_run(found, r, make)


# -- float32 where a step's decay is below the resolution of the numbers it acts on


def decayed(setting: str, lr: float, decay: list[float], steps: int, momentum: float = 0.0) -> Tensor:
    """Weights of 1.5 after many steps without any gradient, as those of a pixel that is always black."""
    params = {"weight": torch.full((len(decay), 2, 3), 1.5)}
    rates, decays = tensor([lr] * len(decay)), {"weight": tensor(decay)}
    hyper = Hyper(tensor([momentum] * len(decay)), *((decays, {}) if setting == "l2" else ({}, decays)))
    state = sn.SGD().init(params, hyper, rates)
    zero = torch.zeros_like(params["weight"])
    for step in range(steps):
        sn.SGD().step(params, {"weight": zero.clone()}, state, hyper, rates, step + 1)
    return params["weight"]


@pytest.mark.parametrize("setting", ["l2", "weight_decay"])
@pytest.mark.parametrize(("lr", "decay"), [(1e-3, 1e-5), (1e-2, 1e-5), (1e-3, 1e-3)])
def test_tiny_decay_is_not_lost(setting: str, lr: float, decay: float) -> None:
    steps = 20_000
    exact = 1.5 * math.exp(steps * math.log1p(-lr * decay))
    found = decayed(setting, lr, [decay], steps)
    assert found.unique().item() == pytest.approx(exact, rel=2e-7)


def test_tiny_decay_would_be_lost_without_the_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decayed("l2", 1e-3, [1e-5], 200).unique().item() < 1.5
    monkeypatch.setattr(optimizers, "_CARRY_BELOW", 0.0)
    assert decayed("l2", 1e-3, [1e-5], 200).unique().item() == 1.5


def test_tiny_decay_with_momentum() -> None:
    steps, lr, decay, momentum = 20_000, 1e-3, 1e-5, 0.9
    weight, velocity = 1.5, 0.0
    for _ in range(steps):
        velocity = momentum * velocity + decay * weight
        weight -= lr * velocity
    assert decayed("l2", lr, [decay], steps, momentum).unique().item() == pytest.approx(weight, rel=2e-7)


@pytest.mark.parametrize("halves", [(1.0, 0.0), (0.0, 1.0), (0.5, 0.5)], ids=["l2", "weight_decay", "both"])
def test_a_start_has_what_is_carried_where_the_decay_of_a_step_is_tiny(halves: tuple[float, float]) -> None:
    decay = tensor([0.0, 2.0**-17, 2.0**-17 - 2.0**-50, 1e-30])  # at a rate of 1/4: at and below 2^−19
    l2, weight_decay = ({"w": part * decay} if part else {} for part in halves)
    params = {"w": torch.ones(4, 2, 3), "b": torch.ones(4, 2), "x": torch.ones(4, 2, dtype=torch.float64)}
    l2, weight_decay = ({**part, "x": part["w"]} if part else {} for part in (l2, weight_decay))
    state = sn.SGD().init(params, Hyper(tensor([0.0] * 4), l2, weight_decay), tensor([0.25] * 4))
    assert state.keys() == {"w.carry", "w.carried"}
    assert torch.equal(state["w.carry"], torch.zeros(4, 2, 3))
    assert state["w.carried"].dtype == torch.float32
    assert torch.equal(state["w.carried"], torch.tensor([0.0, 0.0, 1.0, 1.0]))
    large = Hyper(tensor([0.0, 0.0, 0.0, 0.5]), {"w": tensor([0.0, 1.0, 1.0, 1.0])}, {})
    started = sn.SGD().init(params, large, tensor([0.25] * 4)), sn.Adam().init(params, large, tensor([0.25] * 4))
    for state, names in zip(started, (["velocity"], ["m", "v"]), strict=True):
        assert state.keys() == {f"{name}.{what}" for name in params for what in names}
        for name, value in state.items():
            assert torch.equal(value, torch.zeros_like(params[name[0]]))


def test_what_a_step_rounds_off_is_carried_by_the_runs_that_need_it() -> None:
    rates, l2 = tensor([1e-3, 1e-3]), tensor([1e-5, 1.0])
    params = {"w": torch.full((2, 3), 1.5)}
    hyper = Hyper(tensor([0.0, 0.0]), {"w": l2}, {})
    state = sn.SGD().init(params, hyper, rates)
    sn.SGD().step(params, {"w": torch.full((2, 3), 2.0**-10)}, state, hyper, rates, 1)
    moved = 1.5 - 1e-3 * (2.0**-10 + l2 * 1.5)
    assert params["w"][:, 0].tolist() == pytest.approx(moved.tolist(), rel=6e-8)
    assert (params["w"].double() + state["w.carry"].double())[0].tolist() == pytest.approx(
        [float(moved[0])] * 3, rel=1e-13
    )
    assert state["w.carry"][0].all()
    assert not state["w.carry"][1].any()


@pytest.mark.parametrize("optimizer", [sn.SGD(), sn.SGD(nesterov=True), sn.Adam()], ids=str)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_run_is_the_same_beside_one_whose_decay_is_carried(optimizer: sn.Optimizer, momentum: float) -> None:
    def train(l2: list[float]) -> dict[str, Tensor]:
        params = {name: value[: len(l2)].float() for name, value in start().items()}
        hyper = Hyper(tensor([momentum] * len(l2)), {"0.weight": tensor(l2)}, {})
        rates = tensor([1e-3] * len(l2))
        state = optimizer.init(params, hyper, rates)
        assert ("0.weight.carry" in state) == (1e-5 in l2)
        for step in range(STEPS):
            optimizer.step(params, slope(params, step), state, hyper, rates, step + 1)
        return params

    beside, alone = train([1.0, 1e-5]), train([1.0])
    for name, value in alone.items():
        assert torch.equal(beside[name][:1], value)


@pytest.mark.parametrize("decay", [0.1, 1e-6], ids=["plain", "carried"])
@pytest.mark.parametrize("optimizer", [sn.SGD(), sn.Adam()], ids=str)
def test_a_nan_run_leaves_the_others_untouched(optimizer: sn.Optimizer, decay: float) -> None:
    def train(spoilt: float) -> dict[str, Tensor]:
        params = {name: value.float() for name, value in start().items()}
        hyper = Hyper(tensor(MOMENTUM), {"0.weight": tensor([decay] * RUNS)}, {"0.weight": tensor([decay] * RUNS)})
        state = optimizer.init(params, hyper, tensor(LR))
        for step in range(STEPS):
            grads = slope(params, step)
            grads["0.weight"][1] += spoilt
            optimizer.step(params, grads, state, hyper, tensor(LR), step + 1)
        return params | state

    calm, wild = train(0.0), train(torch.nan)
    assert wild["0.weight"][1].isnan().all()
    for name, value in calm.items():
        assert torch.equal(value[[0, 2]], wild[name][[0, 2]])
