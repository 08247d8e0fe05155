"""Stacks of whole networks: against torch, against the run alone, against a restart."""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import scratchnet as sn
from scratchnet.examples import Examples
from scratchnet.kernels import plain
from scratchnet.values import Values

EXAMPLES, FEATURES, CLASSES, BATCH = 70, 11, 4, 16
STEPS = -(-EXAMPLES // BATCH)  # the last batch is shorter


def examples(seed: int = 0) -> Examples:
    g = torch.Generator().manual_seed(seed)
    inputs = torch.randint(0, 256, (EXAMPLES, FEATURES), generator=g, dtype=torch.uint8)
    targets = torch.randint(0, CLASSES, (EXAMPLES,), generator=g)
    mean = 127 + torch.arange(FEATURES, dtype=torch.float64)
    return Examples(inputs, targets, mean, torch.full((FEATURES,), 75.0, dtype=torch.float64))


def network(widths: Sequence[int], activation: sn.Layer | None = None, dropout: bool = False) -> sn.Sequential:
    layers: list[sn.Layer] = []
    for i, (before, after) in enumerate(zip([FEATURES, *widths], [*widths, CLASSES], strict=True)):
        layers.append(sn.Linear(before, after))
        if i < len(widths):
            layers.append(activation or sn.Tanh())
            layers += [sn.Dropout(after)] if dropout else []
    return sn.Sequential(tuple(layers))


def make_run(
    widths: Sequence[int] = (9, 6), optimizer: sn.Optimizer | None = None, seed: int = 0, **settings: float
) -> sn.Run:
    return sn.Run(network(widths), sn.CrossEntropy(), optimizer or sn.SGD(), {"lr": 0.05} | settings, seed=seed)


RUNS = [
    make_run((9, 6), lr=0.1, momentum=0.9, l2=1e-3, seed=1),
    make_run((5, 8), lr=0.02, momentum=0.0, l2=0.0, weight_decay=0.1, seed=2),
    make_run((7, 6), lr=0.05, momentum=0.5, l2=1e-2, seed=3),
]


def stack_of(runs: Sequence[sn.Run], dtype: torch.dtype = torch.float64, kernel: str = "auto") -> sn.Stack:
    return sn.Stack(runs, steps_per_epoch=STEPS, dtype=dtype, kernel=kernel)


kernels = pytest.mark.parametrize("kernel", ["plain", "auto"])


def orders(epochs: int) -> Iterator[Tensor]:
    g = torch.Generator().manual_seed(5)
    for _ in range(epochs):
        yield torch.randperm(EXAMPLES, generator=g)


def train(stack: sn.Stack, epochs: int, skip: int = 0) -> Tensor:
    losses = [stack.train(examples(), order, BATCH) for i, order in enumerate(orders(epochs)) if i >= skip]
    return torch.cat(losses)


def torch_model(params: dict[str, Tensor]) -> torch.nn.Sequential:
    """The same network in torch, with the same parameters."""
    layers: list[torch.nn.Module] = []
    weights = [name for name in params if name.endswith("weight")]
    for name in weights:
        weight = params[name]
        layer = torch.nn.Linear(*weight.shape, dtype=torch.float64)
        layer.weight.data.copy_(weight.T)
        layer.bias.data.copy_(params[name.replace("weight", "bias")])
        layers += [layer, torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


@kernels
@pytest.mark.parametrize("adam", [False, True], ids=["sgd", "adam"])
def test_200_steps_are_torchs(adam: bool, kernel: str) -> None:
    runs = [replace(run, optimizer=sn.Adam()) for run in RUNS] if adam else RUNS
    stack, data, epochs = stack_of(runs, kernel=kernel), examples(), 40
    models = [torch_model(stack.params_of(r)) for r in range(len(runs))]
    losses = train(stack, epochs)
    assert len(losses) == epochs * STEPS == 200
    for r, (run, model) in enumerate(zip(runs, models, strict=True)):
        weights = [p for name, p in model.named_parameters() if "weight" in name]
        biases = [p for name, p in model.named_parameters() if "bias" in name]
        wanted = {"lr": run.settings.lr}
        decay, decoupled = run.settings.l2, run.settings.weight_decay
        parts = [{"params": weights, "weight_decay": decay}, {"params": biases}]
        optimizer = (
            torch.optim.Adam(parts, **wanted)
            if adam
            else torch.optim.SGD(parts, momentum=run.settings.momentum, **wanted)
        )
        expected = []
        for order in orders(epochs):
            for index in order.split(BATCH):
                x, y = data.batch(index, torch.float64)
                loss = torch.nn.functional.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                for weight in weights:
                    weight.data.mul_(1 - run.settings.lr * decoupled)
                optimizer.step()
                expected.append(loss.item())
        torch.testing.assert_close(losses[:, r], torch.tensor(expected, dtype=torch.float64), rtol=1e-9, atol=1e-12)
        linears = [layer for layer in model if isinstance(layer, torch.nn.Linear)]
        found = list(stack.params_of(r).values())
        for layer, weight, bias in zip(linears, found[::2], found[1::2], strict=True):
            for ours, theirs in ((weight, layer.weight.detach().T), (bias, layer.bias.detach())):
                assert (ours - theirs).norm() <= 1e-9 * theirs.norm()


NOISY = [
    sn.Run(network((9,), dropout=True), sn.CrossEntropy(), sn.SGD(), {"lr": 0.1, "dropout": 0.5}, seed=1),
    sn.Run(network((6,), dropout=True), sn.CrossEntropy(), sn.SGD(), {"lr": 0.3, "dropout": 0.2, "momentum": 0.9}),
    sn.Run(network((4,), dropout=True), sn.CrossEntropy(), sn.SGD(), {"lr": 0.2, "l2": 0.1}, sn.Cosine(), 3, 7),
]


@kernels
@pytest.mark.parametrize("runs", [RUNS, NOISY], ids=["plain", "dropout"])
def test_a_run_in_a_stack_equals_the_run_alone(runs: list[sn.Run], kernel: str) -> None:
    stack = stack_of(runs, kernel=kernel)
    losses = train(stack, 1)
    together = stack.evaluate(examples(1))
    for r, run in enumerate(runs):
        alone = stack_of([run], kernel=kernel)
        torch.testing.assert_close(losses[:, r], train(alone, 1)[:, 0], rtol=1e-10, atol=0)
        for name, value in alone.params_of(0).items():
            torch.testing.assert_close(stack.params_of(r)[name], value, rtol=1e-10, atol=1e-14)
        torch.testing.assert_close(together.loss[r], alone.evaluate(examples(1)).loss[0], rtol=1e-10, atol=0)
        torch.testing.assert_close(stack.penalty()[r], alone.penalty()[0], rtol=1e-10, atol=0)


@pytest.mark.parametrize("optimizer", [sn.SGD(), sn.SGD(nesterov=True), sn.Adam()], ids=str)
@pytest.mark.parametrize("activation", [sn.Sigmoid(), sn.ReLU(), sn.GELU()], ids=str)
def test_padded_units_stay_exactly_zero(activation: sn.Layer, optimizer: sn.Optimizer) -> None:
    settings = {"lr": 0.1, "momentum": 0.9, "l2": 0.01, "weight_decay": 0.01}
    runs = [sn.Run(network(w, activation), sn.CrossEntropy(), optimizer, settings) for w in ((9, 3), (2, 6), (5, 5))]
    shared = Values(runs, steps_per_epoch=STEPS, dtype=torch.float64, device="cpu")
    alone = [stack_of([run]) for run in runs]
    for order in orders(3):  # as on a device, where the runs of a stack share their tensors
        losses = plain.train(shared, examples(), order, BATCH)
        expected = [stack.train(examples(), order, BATCH) for stack in alone]
        torch.testing.assert_close(losses, torch.cat(expected, 1), rtol=1e-9, atol=1e-12)
    padded = dict.fromkeys(shared.params, 0)
    for name, values in shared.params.items():
        for r, shapes in enumerate(shared.shapes):
            outside = torch.ones_like(values[r], dtype=torch.bool)
            outside[tuple(slice(n) for n in shapes[name])] = False
            assert not values[r][outside].any()
            assert values[r][~outside].any()
            torch.testing.assert_close(shared.view(r, name), alone[r].params_of(0)[name], rtol=1e-9, atol=1e-12)
            padded[name] += int(outside.sum())
    expected = {"0.weight": 11 * (7 + 4), "0.bias": 7 + 4, "2.weight": 54 - 27 + 54 - 12 + 54 - 25, "2.bias": 3 + 1}
    assert padded == expected | {"4.weight": 4 * (3 + 1), "4.bias": 0}


@kernels
def test_a_run_that_diverges_leaves_the_others_bitwise(kernel: str) -> None:
    calm = [make_run((9, 6), lr=0.1), make_run((9, 6), lr=0.1, seed=4), make_run((9, 6), lr=0.2, momentum=0.9)]
    wild = [calm[0], replace(calm[1], settings={"lr": 1.7e308}), calm[2]]
    stacks = [stack_of(runs, kernel=kernel) for runs in (calm, wild)]
    losses = [train(stack, 4) for stack in stacks]
    assert not losses[1][-1, 1].isfinite()
    assert torch.equal(losses[0][:, [0, 2]], losses[1][:, [0, 2]])
    for name, value in stacks[0].params.items():
        assert torch.equal(value[[0, 2]], stacks[1].params[name][[0, 2]])
    evaluation = stacks[1].evaluate(examples(1))
    assert evaluation.loss[1].isnan()
    assert evaluation.score[1].isnan()
    assert evaluation.score[[0, 2]].isfinite().all()


@kernels
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_restart_goes_on_to_the_last_bit(dtype: torch.dtype, kernel: str) -> None:
    runs = [replace(run, settings=replace(run.settings, l2=1e-6, dropout=0.3)) for run in NOISY]
    whole, first, second = (stack_of(runs, dtype, kernel=kernel) for _ in range(3))
    uninterrupted = train(whole, 6)
    train(first, 2)
    second.load_state_dict(first.state_dict())
    rest = train(second, 6, skip=2)
    assert torch.equal(uninterrupted[2 * STEPS :], rest)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])
    if dtype == torch.float32:
        assert any(name.endswith("carry") for name in whole.groups[0].state)


@kernels
@pytest.mark.parametrize("count", [1, 2])
def test_a_state_is_that_of_its_moment(kernel: str, count: int) -> None:
    """Whatever trains afterwards, also where one run's tensors need not be joined with others'."""
    stack = stack_of([replace(run, averaging=0.5) for run in NOISY[:count]], kernel=kernel)
    for _ in range(2):
        train(stack, 1)
        state = stack.state_dict()
        before = {name: value.clone() for name, value in state.items()}
        losses = train(stack, 1)
        assert all(torch.equal(value, state[name]) for name, value in before.items())
        stack.load_state_dict(state)
        assert torch.equal(train(stack, 1), losses)


def test_the_same_seed_is_the_same_run_and_another_is_not() -> None:
    a, b, c = (train(stack_of([replace(NOISY[0], seed=seed)]), 2) for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


@kernels
def test_evaluation_is_a_direct_computation(kernel: str) -> None:
    stack, data = stack_of(RUNS, kernel=kernel), examples()
    x, y = data.batch(slice(None), torch.float64)
    torch.testing.assert_close(x[3, 5], (data.inputs[3, 5].double() - 132) / 75)
    found = stack.evaluate(data)
    for r in range(len(RUNS)):
        logits = torch_model(stack.params_of(r))(x).detach()
        torch.testing.assert_close(found.loss[r], torch.nn.functional.cross_entropy(logits, y))
        assert found.score[r] == (logits.argmax(1) == y).double().mean()
    nothing = stack.evaluate(Examples(data.inputs[:0], data.targets[:0], data.mean, data.std))
    assert nothing.loss.isnan().all()
    assert nothing.score.isnan().all()


def test_penalty_is_of_weights_alone_and_of_the_chosen_ones() -> None:
    run = replace(RUNS[0], penalized=("2.weight",))
    for chosen, names in ((RUNS[0], ("0.weight", "2.weight", "4.weight")), (run, ("2.weight",))):
        stack = stack_of([chosen])
        train(stack, 1)
        values = stack.params_of(0)
        expected = 0.5 * 1e-3 * sum(values[name].square().sum() for name in names)
        torch.testing.assert_close(stack.penalty()[0], torch.as_tensor(expected))


def test_rates_follow_each_runs_schedule() -> None:
    runs = [replace(RUNS[0], schedule=sn.Step(every=1, gamma=0.1)), replace(RUNS[0], schedule=sn.Constant())]
    stack = stack_of(runs)
    train(stack, 2)
    torch.testing.assert_close(stack.lr(), torch.tensor([0.001, 0.1], dtype=torch.float64))


def test_rates_begin_with_the_first_step() -> None:
    """Those of the next steps, by the schedule's own formula: 0, 1, … of all steps, and on from there."""
    schedule = sn.Cosine(warmup=0.5)
    runs = [replace(make_run((3,)), settings=sn.Settings(lr=0.5), schedule=schedule, epochs=2)]
    values = Values(runs, steps_per_epoch=4, dtype=torch.float64, device="cpu")
    expected = 0.5 * schedule.factor(torch.arange(8, dtype=torch.float64), 4, 2)
    assert values.rates(8)[:, 0].tolist() == expected.tolist()
    values.steps = 3
    assert values.rates(2)[:, 0].tolist() == expected[3:5].tolist()


def test_before_the_first_step_networks_of_one_seed_are_evaluated_each_by_its_own_weights() -> None:
    """Equal seeds draw equal weights only where initializers and widths are equal."""
    data = examples()
    wide, other = sn.Normal(3.0), sn.GlorotUniform()
    layers = [sn.Linear(FEATURES, CLASSES, initializer=initializer) for initializer in (wide, other, wide)]
    runs = [replace(make_run(), network=sn.Sequential((layer,)), seed=7) for layer in layers]
    together = sn.Stack(runs, steps_per_epoch=STEPS, dtype=torch.float64).evaluate(data).loss
    for r, run in enumerate(runs):
        alone = sn.Stack([run], steps_per_epoch=STEPS, dtype=torch.float64).evaluate(data).loss
        assert together[r] == alone[0]
    assert together[0] == together[2] != together[1]


@pytest.mark.parametrize(
    "other",
    [
        make_run((9,)),
        make_run(optimizer=sn.Adam()),
        replace(RUNS[0], loss=sn.CrossEntropy(0.1)),
        replace(RUNS[0], network=network((9, 6), sn.ReLU())),
    ],
)
def test_runs_of_other_structure_do_not_share_a_stack(other: sn.Run) -> None:
    assert sn.stackable(RUNS[0], RUNS[1])
    assert not sn.stackable(RUNS[0], other)
    with pytest.raises(ValueError, match="cannot share a stack"):
        stack_of([RUNS[0], other])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 12), min_size=2, max_size=2), min_size=1, max_size=4),
    st.integers(1, 80),
)
def test_any_widths_and_batch_sizes(widths: list[list[int]], batch: int) -> None:
    runs = [make_run(w, seed=i) for i, w in enumerate(widths)]
    stack = sn.Stack(runs, steps_per_epoch=-(-EXAMPLES // batch), dtype=torch.float64)
    losses = stack.train(examples(), torch.arange(EXAMPLES), batch)
    assert losses.shape == (-(-EXAMPLES // batch), len(runs))
    assert losses.isfinite().all()
    assert stack.predict(torch.zeros(3, FEATURES, dtype=torch.float64)).shape == (len(runs), 3, CLASSES)
    for r, run in enumerate(runs):
        assert sum(value.numel() for value in stack.params_of(r).values()) == run.network.size


def test_regression_learns_a_rotation() -> None:
    x = torch.randn(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = torch.stack([-x[:, 1], x[:, 0]], 1)
    data = Examples(x, y, torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64))
    net = sn.Sequential((sn.Linear(2, 20), sn.Tanh(), sn.Linear(20, 2)))
    stack = sn.Stack([sn.Run(net, sn.MeanSquaredError(), sn.Adam(), {"lr": 0.01})], steps_per_epoch=20)
    for _ in range(60):
        stack.train(data, torch.arange(200), 10)
    assert stack.evaluate(data).score[0] > 0.99


def test_augmented_rows_are_moved_and_mirrored_images() -> None:
    image = torch.zeros(400, 2, 5, 6, dtype=torch.uint8)
    image[:, 0, 2, 3], image[:, 1, 2, 3] = 7, 9
    augment = sn.Augment(2, 5, 6, flip=True, shift=1)
    moved = augment(image.flatten(1), torch.Generator().manual_seed(0)).view_as(image)
    assert moved.dtype == torch.uint8
    assert ((moved == 7).sum((1, 2, 3)) == 1).all()
    places = {tuple(row) for row in (moved[:, 0] == 7).nonzero()[:, 1:].tolist()}
    assert places == {(y, x) for y in (1, 2, 3) for x in (1, 2, 3, 4)}
    assert torch.equal((moved[:, 0] == 7), (moved[:, 1] == 9))
    same = sn.Augment(2, 5, 6)(image.flatten(1), torch.Generator())
    assert torch.equal(same, image.flatten(1))


def test_the_engine_knows_no_automatic_differentiation_and_no_outside_world() -> None:
    allowed = {"torch", "math", "numbers", "difflib", "collections", "dataclasses", "typing", "scratchnet"}
    compiled = {"numba", "numpy", "platformdirs", "threadpoolctl"}  # numpy is what numba reads tensors as
    compiled |= {
        "contextlib",
        "ctypes",
        "functools",
        "hashlib",
        "io",
        "itertools",
        "llvmlite",
        "os",
        "pathlib",
        "scipy",
        "tempfile",
        "warnings",
    }
    root = Path(sn.__file__).parent
    ways_out = {"interop", "sklearn", "check"}  # to other libraries, and to what gradients are compared with
    assert len(list(root.rglob("*.py"))) > 40
    for path in root.rglob("*.py"):
        source = path.read_text()
        assert path.parent.name == "check" or not {"requires_grad", "autograd"} & set(re.findall(r"\w+", source))
        for node in ast.walk(ast.parse(source)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            outside = {module.split(".")[0] for module in modules} - allowed - compiled
            assert not outside or path.parent.name in ways_out, path
    stack = stack_of(RUNS)
    train(stack, 1)
    assert not any(value.requires_grad for value in stack.state_dict().values())


@kernels
@pytest.mark.parametrize("changed", [False, True])
def test_each_run_may_have_an_order_of_its_own(kernel: str, changed: bool) -> None:
    images = Examples(torch.randint(0, 256, (EXAMPLES, FEATURES), dtype=torch.uint8), *_targets_and_scale())
    augment = sn.Augment(1, 1, FEATURES, flip=True) if changed else None
    orders = torch.stack([torch.randperm(EXAMPLES, generator=torch.Generator().manual_seed(r)) for r in range(3)])

    def draws(r: int) -> torch.Generator:
        return torch.Generator().manual_seed(10 + r)

    together = stack_of(RUNS, kernel=kernel)
    losses = together.train(images, orders, BATCH, augment, [draws(r) for r in range(3)])
    for r, run in enumerate(RUNS):
        alone = stack_of([run], kernel=kernel)
        expected = alone.train(images, orders[r], BATCH, augment, draws(r))
        assert torch.equal(losses[:, r : r + 1], expected)
        for name, value in alone.params_of(0).items():
            assert torch.equal(together.params_of(r)[name], value)


@kernels
@pytest.mark.parametrize("mixed", [False, True])
def test_batches_whose_examples_count_nothing_leave_the_weights(kernel: str, mixed: bool) -> None:
    """Also where they are changed a stretch at a time, and one has no example that counts."""
    weight = torch.zeros(EXAMPLES)
    weight[-1] = 1
    data = replace(examples(), weight=weight)
    stack = stack_of([replace(RUNS[0], settings=sn.Settings(lr=0.1))], kernel=kernel)
    before = stack.params_of(0)
    augment, mixup = (None, sn.Mixup(0.4)) if mixed else (sn.Augment(1, 1, FEATURES, flip=True), None)
    stack.train(data, torch.arange(EXAMPLES - 1), BATCH, augment, torch.Generator(), mixup)
    assert all(torch.equal(value, before[name]) for name, value in stack.params_of(0).items())


def _targets_and_scale() -> tuple[Tensor, Tensor, Tensor]:
    given = examples()
    return given.targets, given.mean, given.std


@pytest.mark.parametrize("shape", [(2, 4), (3, 0), (0, 3), (3, 2, 2)])
def test_an_order_is_for_all_runs_or_for_each(shape: tuple[int, ...]) -> None:
    with pytest.raises(sn.ShapeError, match=r"order expected \(n,\) or \(3, n\) with n of 1 or more"):
        stack_of(RUNS).train(examples(), torch.zeros(shape, dtype=torch.int64), BATCH)


def test_orders_need_a_generator_each_to_augment() -> None:
    orders = torch.arange(EXAMPLES).expand(3, -1)
    with pytest.raises(ValueError, match="3 orders need as many generators, got 1"):
        stack_of(RUNS).train(examples(), orders, BATCH, sn.Augment(1, 1, FEATURES, flip=True), torch.Generator())


@pytest.mark.parametrize("kernel", ["plain", "compiled"])
def test_moments_shrink_to_zero_and_not_to_denormal_numbers(kernel: str) -> None:
    inputs = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    run = sn.Run(sn.Sequential((sn.Linear(2, 3),)), sn.MeanSquaredError(), sn.Adam(), {"lr": 1e-3})
    stack = sn.Stack([run], steps_per_epoch=1500, kernel=kernel)
    order = torch.tensor([0] + 1499 * [1])  # the first input has a gradient once: 0.9^1500 of it is 1e-69
    stack.train(Examples(inputs, torch.ones(2, 3), torch.zeros(2), torch.ones(2)), order, 1)
    numbers = torch.cat([tensor.flatten() for name, tensor in stack.state_dict().items() if name.startswith("state.")])
    assert (numbers[numbers != 0].abs() >= torch.finfo(torch.float32).tiny).all()
    assert stack.state_dict()["state.0.weight.m"][0, 0].eq(0).all()


def test_denormal_numbers_are_as_before_when_a_stack_has_computed() -> None:
    stack, denormal = stack_of(RUNS), torch.tensor(1e-40)
    stack.train(examples(), torch.arange(EXAMPLES), BATCH)
    assert denormal.mul(1) == denormal
    with pytest.raises(sn.ShapeError):
        stack.predict(torch.zeros(3, FEATURES + 1, dtype=torch.float64))
    assert denormal.mul(1) == denormal
    torch.set_flush_denormal(True)
    try:
        stack.evaluate(examples())
        assert not denormal.mul(1).item()
    finally:
        torch.set_flush_denormal(False)


@pytest.mark.parametrize("make", [lambda eps: sn.Adam(eps=eps), lambda eps: sn.LayerNorm(3, eps=eps)])
def test_what_keeps_a_divisor_above_zero_is_no_denormal_number(make: Callable[[float], object]) -> None:
    with pytest.raises(ValueError, match=r"eps=1e-40; allowed: a finite number of 1e-30 or more"):
        make(1e-40)
    assert make(1e-30)


@pytest.mark.parametrize("kernel", ["plain", "compiled"])
def test_the_smallest_epsilons_leave_units_without_a_gradient_finite(kernel: str) -> None:
    layers = (sn.Linear(2, 3), sn.LayerNorm(3, eps=1e-30), sn.ReLU(), sn.Linear(3, 2))
    run = sn.Run(sn.Sequential(layers), sn.CrossEntropy(), sn.Adam(eps=1e-30), {"lr": 1e-3})
    stack = sn.Stack([run], steps_per_epoch=4, kernel=kernel)
    stack.train(Examples(torch.zeros(4, 2), torch.arange(4) % 2, torch.zeros(2), torch.ones(2)), torch.arange(4), 1)
    assert all(value.isfinite().all() for value in stack.params.values())
