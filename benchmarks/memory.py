"""Peak memory of a sweep by its number of workers: the main process and all workers, shared pages counted once.

    python -m benchmarks.memory --workers 1 2 8 --dataset cifar10

One JSON line a number of workers; `allowed_mb` is 1.3 times the data set as float32 plus 250 MB a worker. Linux only
(proportional set sizes from /proc).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
NUMBERS = {"cifar10": 60_000 * 3072, "cifar100": 60_000 * 3072, "fashion_mnist": 70_000 * 784}


def peak(command: list[str], folder: Path) -> float:
    """Largest sum of proportional set sizes over the command's processes, in MB."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    most = 0.0
    while process.poll() is None:
        total = 0.0
        for member in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
            with suppress(psutil.Error):
                total += member.memory_full_info().pss
        most = max(most, total / 1e6)
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}")
    return most


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 8], help="default: %(default)s")
    parser.add_argument("--dataset", default="cifar10", choices=list(NUMBERS), help="default: %(default)s")
    options = parser.parse_args()
    for workers in options.workers:
        seeds = ",".join(map(str, range(workers)))
        sweep = [
            "-m",
            f"dataset={options.dataset}",
            "training.epochs=1",
            "model.hidden=[64]",
            "training.batch_size=256",
        ]
        overrides = [f"hydra.launcher.workers={workers}", "optimizer.lr=0.01", f"seed={seeds}"]
        with tempfile.TemporaryDirectory() as folder:
            most = peak([sys.executable, "-m", "pipeline", *sweep, *overrides], Path(folder))
        allowed = 1.3 * 4 * NUMBERS[options.dataset] / 1e6 + 250 * workers
        print(json.dumps({"workers": workers, "peak_mb": round(most), "allowed_mb": round(allowed)}), flush=True)


if __name__ == "__main__":
    main()
