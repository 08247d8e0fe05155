"""Looking ahead in stochastic gradient descent: the same weights, and blocks as long as pays."""

from collections.abc import Iterator

import pytest
from agreement import CASES, WIDE, check, examples, mlp

from scratchnet.compiled import tables
from scratchnet.kernels import _blas, _program


@pytest.fixture
def without_programs() -> Iterator[None]:
    """No network is compiled already, nor remains so."""
    _program.compile_network.cache_clear()
    yield
    _program.compile_network.cache_clear()


AHEAD = ("plain", "momentum", "nesterov", "strong decay", "strong decay, momentum", "one cycle", "dropout of inputs")


@pytest.mark.usefixtures("without_programs")
@pytest.mark.parametrize("batch", [4, 7, 8, 12, 16, 20, 33])
@pytest.mark.parametrize("case", AHEAD)
def test_looking_ahead_is_exact_at_any_batch_size(case: str, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also at those where it does not pay with the library at hand; the last block ends within a step."""
    monkeypatch.setattr(_program, "_largest_ahead", lambda moving: 64)
    run = CASES[case]
    moving = run.settings.momentum != 0
    assert _program.compile_network(run.network, batch, moving).program.sizes[tables.BLOCK] > 1
    check(run, examples(run.network, 203, seed=2), batch, epochs=2, bound=1e-10)


@pytest.mark.usefixtures("without_programs")
@pytest.mark.parametrize(("openblas", "moving", "largest"), [(True, False, 16), (False, False, 6), (True, True, 4)])
def test_how_many_examples_are_looked_ahead_for(
    openblas: bool, moving: bool, largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blas, "is_openblas", lambda: openblas)
    for batch in (largest, largest + 1):
        sizes = _program.compile_network(WIDE, batch, moving).program.sizes
        assert (sizes[tables.AHEAD] >= 0) == (batch == largest)


@pytest.mark.usefixtures("without_programs")
@pytest.mark.parametrize(
    ("openblas", "units", "moving", "rows"),
    [
        *((False, 128, moving, 16) for moving in (False, True)),
        *((False, 129, moving, 32) for moving in (False, True)),
        *((True, units, False, rows) for units, rows in ((16, 16), (48, 32), (191, 32), (192, 48), (640, 64))),
        *((True, units, True, rows) for units, rows in ((16, 16), (24, 32), (96, 48), (320, 64))),
    ],
)
def test_blocks_grow_with_the_products_of_an_example(
    openblas: bool, units: int, moving: bool, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blas, "is_openblas", lambda: openblas)
    assert _program.compile_network(mlp((units,)), 1, moving).program.sizes[tables.BLOCK] == rows
    assert _program.compile_network(mlp((units,)), 4, moving).program.sizes[tables.BLOCK] == rows // 4
