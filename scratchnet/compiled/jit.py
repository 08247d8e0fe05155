"""How functions are compiled: by numba, at first use, kept in the user's cache folder where that can be written."""

import hashlib
import io
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba
import platformdirs
from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache
from numba.core.runtime import rtsys

from scratchnet.compiled.lowering import Compiler, CompilerOfDisjoint

SUMS = {"reassoc", "contract"}  # a sum may be reordered to fill a register; NaN and infinity keep their meaning
AS_WRITTEN = {"contract"}
_DIGEST = hashlib.sha256().digest_size


def cache_folder() -> Path:
    """One for each version of this package: numba takes a function as unchanged when only one that it calls has."""
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return platformdirs.user_cache_path("scratchnet") / hashlib.sha256(sources).hexdigest()[:16]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError as error:
        _warn(folder, error)
        return False


_warned = False


def _warn(folder: object, error: Exception) -> None:
    global _warned
    if not _warned:
        _warned = True
        reason = getattr(error, "strerror", None) or error
        warnings.warn(f"{folder}: {reason}; compiled code is not kept, every process compiles again", stacklevel=2)


when_compiling: list[Callable[[], None]] = []
"""Called before what no file holds is compiled."""


def _announce() -> None:
    for call in when_compiling:
        call()


class _Files(IndexDataCacheFile):  # type: ignore[misc]
    """Numba's, each with a sha256 at its end: a damaged page of machine code would crash, or compute something else."""

    @contextmanager
    def _open_for_write(self, path: str) -> Iterator[io.BytesIO]:
        with super()._open_for_write(path) as file:
            content = io.BytesIO()
            yield content
            file.write(content.getvalue() + hashlib.sha256(content.getvalue()).digest())

    def _load_index(self) -> Any:
        _check(Path(self._index_path))
        return super()._load_index()

    def _load_data(self, name: str) -> Any:
        _check(Path(self._data_path(name)))
        return super()._load_data(name)


def _check(path: Path) -> None:
    """Raise ValueError unless the file is as it was written."""
    if not path.exists():
        return
    content, digest = (data := path.read_bytes())[:-_DIGEST], data[-_DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        raise ValueError(f"{path}: damaged")


class _Cache(FunctionCache):  # type: ignore[misc]
    """Numba's, which a full disk or a damaged file does not stop.

    It imports nothing to load what is compiled, where numba's own makes ready to compile as well, for 0.4 seconds.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _Files(self.cache_path, self._impl.filename_base, stamp)

    def load_overload(self, signature: Any, target: Any) -> Any:
        rtsys.initialize(target)
        found = None
        try:
            with self._guard_against_spurious_io_errors():
                found = self._load_overload(signature, target)
        except Exception:  # whatever a damaged file raises: compile again, and forget what it held
            with suppress(OSError):
                self.flush()
        if found is None:
            _announce()
        return found

    def save_overload(self, *arguments: Any) -> None:
        try:
            super().save_overload(*arguments)
        except OSError as error:
            _warn(self.cache_path, error)


class _NoCache(NullCache):  # type: ignore[misc]
    """Where nothing can be kept."""

    def load_overload(self, *arguments: Any) -> None:
        _announce()


FOLDER = cache_folder()
_KEEP = os.environ.get("NUMBA_DISABLE_JIT") != "1" and _writable(FOLDER)


def compiled(
    fastmath: set[str], *, entry: bool = False, inlined: bool = False, disjoint: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function of numbers, arrays and named tuples of them for the types that it is called with.

    What is compiled is kept for an `entry`, which holds all that it calls and alone is called from Python. `inlined`:
    what is given named tuples, whose hundred numbers would be copied at every call. `disjoint`: its arrays never
    overlap; otherwise vectors are preceded by a test whether they do.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher: Any = numba.njit(
            forceinline=inlined,
            nogil=True,
            error_model="numpy",
            fastmath=fastmath,
            boundscheck=False,
            pipeline_class=CompilerOfDisjoint if disjoint else Compiler,
            no_cpython_wrapper=not entry,
            no_cfunc_wrapper=True,
        )(function)
        if not entry:
            return dispatcher
        dispatcher._cache = _NoCache()
        if _KEEP:
            before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(FOLDER)
            try:
                dispatcher._cache = _Cache(function)
            finally:
                numba.config.CACHE_DIR = before
        return dispatcher

    return decorate
