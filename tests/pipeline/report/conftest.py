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


def write_grid(folder: Path) -> Path:
    """Twelve runs, hidden × lr; run 7 is the best."""
    number = 0
    for hidden in ([8], [16], [32, 8]):
        for lr in (0.001, 0.01, 0.1, 1.0):
            best = 0.95 if number == 7 else 0.5 + 0.01 * number
            written.write_run(folder / str(number), best, model__hidden=hidden, optimizer__lr=lr)
            number += 1
    return folder


def _writer(request: pytest.FixtureRequest) -> Callable[[Path], Path]:
    """What writes the runs of a file of tests: its `write_sweep`, or `write_grid`."""
    writer: Callable[[Path], Path] = getattr(request.module, "write_sweep", write_grid)
    return writer


@pytest.fixture
def sweep(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The runs of a file of tests."""
    return _writer(request)(tmp_path / "grid")


@pytest.fixture(scope="session")
def reports() -> dict[Callable[[Path], Path], Path]:
    """What has written runs -> their folder, with a report."""
    return {}


@pytest.fixture(scope="module")
def reported(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    reports: dict[Callable[[Path], Path], Path],
) -> Path:
    """The same runs with their report, for tests that write nothing there: it is built once."""
    writer = _writer(request)
    if writer not in reports:
        reports[writer] = writer(tmp_path_factory.mktemp("reported") / "grid")
        build([reports[writer]])
    return reports[writer]


@pytest.fixture(scope="module")  # while it is open, its event loop is this thread's
def browser() -> Iterator[Any]:
    """One for all pages of a file of tests."""
    with chromium() as launched:
        yield launched
