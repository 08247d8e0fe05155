"""The fast paths are the plain steps, written otherwise: they must end where those end."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nets import nets
from torch import Tensor

import scratchnet as sn
from scratchnet.kernels import Kernel, fused
from scratchnet.kernels.assembly import assemble

INPUTS, CLASSES = 12, 3


def network(
    hidden: Sequence[int], activation: type[sn.Layer] = sn.ReLU, dropout: bool = False, input_dropout: bool = False
) -> sn.Sequential:
    layers: list[sn.Layer] = [sn.Dropout(INPUTS, "input_dropout")] if input_dropout else []
    inputs = INPUTS
    for width in hidden:
        layers += [sn.Linear(inputs, width), activation()]
        layers += [sn.Dropout(width)] if dropout else []
        inputs = width
    return sn.Sequential((*layers, sn.Linear(inputs, CLASSES)))


def examples(count: int, values: bool = False) -> sn.Examples:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(count, INPUTS, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, CLASSES, (count,), generator=generator)
    targets = torch.tanh(x[:, :CLASSES]) if values else labels
    return sn.Examples(x, targets, torch.full((INPUTS,), 0.1), torch.full((INPUTS,), 2.0))


def stack(runs: Sequence[sn.Run], kernel: Kernel, dtype: torch.dtype = torch.float64) -> sn.Stack:
    return sn.Stack(runs, steps_per_epoch=50, dtype=dtype, kernel=kernel)


def run(hidden: Sequence[int] = (64,), **settings: float) -> sn.Run:
    return sn.Run(network(hidden), sn.CrossEntropy(), sn.SGD(), {"lr": 0.05} | settings)


def furthest(a: sn.Stack, b: sn.Stack) -> float:
    """The largest difference of a parameter or of a state, relative to the largest number of its tensor."""
    differences = [
        float((values[name].double() - other.double()).abs().max() / other.double().abs().max().clamp_min(1e-30))
        for values, others in ((a.params, b.params), (a.values.state, b.values.state))
        for name, other in others.items()
        if "carr" not in name  # what rounding took away: not the same in another order
    ]
    return max(differences)


def check(
    kernel: Kernel, runs: Sequence[sn.Run], batch_size: int, data: sn.Examples, order: Tensor, bound: float = 1e-12
) -> None:
    """Train by the plain steps and by the kernel, and compare losses, parameters and optimizer state."""
    plain, fast = stack(runs, "plain"), stack(runs, kernel)
    losses = [one.train(data, order, batch_size) for one in (plain, fast)]
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-11, atol=1e-11)
    assert plain.values.steps == fast.values.steps
    assert furthest(fast, plain) < bound


CASES = {
    "plain": run(l2=1e-3),
    "without decay": run(),
    "decoupled decay": run(weight_decay=0.1),
    "momentum": run(momentum=0.9, l2=1e-3, weight_decay=0.01),
    "deep": run((64, 20, 9), l2=1e-3),
    "deep momentum": run((64, 20, 9), l2=1e-3, momentum=0.8),
    "narrow": run((7, 5), l2=1e-3),
    "narrow momentum": run((7, 5), l2=1e-3, momentum=0.8, weight_decay=0.01),
    "no hidden layer": run(()),
    "strong decay, which the scale must not underflow from": run(lr=0.4, l2=1.0),
    "tiny decay, which float32 would round away": run(lr=0.001, l2=1e-5),
    "l2 on one layer": sn.Run(
        network((64,)), sn.CrossEntropy(), sn.SGD(), {"lr": 0.05, "l2": 0.1}, penalized=("2.weight",)
    ),
    "nesterov": sn.Run(
        network((64, 5)), sn.CrossEntropy(), sn.SGD(nesterov=True), {"lr": 0.02, "momentum": 0.9, "l2": 0.01}
    ),
    "smoothing": sn.Run(network((64,)), sn.CrossEntropy(0.1), sn.SGD(), {"lr": 0.05}),
    "one cycle": sn.Run(network((64,)), sn.CrossEntropy(), sn.SGD(), {"lr": 0.1, "l2": 0.01}, sn.OneCycle(), epochs=8),
    "dropout": sn.Run(
        network((64, 9), dropout=True), sn.CrossEntropy(), sn.SGD(), {"lr": 0.05, "dropout": 0.4, "l2": 1e-3}
    ),
    "input dropout": sn.Run(
        network((64,), input_dropout=True, dropout=True),
        sn.CrossEntropy(),
        sn.SGD(),
        {"lr": 0.05, "dropout": 0.2, "input_dropout": 0.3},
    ),
} | {
    activation.__name__: sn.Run(network((64, 9), activation), sn.CrossEntropy(), sn.SGD(), {"lr": 0.05, "l2": 1e-3})
    for activation in (sn.LeakyReLU, sn.Tanh, sn.Sigmoid, sn.GELU)
}


FAST: list[Kernel] = ["lookahead", "fused"]
fast_kernels = pytest.mark.parametrize("kernel", FAST)


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("case", CASES)
@fast_kernels
def test_equals_the_plain_steps(kernel: Kernel, case: str, batch_size: int) -> None:
    check(kernel, [CASES[case]], batch_size, examples(200), torch.randperm(200))


@pytest.mark.parametrize("batch_size", [1, 16])
@pytest.mark.parametrize("settings", [{}, {"l2": 0.01}, {"weight_decay": 0.1}, {"dropout": 0.3}])
def test_adam_equals_the_plain_steps(settings: dict[str, float], batch_size: int) -> None:
    adam = sn.Run(
        network((64, 9), dropout="dropout" in settings),
        sn.CrossEntropy(),
        sn.Adam(beta1=0.8, beta2=0.98),
        {"lr": 0.003} | settings,
        sn.OneCycle(),
        epochs=5,
    )
    check("fused", [adam], batch_size, examples(200), torch.randperm(200))


@pytest.mark.parametrize("hidden", [(64,), (6,)])
@fast_kernels
def test_equals_the_plain_steps_for_regression(kernel: Kernel, hidden: Sequence[int]) -> None:
    regression = sn.Run(network(hidden, sn.Tanh), sn.MeanSquaredError(), sn.SGD(), {"lr": 0.01, "momentum": 0.5})
    check(kernel, [regression], 2, examples(200, values=True), torch.randperm(200))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@fast_kernels
def test_equals_the_plain_steps_after_5000_of_them(kernel: Kernel, momentum: float) -> None:
    data = examples(1000)
    plain, fast = (stack([run(lr=0.01, l2=1e-3, momentum=momentum)], name) for name in ("plain", kernel))
    for epoch in range(5):
        order = torch.randperm(1000, generator=torch.Generator().manual_seed(epoch))
        for one in (plain, fast):
            one.train(data, order, 1)
    assert furthest(fast, plain) < 1e-11


@pytest.mark.parametrize("settings", [{"l2": 1e-3}, {"l2": 1e-5, "lr": 0.001}, {"momentum": 0.9, "l2": 1e-3}])
@fast_kernels
def test_float32_is_no_further_from_float64_than_the_plain_steps_are(
    kernel: Kernel, settings: dict[str, float]
) -> None:
    data = examples(2000)
    errors = []
    for seed in range(3):
        order = torch.randperm(2000, generator=torch.Generator().manual_seed(seed))
        exact, plain, fast = (
            stack([run(**settings)], name, dtype)
            for name, dtype in (("plain", torch.float64), ("plain", torch.float32), (kernel, torch.float32))
        )
        for one in (exact, plain, fast):
            one.train(data, order, 1)
        errors.append((distance(plain, exact), distance(fast, exact)))
        assert furthest(fast, exact) < max(1.5 * furthest(plain, exact), 20 * 2.0**-23)
    of_plain, of_fast = torch.tensor(errors, dtype=torch.float64).mean(0)
    assert of_fast < 1.2 * of_plain


def distance(a: sn.Stack, b: sn.Stack) -> float:
    """‖a − b‖ / ‖b‖ over all parameters."""
    pairs = [(a.params[name].double(), value.double()) for name, value in b.params.items()]
    squares = [(float((x - y).square().sum()), float(y.square().sum())) for x, y in pairs]
    return float((sum(d for d, _ in squares) / sum(n for _, n in squares)) ** 0.5)


@given(
    hidden=st.lists(st.sampled_from([1, 5, 48, 70]), max_size=3),
    batch_size=st.integers(1, 9),
    count=st.integers(1, 150),
    momentum=st.sampled_from([0.0, 0.5]),
    kernel=st.sampled_from(FAST),
)
def test_any_shape_equals_the_plain_steps(
    hidden: list[int], batch_size: int, count: int, momentum: float, kernel: Kernel
) -> None:
    check(kernel, [run(hidden, momentum=momentum, l2=0.01)], batch_size, examples(count), torch.randperm(count), 1e-11)


@given(
    nets(),
    st.sampled_from([sn.SGD(), sn.SGD(nesterov=True), sn.Adam()]),
    st.sampled_from([0.0, 0.5]),
    st.integers(50, 150),  # few steps: norms of two or three numbers multiply rounding by hundreds at each
)
def test_any_network_is_fused_as_its_plain_steps(
    drawn: tuple[sn.Sequential, tuple[int, ...]], optimizer: sn.Optimizer, momentum: float, batch_size: int
) -> None:
    net, shape = drawn
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(150, math.prod(shape), generator=generator, dtype=torch.float64)
    labels = torch.randint(0, net.path[-1], (150,), generator=generator)
    data = sn.Examples(x, labels, torch.zeros(x.shape[1]), torch.ones(x.shape[1]))
    settings = {"lr": 0.02, "momentum": momentum, "l2": 0.01, "dropout": 0.2, "input_dropout": 0.1}
    member = sn.Run(net, sn.CrossEntropy(0.1), optimizer, settings)
    plain, fast = stack([member], "plain"), stack([member], "fused")
    found, expected = (one.train(data, torch.arange(150), batch_size) for one in (fast, plain))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    # Absolute: where a norm leaves nothing of a gradient, what is left is rounding.
    torch.testing.assert_close(fast.params, plain.params, rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(fast.values.state, plain.values.state, rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(tuple(fast.evaluate(data)), tuple(plain.evaluate(data)), rtol=1e-7, atol=1e-7)


def test_a_patch_mlp_that_is_cut_into_pieces_equals_the_plain_steps() -> None:
    patches = sn.Patchify(1, 8, 8, 2)
    mixing = (sn.Linear(16, 20), sn.GELU(), sn.Linear(20, 16))
    along = sn.Sequential((sn.LayerNorm(6), sn.Linear(6, 6), sn.Tanh()))
    across = sn.Residual(sn.Sequential((sn.LayerNorm(6), sn.Transpose(), *mixing, sn.Transpose())))
    first = sn.Dropout(64, "input_dropout"), patches, sn.Linear(4, 6)
    last = sn.MeanOverPatches(), sn.Dropout(6), sn.Linear(6, 3)
    net = sn.Sequential((*first, across, sn.Residual(along), *last))
    assert assemble(net) is not None
    generator = torch.Generator().manual_seed(5)
    data = sn.Examples(
        torch.randn(300, 64, generator=generator), torch.arange(300) % 3, torch.zeros(64), torch.ones(64)
    )
    dropped = {"dropout": 0.2, "input_dropout": 0.3}
    for settings in ({"lr": 0.1, "l2": 0.01}, {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}):
        member = sn.Run(net, sn.CrossEntropy(), sn.SGD(), settings | dropped)
        check("fused", [member], 150, data, torch.randperm(300), 1e-11)


@pytest.mark.parametrize(
    "layers",
    [
        (sn.Linear(4, 4), sn.ReLU()),
        (sn.Linear(4, 4), sn.Linear(5, 4)),
        (sn.Patchify(1, 2, 2, 1), sn.Transpose(), sn.Linear(4, 4)),
        (sn.Patchify(1, 2, 2, 1), sn.Transpose(), sn.Linear(3, 4), sn.Transpose(), sn.Linear(1, 1)),
        (sn.Patchify(1, 2, 2, 1), sn.Transpose(), sn.LayerNorm(4), sn.Transpose(), sn.Linear(1, 1)),
        (sn.Patchify(1, 2, 2, 1), sn.Residual(sn.Sequential((sn.Linear(1, 2),))), sn.Linear(2, 1)),
        (sn.Linear(4, 4), sn.LayerNorm(5), sn.Linear(4, 4)),
        (sn.Residual(sn.Sequential(())), sn.Linear(4, 4)),
        (sn.Transpose(), sn.Linear(4, 4)),
        (sn.MeanOverPatches(), sn.Linear(4, 4)),
    ],
)
def test_layers_that_do_not_fit_have_no_parts(layers: tuple[sn.Layer, ...]) -> None:
    assert assemble(sn.Sequential(layers)) is None


def test_runs_that_start_alike_are_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    members = [run(lr=0.1), run(lr=0.2), run((50,)), sn.Run(**(vars(run()) | {"seed": 1}))]
    together, counted = stack(members, "fused"), []
    predictor = fused.predictor
    monkeypatch.setattr(fused, "predictor", lambda stack, r: counted.append(r) or predictor(stack, r))
    data = examples(100)
    for expected in ([0, 2, 3], [0, 1, 2, 3]):
        counted.clear()
        found = together.evaluate(data)
        assert counted == expected
        for r in range(len(members)):
            output = together.network.forward(together.params, (data.inputs - 0.1).div(2).expand(4, -1, -1))[0][r]
            loss = torch.nn.functional.cross_entropy(output, data.targets)
            assert float(found.loss[r]) == pytest.approx(float(loss), abs=1e-6)
        together.train(data, torch.arange(100), 10)


@pytest.mark.parametrize("hidden", [(64,), (64, 9), (6, 4)])
@fast_kernels
def test_a_run_in_a_stack_is_the_run_alone_to_the_last_bit(kernel: Kernel, hidden: Sequence[int]) -> None:
    data, order = examples(300), torch.randperm(300)
    wider = tuple(width + 3 for width in hidden)
    members = [run(hidden, l2=0.01, momentum=0.5), run(wider, lr=0.01, momentum=0.9), run(hidden, lr=1e30)]
    together = stack(members, kernel, torch.float32)
    together.train(data, order, 1)
    for r, member in enumerate(members[:2]):
        alone = stack([sn.Run(**vars(member))], kernel, torch.float32)
        alone.train(data, order, 1)
        for name, value in alone.params_of(0).items():
            assert torch.equal(together.params_of(r)[name], value), name
    assert not all(value.isfinite().all() for value in together.params_of(2).values())


@fast_kernels
def test_what_is_padded_stays_zero(kernel: Kernel) -> None:
    together = stack([run((64,), l2=0.1), run((50,), l2=0.1)], kernel)
    together.train(examples(100), torch.arange(100), 1)
    assert not together.params["0.weight"][1, :, 50:].any()
    assert not together.params["2.weight"][1, 50:].any()


@fast_kernels
def test_goes_on_from_a_state_to_the_last_bit(kernel: Kernel) -> None:
    data, order = examples(200), torch.randperm(200)
    member = CASES["dropout"]
    whole, first, second = (stack([member], kernel, torch.float32) for _ in range(3))
    for piece in order.split(100):
        whole.train(data, piece, 2)
    first.train(data, order[:100], 2)
    second.load_state_dict({name: value.clone() for name, value in first.state_dict().items()})
    second.train(data, order[100:], 2)
    for name, value in whole.state_dict().items():
        assert torch.equal(second.state_dict()[name], value), name


def test_chooses_by_the_size_of_the_batch() -> None:
    for member, largest in ((run(), 16), (run(momentum=0.9), 8), (run((8,)), 64)):
        chosen = stack([member], "auto")
        assert [chosen.kernel(size) for size in (1, largest, largest + 1)] == ["lookahead", "lookahead", "fused"]


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (sn.Run(network((9,)), sn.CrossEntropy(), sn.Adam(), {"lr": 0.1}), "the optimizer is Adam"),
        (sn.Run(sn.Sequential((sn.LayerNorm(12),)), sn.CrossEntropy(), sn.SGD(), {"lr": 0.1}), "needs linear layers"),
        (run(lr=1.0, l2=0.5), "must stay below 0.5"),
        (replace(run(lr=0.2, l2=0.5), schedule=sn.OneCycle(initial_divisor=0.2)), "a step would take 0.5 of each"),
        (replace(run(lr=0.2, l2=0.5), schedule=sn.Step(gamma=1.1)), "a step would take inf of each"),
        (sn.Run(network(()), sn.CrossEntropy(), sn.SGD(), {"lr": 0.1}, penalized=("0.bias",)), "no decay of biases"),
    ],
)
def test_says_why_it_cannot(refused: sn.Run, why: str) -> None:
    assert stack([refused], "auto").kernel(1) == ("fused" if isinstance(refused.optimizer, sn.Adam) else "plain")
    with pytest.raises(ValueError, match=why):
        stack([refused], "lookahead")
