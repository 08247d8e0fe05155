"""Products of a weight in panels: those of float64, at any size, and nothing is written beside them."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scratchnet.compiled import panels
from scratchnet.kernels import _blas

SIZES = st.integers(1, 70)
TYPES = st.sampled_from([np.float32, np.float64])
BESIDE = 40  # numbers around an array that must stay as they are


def called(function: Callable[..., Any]) -> Callable[..., Any]:
    """Only compiled code calls what is compiled."""

    @numba.njit
    def call(*arguments: Any) -> None:
        function(*arguments)

    return call


into_panels, out_of_panels = called(panels.into_panels), called(panels.out_of_panels)
products, add_products = called(panels.products), called(panels.add_products)
products_of_steps = called(panels.products_of_steps)


def whole_panels(numbers: int) -> int:
    return -(-numbers // 16) * 16


class Room:
    """A vector between numbers that nothing may write."""

    def __init__(self, size: int, dtype: type) -> None:
        self.all = np.full(size + 2 * BESIDE, np.nan, dtype)
        self.inside = self.all[BESIDE : size + BESIDE]
        self.inside[:] = 0

    def is_alone(self) -> bool:
        return bool(np.isnan(self.all[:BESIDE]).all() and np.isnan(self.all[len(self.all) - BESIDE :]).all())


def numbers(shape: tuple[int, ...], dtype: type, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def rows_apart(x: np.ndarray, stride: int) -> np.ndarray:
    """The rows of x in a vector, `stride` numbers apart, of which there are as many as whole panels of them need."""
    apart = np.zeros((whole_panels(len(x)), stride), x.dtype)
    apart[: len(x), : x.shape[1]] = x
    return apart.ravel()


def close(found: np.ndarray, expected: np.ndarray, terms: int) -> None:
    """Within the rounding of so many terms of about 1."""
    bound = 4 * np.finfo(found.dtype).eps * (1 + terms)
    np.testing.assert_allclose(found, expected, rtol=bound, atol=bound)


@given(inputs=SIZES, outputs=SIZES, dtype=TYPES)
def test_a_weight_in_panels_comes_back(inputs: int, outputs: int, dtype: type) -> None:
    weight, wide = numbers((inputs, outputs), dtype), whole_panels(outputs)
    inside, back = Room(inputs * wide, dtype), Room(inputs * outputs, dtype)
    inside.inside[:] = 7
    into_panels(weight.ravel(), inputs, outputs, wide, inside.inside)
    panel = 64 // weight.itemsize
    expected = np.zeros((inputs, wide), dtype)
    expected[:, :outputs] = weight
    found = inside.inside.reshape(wide // panel, inputs, panel).transpose(1, 0, 2).reshape(inputs, wide)
    np.testing.assert_array_equal(found, expected)
    out_of_panels(inside.inside, inputs, outputs, back.inside)
    np.testing.assert_array_equal(back.inside.reshape(weight.shape), weight)
    assert inside.is_alone()
    assert back.is_alone()


@given(rows=st.integers(1, 140), inputs=st.one_of(SIZES, st.integers(250, 600)), outputs=SIZES, dtype=TYPES)
def test_products_and_gradients(rows: int, inputs: int, outputs: int, dtype: type) -> None:
    x, weight, delta = (
        numbers((rows, inputs), dtype),
        numbers((inputs, outputs), dtype, 1),
        numbers((rows, outputs), dtype, 2),
    )
    factors, wide, stride = numbers((rows,), np.float64, 3), whole_panels(outputs), whole_panels(inputs) + 16
    held, y = Room(inputs * wide, dtype), Room(rows * wide, dtype)
    into_panels(weight.ravel(), inputs, outputs, wide, held.inside)
    products(rows_apart(x, stride), stride, rows, held.inside, inputs, wide, y.inside)
    close(y.inside.reshape(rows, wide)[:, :outputs], x.astype(float) @ weight, inputs)
    deltas, room = np.zeros((rows, wide), dtype), Room(64 * 16, dtype)
    deltas[:, :outputs] = delta
    add_products(rows_apart(x, stride), stride, rows, factors, deltas.ravel(), inputs, wide, held.inside, room.inside)
    changed = np.zeros((inputs, outputs), dtype)
    out_of_panels(held.inside, inputs, outputs, changed.ravel())
    close(changed, weight + x.astype(float).T @ (factors[:, None] * delta), 3 * rows)
    assert all(each.is_alone() for each in (held, y, room))


@given(batch=st.integers(1, 20), steps=st.integers(2, 12), less=st.integers(0, 19), inputs=SIZES, dtype=TYPES)
def test_products_of_steps_with_earlier_ones(batch: int, steps: int, less: int, inputs: int, dtype: type) -> None:
    rows = batch * steps - less % batch
    x, wide, stride = numbers((rows, inputs), dtype), whole_panels(batch * steps), whole_panels(inputs) + 16
    gram, room = Room(rows * wide, dtype), Room(whole_panels(inputs) * 16, dtype)
    products_of_steps(rows_apart(x, stride), stride, rows, batch, inputs, gram.inside, wide, room.inside)
    found, expected = gram.inside.reshape(rows, wide), x.astype(float) @ x.T
    for row in range(rows):
        before = row // batch * batch
        close(found[row, :before], expected[row, :before], inputs)
    assert gram.is_alone()
    assert room.is_alone()


def test_a_long_sum_rounds_less_than_one_chain_of_additions() -> None:
    x, weight = numbers((6, 3072), np.float32), numbers((3072, 16), np.float32, 1)
    exact, y, held = x.astype(float) @ weight, np.zeros(6 * 16, np.float32), np.zeros(weight.size, np.float32)
    into_panels(weight.ravel(), *weight.shape, 16, held)
    products(rows_apart(x, 3088), 3088, 6, held, 3072, 16, y)
    chain = np.add.accumulate(x[:, :, None] * weight, 1)[:, -1]
    assert chain.dtype == np.float32
    ours, chains = (np.sqrt(np.square(found - exact).mean()) for found in (y.reshape(6, 16), chain))
    assert ours < 0.6 * chains


def test_a_sum_is_complete_before_it_is_added() -> None:
    """Where each term alone is less than a weight can hold."""
    rows, tiny = 64, np.float32(2.0**-26)
    held, room = np.zeros(16, np.float32), np.zeros(64 * 16, np.float32)
    into_panels(np.ones(16, np.float32), 1, 16, 16, held)
    x, deltas = np.full(rows * 16, tiny), np.ones(rows * 16, np.float32)
    add_products(x, 16, rows, np.ones(rows), deltas, 1, 16, held, room)
    assert (held == 1 + rows * tiny).all()


@pytest.mark.parametrize(
    ("host", "threads", "tiled"), [("znver3", 1, True), ("znver3", 2, False), ("sapphirerapids", 1, False)]
)
def test_where_products_are_tiled(host: str, threads: int, tiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_blas.llvmlite.binding, "get_host_cpu_name", lambda: host)
    monkeypatch.setattr(_blas, "_is_amd", _blas._is_amd.__wrapped__)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert _blas.is_tiled() == tiled
