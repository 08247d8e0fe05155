"""Compiled code that checks what it takes for granted: a pytest plugin, for `python -m pytest -p checked`.

Parts of vectors must lie inside of them, and the arrays of a `disjoint` function apart. What is compiled so must not
be kept where others look for it: set XDG_CACHE_HOME.
"""

import importlib.util
import inspect
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
from numba.core import types
from numba.extending import overload

_COMPILED = Path(__file__).parents[2] / "scratchnet" / "compiled"


def _load(name: str) -> ModuleType:
    """A module of the compiled code by itself: its package would at once import all that is to be changed."""
    full = f"scratchnet.compiled.{name}"
    spec = importlib.util.spec_from_file_location(full, _COMPILED / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[full] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _overlap(a, b):  # type: ignore[no-untyped-def] # numba compares the signatures
    """Whether two arguments are arrays that share memory."""
    raise NotImplementedError


@overload(_overlap)
def _overlap_of_types(a, b):  # type: ignore[no-untyped-def]
    if not (isinstance(a, types.Array) and isinstance(b, types.Array)):
        return lambda a, b: False

    def overlap(a, b):  # type: ignore[no-untyped-def]
        begin, start = a.ctypes.data, b.ctypes.data
        return begin < start + b.size * b.itemsize and start < begin + a.size * a.itemsize

    return overlap


def _apart(function: Callable[..., Any], inner: Any) -> Any:
    """The function, which raises where two of its arrays share memory."""
    names = list(inspect.signature(function).parameters)
    tests = "".join(
        f"    if overlap({a}, {b}):\n        raise ValueError('{function.__name__}: {a} and {b} overlap')\n"
        for a, b in itertools.combinations(names, 2)
    )
    scope = {"overlap": _overlap, "inner": inner}
    exec(f"def {function.__name__}({', '.join(names)}):\n{tests}    return inner({', '.join(names)})\n", scope)
    return scope[function.__name__]


if "scratchnet" in sys.modules:
    raise ImportError("checked: import it before scratchnet, or nothing is checked")
_load("lowering")
_jit, _parts = _load("jit"), _load("parts")
_compiled, _part = _jit.compiled, _parts.part


def compiled(fastmath: set[str], *, disjoint: bool = False, **options: bool) -> Callable[[Callable[..., Any]], Any]:
    def decorate(function: Callable[..., Any]) -> Any:
        inner = _compiled(fastmath, disjoint=disjoint, **options)(function)
        return numba.njit(_apart(function, inner), error_model="numpy") if disjoint else inner

    return decorate


@numba.njit
def part(array: Any, start: int, size: int) -> Any:
    if start < 0 or size < 0 or start + size > len(array):
        raise IndexError("a part lies outside of its vector")
    return _part(array, start, size)


_jit.compiled, _parts.part = compiled, part  # type: ignore[attr-defined]
