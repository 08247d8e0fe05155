"""Products by an address: every library that can be asked gives the product."""

from typing import Any

import numba
import pytest
import torch

from scratchnet import compiled
from scratchnet.kernels import _blas

SOURCES = [_blas.of_torch, _blas.of_numpy, _blas.of_scipy]


@numba.njit
def product(*arguments: Any) -> None:
    """Only compiled code calls what is compiled."""
    compiled.multiply(*arguments)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_products_are_torchs(source, dtype: torch.dtype, turned: tuple[bool, bool]) -> None:
    address = source(dtype)
    if address is None:
        pytest.skip("this library is not on this machine")
    generator = torch.Generator().manual_seed(0)
    a, b, c = (torch.randn(shape, generator=generator, dtype=dtype) for shape in ((5, 7), (7, 3), (5, 3)))
    expected = 0.5 * a @ b + 2 * c
    left = a.T.contiguous() if turned[0] else a
    right = b.T.contiguous() if turned[1] else b
    numpy_type = torch.empty(0, dtype=dtype).numpy().dtype.type
    product(
        address,
        5,
        3,
        7,
        numpy_type(0.5),
        left.view(-1).numpy(),
        turned[0],
        left.shape[1],
        right.view(-1).numpy(),
        turned[1],
        right.shape[1],
        numpy_type(2),
        c.view(-1).numpy(),
        3,
    )
    torch.testing.assert_close(c, expected)


def test_one_library_always_answers() -> None:
    assert all(_blas.gemm(dtype) and _blas.of_scipy(dtype) for dtype in (torch.float32, torch.float64))


@pytest.mark.parametrize(
    ("host", "torchs", "numpys", "openblas"),
    [
        ("znver3", 1, 2, True),
        ("znver3", 1, None, False),
        ("sapphirerapids", 1, 2, False),
        ("apple-m2", None, 2, True),
        ("apple-m2", None, None, False),
    ],
)
def test_whose_library_multiplies(
    host: str, torchs: int | None, numpys: int | None, openblas: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blas.llvmlite.binding, "get_host_cpu_name", lambda: host)
    monkeypatch.setattr(_blas, "_is_amd", _blas._is_amd.__wrapped__)
    for name, address in (("of_torch", torchs), ("of_numpy", numpys), ("of_scipy", 3)):
        monkeypatch.setattr(_blas, name, lambda dtype, address=address: address)
    monkeypatch.setattr(_blas, "is_openblas", _blas.is_openblas.__wrapped__)
    monkeypatch.setattr(_blas, "_set_numpy_threads", lambda threads: None)
    assert _blas.is_openblas() == openblas
    assert _blas.gemm(torch.float64) == (numpys if openblas else torchs or 3)


def test_numpys_library_computes_on_as_many_threads_as_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    from threadpoolctl import threadpool_info

    if _blas.of_numpy(torch.float32) is None:
        pytest.skip("numpy has another library than OpenBLAS")
    monkeypatch.setattr(_blas, "is_openblas", lambda: True)
    assert _blas.gemm(torch.float32) == _blas.of_numpy(torch.float32)
    threads = [info["num_threads"] for info in threadpool_info() if "numpy" in info["filepath"]]
    assert threads == [torch.get_num_threads()]
