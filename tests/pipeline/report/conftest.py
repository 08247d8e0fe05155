"""Sweeps as training leaves them, written without training."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import written
from browsing import chromium

from pipeline.report.build import build

WriteRun = Callable[..., Path]


@pytest.fixture
def write_run() -> WriteRun:
    """write_run(folder, best=…, epochs=…, status=…, score=…, validation=…, **config) writes one run."""
    return written.write_run


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Twelve runs, hidden × lr; run 7 is the best."""
    return write_grid(tmp_path / "grid")


def write_grid(folder: Path) -> Path:
    number = 0
    for hidden in ([8], [16], [32, 8]):
        for lr in (0.001, 0.01, 0.1, 1.0):
            best = 0.95 if number == 7 else 0.5 + 0.01 * number
            written.write_run(folder / str(number), best, model__hidden=hidden, optimizer__lr=lr)
            number += 1
    return folder


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same twelve runs with their report, for tests that write nothing there: it is built once."""
    folder = write_grid(tmp_path_factory.mktemp("reported") / "grid")
    build([folder])
    return folder


@pytest.fixture(scope="module")  # while it is open, its event loop is this thread's
def browser() -> Iterator[Any]:
    """One for all pages of a file of tests."""
    with chromium() as launched:
        yield launched
