"""What a report costs: seconds and peak memory by the number of runs, of 20 epochs each on images.

    python -m benchmarks.reports --runs 24 200 1000 10000

The runs are one that was trained, copied with other rates, seeds and figures. `--keep FOLDER` leaves them there.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.sweeps import ROOT, seconds
from pipeline.files import HISTORY, RESULT
from pipeline.metrics import SCORES
from pipeline.runs.history import History, HistoryText, read_history
from pipeline.runs.result import Result, read_result

IMAGES = ["dataset=fashion_mnist_mini", "model.hidden=[32]", "training.epochs=20", "sweep.name=s"]


def copies(model: Path, folder: Path, runs: int) -> None:
    """`runs` folders as `model`, each with its own rate, seed and figures."""
    result, history = read_result(model), read_history(model)
    assert isinstance(result, Result), result
    assert isinstance(history, History), history
    rng = np.random.default_rng(0)
    scores = [name for name in result.metrics if name.endswith(SCORES[result.task or "regression"].name)]
    for run in range(runs):
        run_folder = folder / str(run)
        run_folder.mkdir(parents=True)
        for path in model.iterdir():
            if path.is_dir():
                shutil.copytree(path, run_folder / path.name)
            elif path.name not in (RESULT, HISTORY):
                shutil.copy(path, run_folder)
        config = {
            **result.config,
            "optimizer": {**result.config["optimizer"], "lr": round(1e-4 * (1 + run // 10), 6)},
            "seed": run % 10,
        }
        metrics = result.metrics | {name: float(rng.uniform(0.5, 0.99)) for name in scores}
        noise = np.where([name.endswith("_loss") for name in history.names], rng.uniform(0.9, 1.1), 1.0)
        HistoryText(replace(history, table=history.table * noise).rows).write(run_folder)
        result.model_copy(update={"config": config, "metrics": metrics}).write(run_folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[24, 200, 1000], help="(default: %(default)s)")
    parser.add_argument("--keep", type=Path, help="where the runs are left (default: they are not)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        base = options.keep or Path(place)
        base.mkdir(exist_ok=True)
        seconds(base, "pipeline", "-m", *IMAGES, "seed=0,1")
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
