"""Numbers to try a part on, and what is said where two of them differ."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

RUNS, BATCH = 3, 5
NAN_RUN, OTHERS = 1, [0, 2]


class Broken(AssertionError):
    """A contract that is not kept: what was expected, and what came instead."""


def draw(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers in float64."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def generators(runs: int = RUNS) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(10 + r) for r in range(runs)]


def weighting(y: Tensor) -> Tensor:
    """cos 0, cos 1, …: the gradient of Σ y · cos(index), different in every entry."""
    return torch.arange(y.numel(), dtype=y.dtype).cos().view_as(y)


def require(ok: bool, words: str) -> None:
    """Raise Broken unless `ok`."""
    if not ok:
        raise Broken(words)


def require_close(what: str, got: Any, expected: Tensor, relative: float = 0.0, absolute: float = 0.0) -> None:
    """Raise Broken, with the entry that is furthest off, unless |got − expected| <= absolute + relative |expected|."""
    require(isinstance(got, Tensor), f"{what}: expected a tensor, got {type(got).__name__}")
    require(got.shape == expected.shape, f"{what}: expected {tuple(expected.shape)}, got {tuple(got.shape)}")
    require(got.dtype == expected.dtype, f"{what}: expected {expected.dtype}, got {got.dtype}")
    excess = (got - expected).abs() - (absolute + relative * expected.abs())
    excess = excess.masked_fill((got == expected) | (got.isnan() & expected.isnan()), -torch.inf)
    if excess.numel() and not bool((excess <= 0).all()):
        worst = int(excess.nan_to_num(nan=torch.inf).argmax())
        place = ", ".join(str(int(i)) for i in torch.unravel_index(torch.tensor(worst), got.shape))
        raise Broken(f"{what}[{place}]: expected {expected.flatten()[worst]:.9g}, got {got.flatten()[worst]:.9g}")


def slope(function: Callable[[Tensor], Tensor], x: Tensor, direction: Tensor, step: float = 1e-6) -> float:
    """The central difference of `function` at x along a direction."""
    return float((function(x + step * direction) - function(x - step * direction)) / (2 * step))


def refused(call: Callable[[], Any], error: type[Exception], given: str) -> str:
    """The words of the error that `call` raises; Broken where it raises none or another."""
    try:
        call()
    except error as raised:
        return str(raised)
    except Exception as raised:
        raise Broken(f"{given}: expected a {error.__name__}, got {type(raised).__name__}: {raised}") from raised
    raise Broken(f"{given}: expected a {error.__name__}, but it was taken")


def expect_words(said: str, parts: Sequence[str], given: str) -> None:
    """Raise Broken unless the error names each part."""
    for part in parts:
        require(part in said, f"{given}: expected an error with {part!r}, got {said!r}")
