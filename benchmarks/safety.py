"""What it costs that nothing is lost: the share of a sweep's CPU time in checksums and checks, and flushes a run.

    python -m benchmarks.safety

Sweeps run in this process under the profiler, from the command to the last result, without the report. The profiler
slows Python and not compiled training, so that the shares are upper bounds. How long a flush takes is for the disk to
say.
"""

import contextlib
import cProfile
import io
import os
import pstats
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd

from pipeline.command import cli

SWEEPS = {
    "the default sweep": "experiment=grid_mini",
    "12 runs of 60 points, 3 epochs": "-m dataset=square dataset.samples=60 training.epochs=3 "
    "optimizer.lr=0.1,0.2,0.3 model.hidden=[4],[8] seed=0,1",
    "1 run of 20 000 points, batches of 1, 5 epochs": "-m dataset=square dataset.samples=20000 training.epochs=5 "
    "training.batch_size=1 seed=0",
    "24 runs of 4 000 points, halving": "-m sweep=halving dataset=square dataset.samples=4000 training.epochs=16 "
    "optimizer.lr=0.01,0.03,0.1,0.3 model.hidden=[16],[32] seed=0,1,2",
}
PARTS = {  # by what the profiler calls the functions
    "checksums": ("_hashlib.openssl_sha256", "files.py:digest", "checkpoint.py:_digest"),
    "checks": (
        "altered_files",
        "check_regular",
        "check_job_folders",
        "read_entries",
        "files.py:clean",
        "lock.py:locked",
    ),
}


def shares(arguments: str) -> dict[str, float]:
    """Percent of the CPU time of `python -m pipeline` with these arguments, its CPU seconds, and flushes a run."""
    here = Path.cwd()
    profile = cProfile.Profile(time.process_time)
    quiet = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        words = ["pipeline", *arguments.split(), "sweep.name=s", "hydra.launcher.workers=1"]
        try:
            with (
                mock.patch.object(sys, "argv", words),
                mock.patch.object(cli, "_report", return_value=0),
                contextlib.redirect_stdout(quiet),
                contextlib.redirect_stderr(quiet),
            ):
                status = profile.runcall(cli.main)
            runs = len(list(Path(folder).glob("outputs/s/*/result.json")))
        finally:
            os.chdir(here)
    if status:
        raise SystemExit(quiet.getvalue())
    stats = pstats.Stats(profile)
    total: float = stats.total_tt  # type: ignore[attr-defined]
    rows: dict[tuple[str, int, str], Any] = stats.stats  # type: ignore[attr-defined]
    times = {f"{Path(file).name}:{name}": row[3] for (file, _, name), row in rows.items()}
    parts = {
        part: 100 * sum(seconds for called, seconds in times.items() if any(name in called for name in names)) / total
        for part, names in PARTS.items()
    }
    flushes = sum(row[1] for (_, _, name), row in rows.items() if "posix.fsync" in name)
    return parts | {"together": sum(parts.values()), "CPU seconds": total, "flushes a run": flushes / runs}


def main() -> None:
    shares(SWEEPS["12 runs of 60 points, 3 epochs"])  # imports, and compiles where need be
    table = pd.DataFrame({name: shares(arguments) for name, arguments in SWEEPS.items()}).T
    print(table.round(2).to_markdown())


if __name__ == "__main__":
    main()
