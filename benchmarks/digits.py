"""Do two versions of the code give the same figures? `python -m benchmarks.digits CHECKOUT` compares two checkouts.

    git worktree add ../before v0.1.0
    python -m benchmarks.digits ../before
    python -m benchmarks.digits ../before --kernels plain

Both train the same small sweeps: every kernel, float32 and float64, both models, SGD, momentum and Adam, a halving, a
sweep that is continued with more epochs. Every cell of history.csv but the seconds and every bit of model.safetensors
must be equal. Prints a line a sweep; exits with 1 where any differs.
"""

import argparse
import csv
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from safetensors.numpy import load_file

HERE = Path(__file__).parents[1]
_SMALL = ("dataset=fashion_mnist_mini", "training.epochs=2", "dataset.validation_fraction=0.2")
_MLP = "model.hidden=[24],[16,8]"
_PATCHES = ("model=patch_mlp", "model.features=8", "model.hidden_patches=8", "model.hidden_features=8", "model.depth=1")
_OPTIMIZERS = {
    "sgd": ("optimizer.momentum=0", "model.l2=0,0.001", "training.batch_size=16"),
    "momentum": ("optimizer.momentum=0.9", "optimizer.weight_decay=0.01", "model.dropout=0,0.2"),
    "adam": ("optimizer=adam", "optimizer.lr=0.001,0.003", "schedule=cosine"),
}
_HALVING = (
    "sweep=halving",
    "optimizer.lr=0.001,0.01,0.1,0.2",
    "training.epochs=6",
    "dataset=square",
    "dataset.samples=300",
)
_CONTINUED = ("dataset=square", "dataset.samples=300", "optimizer.lr=0.01,0.1")


def sweeps(kernels: Sequence[str]) -> dict[str, list[tuple[str, ...]]]:
    """Name -> the commands of the sweep, one after the other."""
    cases: dict[str, list[tuple[str, ...]]] = {}
    for kernel in kernels:
        for dtype in ("float32", "float64"):
            common = (*_SMALL, f"training.kernel={kernel}", f"training.dtype={dtype}")
            for name, words in _OPTIMIZERS.items():
                cases[f"{kernel}_{dtype}_mlp_{name}"] = [(*common, _MLP, *words)]
                others = tuple(word for word in words if not word.startswith("model.dropout"))
                cases[f"{kernel}_{dtype}_patch_mlp_{name}"] = [(*common, *_PATCHES, *others, "training.epochs=1")]
        cases[f"{kernel}_augmented"] = [
            (*_SMALL, f"training.kernel={kernel}", _MLP, "dataset.flip=true", "dataset.shift=2")
        ]
        cases[f"{kernel}_halving"] = [(*_HALVING, f"training.kernel={kernel}")]
        first = (*_CONTINUED, f"training.kernel={kernel}")
        cases[f"{kernel}_continued"] = [(*first, "training.epochs=2"), (*first, "training.epochs=2,4")]
    return cases


def train(checkout: Path, name: str, commands: Sequence[Sequence[str]], folder: Path) -> Path:
    """Run the commands with the code of `checkout`; the sweep's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for words in commands:
        subprocess.run(
            [sys.executable, "-m", "pipeline", "-m", *words, f"sweep.name={name}"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(checkout.resolve())},
            check=True,
            capture_output=True,
        )
    return folder / "outputs" / name


def figures(run: Path) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The cells of history.csv but the seconds, and a hash of each tensor of model.safetensors."""
    with (run / "history.csv").open(newline="") as stream:
        rows = [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(stream)]
    tensors = load_file(run / "model.safetensors")
    return rows, {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in sorted(tensors.items())}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.digits", description=__doc__.split("\n")[0])
    parser.add_argument("checkout", type=Path, help="the folder of another version of this repository")
    parser.add_argument("--kernels", nargs="+", default=["plain", "auto"], help="values of training.kernel")
    options = parser.parse_args(arguments)
    other = 0
    with tempfile.TemporaryDirectory() as temporary:
        for name, commands in sweeps(options.kernels).items():
            ours, theirs = (
                train(checkout, name, commands, Path(temporary, side))
                for side, checkout in (("ours", HERE), ("theirs", options.checkout))
            )
            runs = sorted(path.parent.name for path in theirs.glob("*/history.csv"))
            missing = set(runs) ^ {path.parent.name for path in ours.glob("*/history.csv")}
            differing = [run for run in runs if run not in missing and figures(ours / run) != figures(theirs / run)]
            other += bool(missing or differing or not runs)
            verdict = (
                f"differ: {', '.join([*differing, *missing])}" if missing or differing else "equal to the last bit"
            )
            print(f"{name}: {len(runs)} runs, {verdict}", flush=True)
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main())
