"""The compiled smooth functions of float32 against the layers in float64."""

from collections.abc import Callable

import numba
import numpy as np
import pytest
import torch

import scratchnet as sn
from scratchnet.compiled import smooth
from scratchnet.layers import Elementwise

LARGE = np.geomspace(1e-45, 3e38, 20_000)
INPUTS = np.concatenate([LARGE, -LARGE, np.linspace(-110, 110, 200_001), [0.0, np.inf, -np.inf]]).astype(np.float32)


def compiled(function: Callable[[float], float], x: np.ndarray) -> np.ndarray:
    @numba.njit
    def each(x: np.ndarray) -> None:
        for k in range(len(x)):
            x[k] = function(x[k])

    y = x.copy()
    each(y)
    return y


@pytest.mark.parametrize(
    ("function", "layer"), [(smooth.sigmoid, sn.Sigmoid()), (smooth.tanh, sn.Tanh()), (smooth.gelu, sn.GELU())]
)
def test_functions_are_the_layers_rounded_once(function: Callable[[float], float], layer: Elementwise) -> None:
    y = compiled(function, INPUTS)
    exact = layer.function(torch.from_numpy(INPUTS).double())[0].numpy()
    finite = np.isfinite(exact)
    assert y[~finite].tolist() in ([], [np.inf, -np.inf])  # GELU of -inf is none in torch
    distance = np.abs(y[finite] - exact[finite]) / np.spacing(np.abs(exact[finite]).astype(np.float32))
    assert distance.max() < 0.6


def test_the_slope_of_gelu_is_the_layers() -> None:
    x = INPUTS[np.isfinite(INPUTS)]
    exact = sn.GELU().derivative(torch.from_numpy(x).double()).numpy()
    y = compiled(smooth.gelu_slope, x)
    # Near -0.75, where it is zero, both of its terms are a fifth.
    assert (np.abs(y - exact) < 0.6 * np.spacing(np.abs(exact).astype(np.float32)) + 2e-9).all()


def test_float64_keeps_the_librarys_digits() -> None:
    x = np.linspace(-30, 30, 10_001)
    for function, layer in ((smooth.sigmoid, sn.Sigmoid()), (smooth.tanh, sn.Tanh()), (smooth.gelu, sn.GELU())):
        exact = layer.function(torch.from_numpy(x))[0].numpy()
        np.testing.assert_allclose(compiled(function, x), exact, rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("function", [smooth.sigmoid, smooth.tanh, smooth.gelu, smooth.gelu_slope])
def test_a_nan_stays_one(function: Callable[[float], float]) -> None:
    x = np.array([0.5, np.nan, -0.5], np.float32)
    assert np.isnan(compiled(function, x)).tolist() == [False, True, False]
