"""A grid of 24 runs on the whole of Fashion-MNIST, from the command line to the finished report, against the baseline.

    python -m benchmarks.grids --batch 64
    python -m benchmarks.grids --batch 1 --part 12

Everything counts: imports, compilation, data, evaluation of every split every epoch, files. The baseline is
benchmarks/baseline.py: Hydra's joblib launcher and a torch training function; it writes no report. With --part n it
trains every n-th run alone, and its time is that of the part less its start-up, times n: said in the line.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

from benchmarks.sweeps import seconds

RATES, PENALTIES, WIDTHS = (0.003, 0.01, 0.03, 0.1), (0.0, 1e-4, 1e-3), (128, 256)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=64, help="(default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--part", type=int, default=1, help="the baseline trains 1 / part of the grid: 1, 2, 3, 4, 12")
    options = parser.parse_args()
    rates, penalties, widths = (",".join(f"{v:g}" for v in values) for values in (RATES, PENALTIES, WIDTHS))
    with tempfile.TemporaryDirectory() as folder:
        ours = seconds(
            Path(folder),
            "pipeline",
            "-m",
            "dataset=fashion_mnist",
            f"model.hidden={','.join(f'[{width}]' for width in WIDTHS)}",
            f"optimizer.lr={rates}",
            "optimizer.momentum=0",
            f"model.l2={penalties}",
            f"training.batch_size={options.batch}",
            f"training.epochs={options.epochs}",
            "sweep.name=s",
        )
        done = len(list(Path(folder).glob("outputs/s/*/result.json")))
        assert (Path(folder) / "outputs/s/report/index.html").exists()
    print(
        json.dumps({"who": "scratchnet", "batch": options.batch, "runs": done, "seconds": round(ours, 1)}), flush=True
    )
    # The part crosses the widths with the middle of the other keys first: its runs cost what the others cost.
    less = {1: (rates, penalties), 2: ("0.003,0.01", penalties), 3: (rates, "0.0001"), 4: ("0.01", penalties)}
    chosen = less.get(options.part, ("0.01", "0.0001"))
    run = [f"hidden={widths}", f"lr={chosen[0]}", f"l2={chosen[1]}", f"batch_size={options.batch}"]
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        part = seconds(Path(folder), "benchmarks.baseline", "-m", *run, f"epochs={options.epochs}")
        start = seconds(Path(folder), "benchmarks.baseline", "-m", *run, "epochs=0") if options.part > 1 else 0.0
    whole = start + (part - start) * options.part
    line = {"who": "baseline", "batch": options.batch, "trained": f"1/{options.part} of the grid"}
    print(json.dumps({**line, "seconds": round(whole, 1), "times": round(whole / ours, 1)}), flush=True)


if __name__ == "__main__":
    main()
