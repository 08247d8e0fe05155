"""The compiled kernel is the plain steps, written otherwise: it must end where those end, for any network."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from agreement import CASES, WIDE, check, examples, mlp, orders, run_of, sensitivity, values_of
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from nets import any_nets, nets
from torch import Tensor

import scratchnet as sn
from scratchnet.compiled import loop
from scratchnet.kernels import _blas, _program, compiled, plain
from scratchnet.kernels._memory import Storage
from scratchnet.values import Values

OPTIMIZERS = st.sampled_from([sn.SGD(), sn.SGD(), sn.SGD(nesterov=True), sn.Adam(beta1=0.8, eps=1e-4)])
SETTINGS = st.fixed_dictionaries(
    {"lr": st.sampled_from([0.003, 0.02]), "dropout": st.sampled_from([0.0, 0.4]), "input_dropout": st.just(0.25)},
    optional={
        "momentum": st.sampled_from([0.5, 0.9]),
        "l2": st.sampled_from([1e-6, 1e-3, 0.4]),
        "weight_decay": st.sampled_from([0.01, 0.3]),
    },
)
LOSSES = st.sampled_from(
    [
        sn.CrossEntropy(),
        sn.CrossEntropy(0.1),
        sn.CrossEntropy(0.1, (0.5, 2.0)),
        sn.BinaryCrossEntropy(),
        sn.BinaryCrossEntropy(0.2, ((0.5, 3.0), (1.0, 0.25))),
        sn.MeanSquaredError(),
        sn.Huber(0.3),
    ]
)


def fitting(loss: sn.Loss, network: sn.Sequential) -> sn.Loss:
    """The loss with class weights, where it has some, for each output of the network."""
    features = network.input_features
    weights = getattr(loss, "class_weight", None)
    if weights is None or features is None:
        return loss
    [outputs] = network.output_shape((features,))
    return replace(loss, class_weight=(weights * outputs)[:outputs])  # type: ignore[call-arg]


SCHEDULES = st.sampled_from([sn.Constant(), sn.OneCycle(), sn.Cosine(warmup=0.2), sn.Step(1, 2.0)])


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(
    network=st.one_of(any_nets(), any_nets(), nets()).map(lambda drawn: drawn[0]),
    loss=LOSSES,
    optimizer=OPTIMIZERS,
    numbers=SETTINGS,
    schedule=SCHEDULES,
    batch=st.sampled_from([1, 1, 2, 3, 5, 7, 8, 16, 64]),
    steps=st.integers(1, 12),
    rest=st.integers(0, 6),
    seed=st.integers(0, 5),
)
def test_any_network_ends_where_the_plain_steps_end(
    network: sn.Sequential,
    loss: sn.Loss,
    optimizer: sn.Optimizer,
    numbers: dict[str, float],
    schedule: sn.Schedule,
    batch: int,
    steps: int,
    rest: int,
    seed: int,
) -> None:
    run = sn.Run(network, fitting(loss, network), optimizer, numbers, schedule, epochs=2, seed=seed)
    reason = compiled.refusal(run, torch.device("cpu"))
    if reason is not None:
        assert reason.startswith(("it adds nothing to its own exchange of axes", "it needs a first layer"))
        return
    data = examples(network, steps * batch + min(rest, batch - 1), kind=loss.target_kind, seed=seed)
    moved = sensitivity(run, data, batch)
    assume(moved < 1e-6)  # where steps diverge or are chaotic, so does all rounding
    check(run, data, batch, bound=max(moved, 1e-10) if "LayerNorm" in str(network) else 1e-10)


@pytest.mark.parametrize("batch", [1, 3, 8, 20])
@pytest.mark.parametrize("case", CASES)
def test_ends_where_the_plain_steps_end(case: str, batch: int) -> None:
    check(CASES[case], examples(CASES[case].network, 203, seed=2), batch, epochs=2, bound=1e-10)


def test_a_decay_that_multiplies_a_weight_to_nothing_underflows_nowhere() -> None:
    for hidden in ((10,), (64,)):
        run = run_of(mlp(hidden), lr=0.5, l2=0.5)
        check(run, examples(run.network, 3000, seed=2), 1, bound=1e-9)
        fast = values_of(run, torch.float32)
        assert compiled.train(fast, examples(run.network, 3000), torch.arange(3000), 1).isfinite().all()


SIX = (sn.Linear(6, 6), sn.Linear(6, 3))


@pytest.mark.parametrize(
    "inner",
    [
        (sn.Linear(6, 6), sn.ReLU()),
        (sn.Linear(6, 6), sn.LeakyReLU()),
        (sn.Linear(6, 6), sn.ReLU(), sn.Dropout(6)),
        (sn.Linear(6, 6), sn.Tanh(), sn.Dropout(6)),
        (sn.ReLU(), sn.Linear(6, 6)),
        (sn.GELU(),),
        (sn.Linear(6, 6),),
        (sn.Dropout(6),),
        (),
        (sn.Residual(sn.Linear(6, 6)),),
        (sn.Linear(6, 6), sn.Residual(sn.Sequential((sn.Linear(6, 6), sn.Sigmoid())))),
        (sn.LayerNorm(6), sn.Linear(6, 4), sn.Linear(4, 6)),
    ],
    ids=str,
)
@pytest.mark.parametrize("batch", [1, 8])
def test_no_residual_writes_over_what_backward_reads(inner: tuple[sn.Layer, ...], batch: int) -> None:
    network = sn.Sequential((SIX[0], sn.Residual(sn.Sequential(inner)), SIX[1]))
    for numbers in ({"lr": 0.02, "dropout": 0.3}, {"lr": 0.005, "momentum": 0.9, "dropout": 0.3}):
        check(run_of(network, **numbers), examples(network, 80, seed=2), batch, bound=1e-10)


def test_a_residual_at_the_start_reads_the_inputs_again() -> None:
    network = sn.Sequential((sn.Residual(sn.Sequential((sn.Linear(64, 64), sn.ReLU()))), sn.Linear(64, 3)))
    for batch in (1, 4, 30):
        check(run_of(network, l2=0.01), examples(network, 90, seed=2), batch, bound=1e-10)


def test_a_patch_mlp_in_pieces_ends_where_the_plain_steps_end() -> None:
    patches = sn.Patchify(1, 8, 8, 2)
    mixing = (sn.Linear(16, 20), sn.GELU(), sn.Linear(20, 16))
    along = sn.Sequential((sn.LayerNorm(6), sn.Linear(6, 6), sn.Tanh()))
    across = sn.Residual(sn.Sequential((sn.LayerNorm(6), sn.Transpose(), *mixing, sn.Transpose())))
    first = sn.Dropout(64, "input_dropout"), patches, sn.Linear(4, 6)
    last = sn.MeanOverPatches(), sn.Dropout(6), sn.Linear(6, 3)
    network = sn.Sequential((*first, across, sn.Residual(along), *last))
    noisy = {"dropout": 0.2, "input_dropout": 0.3}
    for optimizer, numbers in (
        (sn.SGD(), {"lr": 0.1, "l2": 0.01}),
        (sn.SGD(), {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}),
        (sn.Adam(), {"lr": 0.01, "l2": 0.01}),
    ):
        check(run_of(network, optimizer, **numbers, **noisy), examples(network, 380, seed=2), 150, bound=1e-10)


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_binary_cross_entropy_and_huber_of_huge_outputs(batch: int, smoothing: float) -> None:
    weight, target = torch.tensor([[1e38, -1e38]]), torch.tensor([[1.0, 1.0]])
    losses = sn.BinaryCrossEntropy(smoothing, ((1.0, 2.0), (1.0, 2.0))), sn.Huber(0.5)
    expected = 2 * (smoothing / 2 * 1e38 + (1 - smoothing / 2) * 1e38), 1e38
    for loss, value in zip(losses, expected, strict=True):
        run = replace(run_of(sn.Sequential((sn.Linear(1, 2),)), lr=0.0), loss=loss)
        values = Values([run], steps_per_epoch=1, dtype=torch.float32, device="cpu")
        values.params["0.weight"][0] = weight
        data = sn.Examples(torch.ones(1, 1), target, torch.zeros(1), torch.ones(1))
        for kernel in (compiled, plain):
            [[found]] = kernel.train(values, data, torch.zeros(batch, dtype=torch.int64), batch)
            assert float(found) == pytest.approx(value, rel=1e-6)
        assert values.params["0.weight"].isfinite().all()


def test_cross_entropy_of_huge_logits() -> None:
    network = sn.Sequential((sn.Linear(1, 3),))
    values = Values([run_of(network, lr=0.0)], steps_per_epoch=1, dtype=torch.float32, device="cpu")
    values.params["0.weight"][0] = torch.tensor([[0.9e38, 0.9e38, -0.9e38]])
    data = sn.Examples(torch.ones(1, 1), torch.tensor([1]), torch.zeros(1), torch.ones(1))
    for batch in (1, 7):
        [[loss]] = compiled.train(values, data, torch.zeros(batch, dtype=torch.int64), batch)
        assert float(loss) == pytest.approx(0.693147, abs=1e-6)


@pytest.mark.parametrize("hidden", [(10,), (64,)])
@pytest.mark.parametrize("batch", [1, 4, 16, 64])
@pytest.mark.parametrize("numbers", [{"l2": 1e-3}, {"momentum": 0.9, "l2": 1e-3, "lr": 0.01}])
@pytest.mark.parametrize("tiled", [False, True])
def test_float32_is_no_further_from_float64_than_the_plain_steps_are(
    hidden: tuple[int, ...], batch: int, numbers: dict[str, float], tiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blas, "is_tiled", lambda: tiled)
    run = run_of(mlp(hidden), **numbers)
    data, errors = examples(run.network, 1600, seed=2), []
    for order in orders(1600, 3):
        exact, reference, fast = (values_of(run, dtype) for dtype in (torch.float64, torch.float32, torch.float32))
        for kernel, values in ((plain, exact), (plain, reference), (compiled, fast)):
            kernel.train(values, data, order, batch)
        errors.append([distance(reference, exact), distance(fast, exact)])
    of_plain, of_fast = torch.tensor(errors, dtype=torch.float64).mean(0)
    assert of_fast < 1.3 * of_plain


def test_a_decay_too_small_for_float32_is_carried() -> None:
    run = run_of(mlp((64,)), lr=1e-4, l2=1e-4)
    data = examples(run.network, 4000, seed=2)
    exact, fast = values_of(run), values_of(run, torch.float32)
    for part in torch.arange(4000).split(10):
        compiled.train(exact, data, part, 1)
        compiled.train(fast, data, part, 1)
    assert distance(fast, exact) < 2e-6  # the decay of these steps is 4e-5


@pytest.mark.parametrize(
    ("l2", "weight_decay", "tolerance"),
    [(1e-4, 0.0, 3e-7), (0.0, 1e-4, 3e-7), (6e-5, 4e-5, 3e-7), (0.0, 3e-2, 5e-6)],  # the last is too large to carry
)
@pytest.mark.parametrize("tiled", [False, True])
def test_a_tiny_decay_with_momentum_is_not_lost(
    l2: float, weight_decay: float, tolerance: float, tiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blas, "is_tiled", lambda: tiled)
    run = run_of(mlp((64,)), lr=1e-3, momentum=0.5, l2=l2, weight_decay=weight_decay)
    values, data = values_of(run, torch.float32), examples(run.network, 3200)
    black = sn.Examples(torch.zeros_like(data.inputs), data.targets, torch.zeros_like(data.mean), data.std)
    start, factor, velocity = values.params["0.weight"].double(), 1.0, 0.0
    for _ in range(5):
        compiled.train(values, black, torch.arange(3200), 8)
    for _ in range(2000):
        velocity = 0.5 * velocity + l2 * factor
        factor -= 1e-3 * (velocity + weight_decay * factor)
    torch.testing.assert_close(values.params["0.weight"].double(), factor * start, rtol=tolerance, atol=0)


def distance(a: Values, b: Values) -> float:
    """‖a − b‖ / ‖b‖ over all parameters."""
    pairs = [(a.params[name].double(), value.double()) for name, value in b.params.items()]
    squares = [(float((x - y).square().sum()), float(y.square().sum())) for x, y in pairs]
    return float((sum(d for d, _ in squares) / sum(n for _, n in squares)) ** 0.5)


def stack_of(runs: Sequence[sn.Run], kernel: str = "compiled", dtype: torch.dtype = torch.float32) -> sn.Stack:
    return sn.Stack(runs, steps_per_epoch=50, dtype=dtype, kernel=kernel)


@pytest.mark.parametrize("hidden", [(64,), (64, 9), (6, 4)])
@pytest.mark.parametrize("batch", [1, 8, 50])
def test_a_run_in_a_stack_is_the_run_alone_to_the_last_bit(hidden: tuple[int, ...], batch: int) -> None:
    data, order = examples(mlp(hidden), 300), torch.randperm(300)
    wider = tuple(width + 3 for width in hidden)
    runs = [
        run_of(mlp(hidden), l2=0.01, momentum=0.5),
        run_of(mlp(wider), lr=0.01, momentum=0.9),
        run_of(mlp(hidden), lr=1e30),
        run_of(mlp(hidden), l2=1e-3),
    ]
    together = stack_of(runs)
    losses = together.train(data, order, batch)
    for r in (0, 1, 3):
        alone = stack_of([runs[r]])
        assert torch.equal(alone.train(data, order, batch)[:, 0], losses[:, r])
        for name, value in alone.params_of(0).items():
            assert torch.equal(together.params_of(r)[name], value), name
    assert not all(value.isfinite().all() for value in together.params_of(2).values())
    assert together.evaluate(data).score.isnan().tolist() == [False, False, True, False]


@pytest.mark.parametrize("batch", [1, 2, 60])
@pytest.mark.parametrize("case", ["dropout", "momentum", "adam", "narrow", "plain"])
def test_goes_on_from_a_state_to_the_last_bit(case: str, batch: int) -> None:
    data, order = examples(CASES[case].network, 240), torch.randperm(240)
    whole, first, second = (stack_of([CASES[case]]) for _ in range(3))
    for piece in order.split(120):
        whole.train(data, piece, batch)
    first.train(data, order[:120], batch)
    second.load_state_dict(first.state_dict())
    second.train(data, order[120:], batch)
    for name, value in whole.state_dict().items():
        assert torch.equal(second.state_dict()[name], value), name


@pytest.mark.parametrize("hidden", [(8,), (64,)])
@pytest.mark.parametrize("batch", [1, 8, 33])
def test_images_are_changed_once_a_batch_for_all_runs(hidden: tuple[int, ...], batch: int) -> None:
    """As the plain kernel changes them, however many batches are read at a time and whoever trains beside."""
    network = sn.Sequential((sn.Linear(48, hidden[0]), sn.ReLU(), sn.Linear(hidden[0], 3)))
    data, augment = examples(network, 100), sn.Augment(3, 4, 4, flip=True, shift=1, cutout=2)
    runs = [run_of(network), run_of(network, momentum=0.9)]
    ends = []
    for kernel, members in (("plain", runs), ("compiled", runs), ("compiled", runs[:1])):
        stack = stack_of(members, kernel, torch.float64)
        losses = stack.train(data, torch.arange(100), batch, augment, torch.Generator().manual_seed(4))
        ends.append((losses[:, 0], stack.params_of(0)))
    torch.testing.assert_close(ends[1], ends[0], rtol=1e-11, atol=1e-12)
    torch.testing.assert_close(ends[2], ends[1], rtol=0, atol=0)


@pytest.mark.parametrize("kernel", ["plain", "compiled"])
@pytest.mark.parametrize("optimizer", [sn.SGD(), sn.Adam()])
def test_a_batch_larger_than_the_data_is_a_batch_of_it(kernel: str, optimizer: sn.Optimizer) -> None:
    """And takes no more memory."""
    data, ends = examples(WIDE, 30), []
    for batch in (30, 10**9):
        stack = stack_of([replace(run_of(WIDE, lr=0.01), optimizer=optimizer)], kernel)
        stack.train(data, torch.arange(30), batch)
        stack.train(data, torch.arange(25), batch)
        ends.append(stack.params_of(0))
    torch.testing.assert_close(ends[0], ends[1], rtol=0, atol=0)


@pytest.mark.parametrize("piece", [1, 7, 64])
@pytest.mark.parametrize("case", CASES)
def test_a_large_batch_is_summed_piece_by_piece(case: str, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data, ends = examples(CASES[case].network, 100), []
    monkeypatch.setattr(_program, "_EXAMPLES", piece)
    _program.compile_network.cache_clear()
    for kernel in ("plain", "compiled"):
        stack = stack_of([CASES[case]], kernel, torch.float64)
        losses = stack.train(data, torch.arange(100), 64)
        ends.append((losses, stack.params_of(0)))
    _program.compile_network.cache_clear()
    torch.testing.assert_close(ends[1], ends[0], rtol=1e-9, atol=1e-10)


def test_whole_numbers_compile_nothing_anew() -> None:
    data, seen = examples(WIDE, 20), []
    for zero in (0.0, 0):
        for optimizer in (sn.SGD(bool(zero)), sn.Adam(zero, zero)):
            run = replace(run_of(WIDE, momentum=zero), optimizer=optimizer, loss=sn.CrossEntropy(zero))
            stack_of([run]).train(data, torch.arange(20), 4)
        seen.append(len(loop.train.signatures))
    assert seen[0] == seen[1]


def test_draws_are_those_of_a_generator_whatever_type_is_usual() -> None:
    network, ends = sn.Sequential((sn.Linear(6, 9), sn.Dropout(9, 0.5), sn.Linear(9, 3))), []
    data = examples(network, 40)
    for usual in (torch.float32, torch.float64):
        torch.set_default_dtype(usual)
        try:
            stack = stack_of([run_of(network)])
            stack.train(data, torch.arange(40), 8)
        finally:
            torch.set_default_dtype(torch.float32)
        ends.append(stack.params_of(0))
    torch.testing.assert_close(ends[0], ends[1], rtol=0, atol=0)


def test_runs_that_start_alike_are_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [run_of(WIDE, lr=0.1), run_of(WIDE, lr=0.2), run_of(mlp((50,))), replace(run_of(WIDE), seed=1)]
    runs[2] = run_of(mlp((50, 9)))
    together, counted = stack_of(runs, dtype=torch.float64), []
    predict = compiled.predict

    def counting(values: Values, *arguments: Tensor) -> Tensor:
        counted.append(together.groups.index(values))
        return predict(values, *arguments)

    monkeypatch.setattr(compiled, "predict", counting)
    data = examples(WIDE, 100)
    for expected in ([0, 2, 3], [0, 1, 2, 3]):
        counted.clear()
        found = together.evaluate(data)
        assert counted == expected
        for r, group in enumerate(together.groups):
            output = plain.predict(group, data.inputs, data.normalisation(torch.float64))[0]
            assert float(found.loss[r]) == pytest.approx(float(torch.nn.functional.cross_entropy(output, data.targets)))
        together.train(data, torch.arange(100), 10)


@pytest.mark.parametrize("batch", [1, 3, 40])
@pytest.mark.parametrize("optimizer", [sn.SGD(), sn.Adam()], ids=str)
@pytest.mark.parametrize("loss", [sn.CrossEntropy(), sn.MeanSquaredError(), sn.BinaryCrossEntropy()], ids=str)
def test_weights_of_examples_are_those_of_plain(loss: sn.Loss, optimizer: sn.Optimizer, batch: int) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 5, generator=generator, dtype=torch.float64)
    y = torch.arange(40) % 3
    target = y if isinstance(loss, sn.CrossEntropy) else torch.nn.functional.one_hot(y, 3).double()
    weight = torch.randint(0, 4, (40,), generator=generator).double()
    network = sn.Sequential((sn.Linear(5, 20), sn.ReLU(), sn.Linear(20, 3)))
    data = sn.Examples(x, target, torch.zeros(5), torch.ones(5), weight)
    plain_data = sn.Examples(x, target, torch.zeros(5), torch.ones(5))
    ends = {}
    for kernel in ("plain", "compiled"):
        run = sn.Run(network, loss, optimizer, {"lr": 0.01, "momentum": 0.5, "l2": 0.01}, seed=1)
        stack = sn.Stack([run], steps_per_epoch=1, dtype=torch.float64, kernel=kernel)
        losses = stack.train(data, torch.arange(40), batch)
        ends[kernel] = losses, stack.params
        other = sn.Stack([run], steps_per_epoch=1, dtype=torch.float64, kernel=kernel)
        assert not torch.equal(other.train(plain_data, torch.arange(40), batch), losses)
        assert torch.equal(stack.evaluate(data).loss, stack.evaluate(plain_data).loss)
    torch.testing.assert_close(ends["plain"][0], ends["compiled"][0], rtol=1e-9, atol=1e-12)
    for name, value in ends["plain"][1].items():
        torch.testing.assert_close(value, ends["compiled"][1][name], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (torch.ones(3), r"weight expected \(4,\)"),
        (torch.ones(4, dtype=torch.int64), "weight expected"),
        (torch.tensor([1.0, 1, 1, -1]), "0 or more"),
        (torch.tensor([1.0, 1, 1, torch.nan]), "finite"),
        (torch.zeros(4), "not 0 for all"),
        ([1.0] * 4, "is a list, not a tensor"),
    ],
    ids=str,
)
def test_weights_out_of_range_are_told(weight: object, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        sn.Examples(torch.ones(4, 1), torch.zeros(4).long(), torch.zeros(1), torch.ones(1), weight)  # type: ignore[arg-type]


def test_programs_that_are_forgotten_leave_no_memory_behind() -> None:
    """As in a process that trains more networks than programs are remembered."""
    run = run_of(WIDE)
    data, order = examples(WIDE, 40), torch.arange(40)
    reference, fast = values_of(run), values_of(run)
    for _ in range(5):
        for batch in (8, 20):
            _program.compile_network.cache_clear()
            losses = [kernel.train(one, data, order, batch) for kernel, one in ((compiled, fast), (plain, reference))]
            torch.testing.assert_close(*losses, rtol=1e-10, atol=1e-10)
        compiled.predict(fast, data.inputs, data.normalisation(torch.float64))
    assert isinstance(fast.storage, Storage)
    assert len(fast.storage.scratch) == 3  # of two batch sizes, and of outputs
