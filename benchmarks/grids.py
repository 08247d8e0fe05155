"""A grid of 24 runs on the whole of Fashion-MNIST, from the command line to the finished report, against a peer.

    python -m benchmarks.grids --batch 64
    python -m benchmarks.grids --batch 1 --part 12
    python -m benchmarks.grids --peer scikit-learn --widths 64 128 --momentum 0.9

Everything counts: imports, compilation, data, evaluation of every split every epoch, files. The peer is
benchmarks/baseline.py, Hydra's joblib launcher and a torch training function, or benchmarks/grid_search.py,
GridSearchCV over MLPClassifier; neither writes a report. With --part n the baseline trains every n-th run alone, and
its time is that of the part less its start-up, times n.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

from benchmarks.sweeps import seconds

RATES, PENALTIES = (0.003, 0.01, 0.03, 0.1), (0.0, 1e-4, 1e-3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", choices=["torch", "scikit-learn"], default="torch", help="(default: %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="(default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--widths", type=int, nargs="+", default=[128, 256], help="(default: 128 256)")
    parser.add_argument("--momentum", type=float, default=0.0, help="(default: %(default)s)")
    parser.add_argument("--part", type=int, default=1, help="the baseline trains 1 / part of the grid: 1, 2, 3, 4, 12")
    given = parser.parse_args()
    if given.peer == "torch" and given.momentum:
        parser.error("the torch baseline has no momentum; give --peer scikit-learn")
    ours = _ours(given)
    whole = _of_scikit_learn(given) if given.peer == "scikit-learn" else _of_torch(given)
    print(json.dumps({"who": given.peer, **whole, "times": round(whole["seconds"] / ours, 1)}), flush=True)


def _ours(given: argparse.Namespace) -> float:
    """Seconds of the command, which ends with the report."""
    with tempfile.TemporaryDirectory() as folder:
        whole = seconds(
            Path(folder),
            "pipeline",
            "-m",
            "dataset=fashion_mnist",
            f"model.hidden={','.join(f'[{width}]' for width in given.widths)}",
            f"optimizer.lr={_listed(RATES)}",
            f"optimizer.momentum={given.momentum:g}",
            f"model.l2={_listed(PENALTIES)}",
            f"training.batch_size={given.batch}",
            f"training.epochs={given.epochs}",
            "sweep.name=s",
        )
        sweep = Path(folder) / "outputs" / "s"
        done = len(list(sweep.glob("*/result.json")))
        assert (sweep / "report" / "index.html").exists()
    print(json.dumps({"who": "scratchnet", "runs": done, "seconds": round(whole, 1)}), flush=True)
    return whole


def _of_torch(given: argparse.Namespace) -> dict[str, float]:
    # The part crosses the widths with the middle of the other keys first: its runs cost what the others cost.
    less = {1: (RATES, PENALTIES), 2: (RATES[:2], PENALTIES), 3: (RATES, (1e-4,)), 4: ((0.01,), PENALTIES)}
    rates, penalties = less.get(given.part, ((0.01,), (1e-4,)))
    run = [f"hidden={_listed(given.widths)}", f"lr={_listed(rates)}", f"l2={_listed(penalties)}"]
    run += [f"batch_size={given.batch}"]
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        part = seconds(Path(folder), "benchmarks.baseline", "-m", *run, f"epochs={given.epochs}")
        start = seconds(Path(folder), "benchmarks.baseline", "-m", *run, "epochs=0") if given.part > 1 else 0.0
    return {"trained": 1 / given.part, "seconds": round(start + (part - start) * given.part, 1)}


def _of_scikit_learn(given: argparse.Namespace) -> dict[str, float]:
    os.environ["OMP_NUM_THREADS"] = "1"
    grid = ["--widths", *map(str, given.widths), "--rates", *map(str, RATES), "--penalties", *map(str, PENALTIES)]
    settings = [f"--batch={given.batch}", f"--epochs={given.epochs}", f"--momentum={given.momentum}"]
    with tempfile.TemporaryDirectory() as folder:
        return {"seconds": round(seconds(Path(folder), "benchmarks.grid_search", *grid, *settings), 1)}


def _listed(values: tuple[float, ...] | list[int]) -> str:
    return ",".join(f"{value:g}" for value in values)


if __name__ == "__main__":
    main()
