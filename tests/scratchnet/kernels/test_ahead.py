"""Looking ahead in stochastic gradient descent: the same weights, and blocks as long as pays."""

import math
from collections.abc import Iterator, Sequence
from unittest import mock

import pytest
import torch
from agreement import CASES, WIDE, check, examples, mlp, run_of, sensitivity
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from nets import draw_layers

import scratchnet as sn
from scratchnet.compiled import tables
from scratchnet.kernels import _blas, _blocks, _program, compiled


@pytest.fixture
def without_programs() -> Iterator[None]:
    """No network is compiled already, nor remains so."""
    _program.compile_network.cache_clear()
    yield
    _program.compile_network.cache_clear()


AHEAD = ("plain", "momentum", "nesterov", "strong decay", "strong decay, momentum", "one cycle", "dropout of inputs")


@pytest.mark.usefixtures("without_programs")
@pytest.mark.parametrize("batch", [4, 7, 8, 12, 16, 20, 33, 100])
@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("case", [*AHEAD, "adam"])
def test_looking_ahead_is_exact_at_any_batch_size(
    case: str, tiled: bool, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also at those where it does not pay with the library at hand; the last block ends within a step."""
    monkeypatch.setattr(_blocks, "pays", lambda units, batch, how, *, tiled: tiled or how != "adam")
    monkeypatch.setattr(_blocks, "best_steps", lambda *_, tiled: max(48 // batch, 1 if tiled else 3))
    monkeypatch.setattr(_blas, "is_tiled", lambda: tiled)
    run = CASES[case]
    how: _blocks.Steps = "adam" if case == "adam" else "momentum" if run.settings.momentum else "plain"
    sizes = _program.compile_network(run.network, batch, how, tiled=tiled).program.sizes
    assert sizes[tables.TILED] == (tiled and (how != "momentum" or batch > 4))
    several = batch <= 24 if how == "plain" else how == "momentum" and not sizes[tables.TILED]
    assert (sizes[tables.BLOCK] > 1) == (several or (how == "plain" and not tiled))
    check(run, examples(run.network, 203, seed=2), batch, epochs=2, bound=1e-10)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.data(),
    inputs=st.integers(1, 70),
    units=st.integers(12, 70),
    batch=st.sampled_from([1, 1, 2, 3, 5, 8, 16, 17, 40, 64, 90]),
    count=st.integers(1, 200),
    numbers=st.fixed_dictionaries(
        {"lr": st.sampled_from([0.003, 0.05]), "dropout": st.just(0.3), "input_dropout": st.just(0.2)},
        optional={"l2": st.sampled_from([1e-3, 4.0, 30.0]), "weight_decay": st.sampled_from([0.01, 20.0])},
    ),
    how=st.sampled_from(["plain", "plain", "momentum", "nesterov", "adam"]),
    tiled=st.booleans(),
)
def test_a_wide_first_layer_ends_where_the_plain_steps_end(
    data: st.DataObject,
    inputs: int,
    units: int,
    batch: int,
    count: int,
    numbers: dict[str, float],
    how: str,
    tiled: bool,
) -> None:
    before: list[sn.Layer] = [sn.Dropout(inputs, "input_dropout")] if data.draw(st.booleans()) else []
    after, shape = draw_layers(data.draw, (units,), depth=1)
    if len(shape) == 2:
        after.append(sn.Flatten())
        shape = after[-1].output_shape(shape)
    network = sn.Sequential((*before, sn.Linear(inputs, units), *after, sn.Linear(shape[0], 3)))
    optimizer = sn.Adam() if how == "adam" else sn.SGD(nesterov=how == "nesterov")
    run = run_of(network, optimizer, **numbers, momentum=0.9 if how in ("momentum", "nesterov") else 0.0)
    assume(compiled.refusal(run, torch.device("cpu")) is None)
    assume(how != "adam" or "LayerNorm" not in str(network))  # Adam makes steps of gradients that are rounding alone
    points = examples(network, count, seed=units)
    moved = sensitivity(run, points, batch, epochs=2)
    assume(moved < 1e-6)  # where steps diverge or are chaotic, so does all rounding
    # Adam divides by 1e-8 where a gradient is 0: what rounding makes of that, 1e-16, moves weights by lr · 1e-8.
    rounding = 1e-8 * numbers["lr"] * 2 * math.ceil(count / batch) if how == "adam" else 0.0
    bound = max(moved if "LayerNorm" in str(network) else 0.0, rounding, 1e-10)
    with mock.patch.object(_blas, "is_tiled", return_value=tiled):
        check(run, points, batch, epochs=2, bound=bound)


@pytest.mark.parametrize("tiled", [False, True])
def test_a_batch_that_patches_cut_into_pieces_does_not_look_ahead(tiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks ahead has a whole batch of outputs, where memory has room for a piece."""
    monkeypatch.setattr(_blas, "is_tiled", lambda: tiled)
    monkeypatch.setattr(_blas, "is_openblas", lambda: True)
    patches = (sn.Patchify(1, 10, 10, 1), sn.Linear(1, 3), sn.ReLU(), sn.MeanOverPatches())
    network = sn.Sequential((sn.Linear(20, 100), *patches, sn.Linear(3, 3)))
    for batch in (6, 10, 11, 16):
        sizes = _program.compile_network(network, batch, "plain", tiled=tiled).program.sizes
        assert (sizes[tables.AHEAD] >= 0) == (batch <= 10)
        check(run_of(network), examples(network, 100), batch, bound=1e-10)


@pytest.mark.usefixtures("without_programs")
@pytest.mark.parametrize(
    ("openblas", "tiled", "how", "batches"),
    [
        (True, False, "plain", range(1, 17)),
        (False, False, "plain", range(1, 7)),
        (True, True, "plain", range(1, 513)),
        (True, False, "momentum", range(1, 5)),
        (True, True, "momentum", [*range(1, 5), *range(7, 513)]),
        (True, False, "adam", []),
        (True, True, "adam", range(7, 513)),
    ],
)
def test_for_how_many_examples_a_batch_the_first_weight_rests(
    openblas: bool, tiled: bool, how: _blocks.Steps, batches: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blas, "is_openblas", lambda: openblas)
    for batch in (*range(1, 20), 511, 512, 513):
        sizes = _program.compile_network(WIDE, batch, how, tiled=tiled).program.sizes
        assert (sizes[tables.AHEAD] >= 0) == (batch in batches)
        several = not tiled if how == "plain" else batch <= 4
        assert sizes[tables.BLOCK] >= 3 or not several or sizes[tables.AHEAD] < 0
        assert sizes[tables.BLOCK] == 1 or several or how == "plain"


@pytest.mark.usefixtures("without_programs")
@pytest.mark.parametrize(
    ("openblas", "tiled", "units", "how", "rows"),
    [
        *((False, False, 128, how, 16) for how in ("plain", "momentum")),
        *((False, False, 129, how, 32) for how in ("plain", "momentum")),
        *((True, False, units, "plain", rows) for units, rows in ((16, 16), (48, 32), (191, 32), (192, 48), (640, 64))),
        *(
            (True, tiled, units, "momentum", n)
            for tiled in (False, True)
            for units, n in ((16, 16), (24, 32), (96, 48))
        ),
        *((True, True, units, "plain", rows) for units, rows in ((16, 16), (128, 16), (129, 48), (800, 48))),
        (True, False, 320, "momentum", 64),
    ],
)
def test_blocks_grow_with_the_products_of_an_example(
    openblas: bool, tiled: bool, units: int, how: _blocks.Steps, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blas, "is_openblas", lambda: openblas)
    for batch in (1, 4):
        program = _program.compile_network(mlp((units,)), batch, how, tiled=tiled).program
        assert program.sizes[tables.BLOCK] == rows // batch
    assert _program.compile_network(mlp((units,)), 64, "plain", tiled=True).program.sizes[tables.BLOCK] == 1
