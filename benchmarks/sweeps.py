"""What a sweep costs besides training: seconds a job under each launcher, and with how many workers what memory.

    python -m benchmarks.sweeps --jobs 24 200 --launchers stacked basic joblib
    python -m benchmarks.sweeps --jobs 24 1000 --launchers stacked

The jobs train next to nothing (10 points, 1 epoch), over values of one key and two group choices. One JSON line a
launcher and number of jobs: wall time from the command line to its end without the report, which is timed beside it,
and the slope between the numbers of jobs, which is what one more job costs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
TINY = ["dataset=linear", "dataset.samples=10", "training.epochs=1", "model.hidden=[2]", "sweep.name=s"]
GROUPS = ["optimizer=sgd,adam", "schedule=constant,step"]


def seconds(folder: Path, module: str, *arguments: str) -> float:
    """Wall time of a command in `folder`."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweeps", description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, nargs="+", default=[24, 200], help="multiples of 4 (default: %(default)s)")
    parser.add_argument("--launchers", nargs="+", default=["stacked", "basic", "joblib"])
    parser.add_argument("--repeats", type=int, default=3, help="the best of so many (default: %(default)s)")
    options = parser.parse_args()
    for launcher in options.launchers:
        before: tuple[int, float] | None = None
        for jobs in sorted(options.jobs):
            rates = ",".join(f"{1e-4 * (i + 1):.6g}" for i in range(jobs // 4))
            sweep = ["-m", f"hydra/launcher={launcher}", f"optimizer.lr={rates}", *GROUPS, *TINY]
            times = []
            for _ in range(options.repeats):
                with tempfile.TemporaryDirectory() as folder:
                    whole = seconds(Path(folder), "pipeline", *sweep)
                    report = seconds(Path(folder), "pipeline.report", "outputs/s")
                    times.append((whole - report, report))
            training, report = min(times)
            line = {
                "launcher": launcher,
                "jobs": jobs,
                "seconds": round(training, 2),
                "report_seconds": round(report, 2),
            }
            line["ms_a_job"] = round(1e3 * training / jobs, 1)
            if before:
                line["ms_one_more_job"] = round(1e3 * (training - before[1]) / (jobs - before[0]), 1)
            before = (jobs, training)
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
