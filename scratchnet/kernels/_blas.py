"""Where the matrix products of compiled code come from: the address of a function, by the type of the numbers.

First choice is the BLAS that torch itself computes with: products are as fast as torch's and on as many threads. Where
torch exports none, or where numpy's is known to be the faster (a processor of AMD, on which torch's MKL takes a slower
path), numpy's OpenBLAS; else the functions that scipy offers to compiled code (`scipy.linalg.cython_blas`).
"""

import ctypes
import functools
from pathlib import Path

import llvmlite.binding
import numpy as np
import threadpoolctl
import torch

_LETTERS = {torch.float32: "s", torch.float64: "d"}


def gemm(dtype: torch.dtype) -> int:
    """The address of the function that multiplies matrices of this type."""
    if is_openblas():
        _set_numpy_threads(torch.get_num_threads())
        address = of_numpy(dtype)
    else:
        address = of_torch(dtype)
    return address or of_scipy(dtype)


@functools.cache
def is_openblas() -> bool:
    """Whether products are those of numpy's OpenBLAS."""
    return (_is_amd() or of_torch(torch.float32) is None) and of_numpy(torch.float32) is not None


def is_tiled() -> bool:
    """Whether compiled code multiplies a first layer's matrices itself, where the library was measured to be slower."""
    return _is_amd() and torch.get_num_threads() == 1


@functools.cache
def _is_amd() -> bool:
    return bool(llvmlite.binding.get_host_cpu_name().startswith("znver"))


@functools.cache
def of_torch(dtype: torch.dtype) -> int | None:
    """Of the library that torch computes with, None where that exports none."""
    for name in ("libtorch_cpu.so", "libtorch_cpu.dylib", "torch_cpu.dll"):
        path = Path(torch.__file__).parent / "lib" / name
        if path.exists():
            return _address(ctypes.CDLL(str(path)), f"{_LETTERS[dtype]}gemm_")
    return None


@functools.cache
def of_numpy(dtype: torch.dtype) -> int | None:
    """Of the OpenBLAS that numpy has loaded, None where it has another."""
    library = _numpy_library()
    if library is None:
        return None
    letter = _LETTERS[dtype]
    names = (f"scipy_{letter}gemm_64_", f"scipy_{letter}gemm_", f"{letter}gemm_64_", f"{letter}gemm_")
    return next(filter(None, (_address(library, name) for name in names)), None)


@functools.cache
def of_scipy(dtype: torch.dtype) -> int:
    """Of scipy's interface for compiled code, which every scipy has."""
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__[f"{_LETTERS[dtype]}gemm"]
    name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int(pointer(capsule, name(capsule)))


def _address(library: ctypes.CDLL, name: str) -> int | None:
    function = getattr(library, name, None)
    return None if function is None else ctypes.cast(function, ctypes.c_void_p).value


@functools.cache
def _numpy_library() -> ctypes.CDLL | None:
    np.ones((2, 2)) @ np.ones((2, 2))  # loads it
    folder = Path(np.__file__).resolve().parent
    folders = {folder, folder.with_name("numpy.libs"), folder / ".dylibs"}
    for library in threadpoolctl.ThreadpoolController().lib_controllers:
        path = Path(library.filepath).resolve()
        if library.internal_api == "openblas" and (folder in path.parents or path.parent in folders):
            return ctypes.CDLL(str(path))
    return None


def _set_numpy_threads(threads: int) -> None:
    library = _numpy_library()
    names = ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "openblas_set_num_threads")
    found = next(filter(None, (getattr(library, name, None) for name in names)), None)
    if found is not None:
        found(threads)
