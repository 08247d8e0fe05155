"""How long a command takes to begin: the help text, and the default run up to its first training step.

    python -m benchmarks.start

The row of epoch 0 in history.csv is written just before the first step.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.sweeps import ROOT

REPEATS = 3


def main() -> None:
    helped = min(_until(["--help"], None) for _ in range(REPEATS))
    first = min(_until([], "history.csv") for _ in range(REPEATS))
    print(json.dumps({"help_seconds": round(helped, 2), "first_step_seconds": round(first, 2)}))


def _until(arguments: list[str], file: str | None) -> float:
    """Seconds until the command has written `file` into its run's folder, or has ended."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "pipeline", *arguments, f"hydra.run.dir={run}"]
        start = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder, env=environment) as process:
            while process.poll() is None and not (file and (run / file).exists()):
                time.sleep(0.005)
            return time.perf_counter() - start


if __name__ == "__main__":
    main()
