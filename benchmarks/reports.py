"""What a report costs: seconds and peak memory by the number of runs, of 20 epochs each.

    python -m benchmarks.reports --runs 100 1000 10000

The runs are one that was trained, copied with other rates, seeds and figures.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.sweeps import ROOT, TINY, seconds
from pipeline.files import HISTORY, RESULT
from pipeline.metrics import SCORES


def copies(model: Path, folder: Path, runs: int) -> None:
    """`runs` folders as `model`, each with its own rate, seed and figures."""
    result = json.loads((model / RESULT).read_text())
    history, rng = pd.read_csv(model / HISTORY), np.random.default_rng(0)
    hydra = {path.name: path.read_text() for path in (model / ".hydra").glob("*")}
    scores = [name for name in result["metrics"] if name.endswith(SCORES[result["task"]].name)]
    for run in range(runs):
        run_folder = folder / str(run)
        (run_folder / ".hydra").mkdir(parents=True)
        result["config"]["optimizer"]["lr"] = round(1e-4 * (1 + run // 10), 6)
        result["config"]["seed"] = run % 10
        for name in scores:
            result["metrics"][name] = float(rng.uniform(0.5, 0.99))
        (run_folder / RESULT).write_text(json.dumps(result))
        noisy = history.copy()
        noisy[[name for name in history if name.endswith("_loss")]] *= rng.uniform(0.9, 1.1)
        noisy.to_csv(run_folder / HISTORY, index=False)
        for name, text in hydra.items():
            (run_folder / ".hydra" / name).write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[100, 1000], help="(default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        base = Path(place)
        seconds(base, "pipeline", "-m", *TINY, "training.epochs=20", "seed=0,1")
        for runs in options.runs:
            folder = base / f"copies{runs}"
            copies(base / "outputs/s/0", folder, runs)
            start = time.perf_counter()
            command = [sys.executable, "-m", "pipeline.report", str(folder)]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            line: dict[str, float] = {"runs": runs, "seconds": round(time.perf_counter() - start, 1)}
            # The largest child so far: the numbers of runs grow, so it is this one.
            line["megabytes"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
            line["page_megabytes"] = round((folder / "report/index.html").stat().st_size / 2**20, 1)
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
