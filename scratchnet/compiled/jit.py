"""How functions are compiled: by numba, at first use, kept in the user's cache folder."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import platformdirs

SUMS = {"reassoc", "contract"}  # a sum may be reordered to fill a register; NaN and infinity keep their meaning
AS_WRITTEN = {"contract"}


def _cache_folder() -> str:
    """One for each version of this package: numba takes a function as unchanged when only one that it calls has."""
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return str(platformdirs.user_cache_path("scratchnet") / hashlib.sha256(sources).hexdigest()[:16])


_FOLDER = _cache_folder()


def compiled(fastmath: set[str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function of numbers and arrays for the types that it is called with."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, _FOLDER
        try:
            options = {"cache": True, "error_model": "numpy", "fastmath": fastmath, "boundscheck": False}
            result: Callable[..., Any] = numba.njit(**options)(function)
            return result
        finally:
            numba.config.CACHE_DIR = before

    return decorate
