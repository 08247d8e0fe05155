"""Sweeps as training leaves them, written without training."""

from collections.abc import Callable
from pathlib import Path

import pytest
import written

WriteRun = Callable[..., Path]


@pytest.fixture
def write_run() -> WriteRun:
    """write_run(folder, best=…, epochs=…, status=…, score=…, validation=…, **config) writes one run."""
    return written.write_run


@pytest.fixture
def sweep(tmp_path: Path, write_run: WriteRun) -> Path:
    """Twelve runs, hidden × lr; run 7 is the best."""
    folder = tmp_path / "grid"
    number = 0
    for hidden in ([8], [16], [32, 8]):
        for lr in (0.001, 0.01, 0.1, 1.0):
            best = 0.95 if number == 7 else 0.5 + 0.01 * number
            write_run(folder / str(number), best, model__hidden=hidden, optimizer__lr=lr)
            number += 1
    return folder
