"""`python -m pipeline.datasets._draw_mini`: draw fashion_mnist_mini again from the full files, byte for byte."""

import argparse
import sys
from pathlib import Path

import numpy as np

from pipeline.datasets import Split
from pipeline.datasets._idx import write_idx
from pipeline.datasets.fashion_mnist import CLASSES, FILES, SOURCE, read
from pipeline.datasets.fashion_mnist_mini import FOLDER
from pipeline.errors import UserError

SEED, PER_CLASS = 0, {"train": 600, "test": 100}


def draw(split: Split, per_class: int, rng: np.random.Generator) -> Split:
    """As many examples of each class, in the official order. Raises UserError where a class has too few."""
    rows = [np.flatnonzero(split.targets == k) for k in range(len(CLASSES))]
    fewest = min(len(of_class) for of_class in rows)
    if fewest < per_class:
        raise UserError(f"--root: a class has only {fewest} of {per_class} images; give the full official files")
    return split.take(np.sort(np.concatenate([rng.choice(of_class, per_class, replace=False) for of_class in rows])))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pipeline.datasets._draw_mini", description=__doc__)
    parser.add_argument("--root", help="folder of the four official files (default: the usual places)")
    parser.add_argument("--out", type=Path, default=FOLDER, help=f"folder to write to (default: {FOLDER})")
    options = parser.parse_args(arguments)
    try:
        official, rng = read(SOURCE.find(options.root)), np.random.default_rng(SEED)
        parts = {name: draw(getattr(official, name), PER_CLASS[name], rng) for name in FILES}
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in FILES.items():
        write_idx(options.out / images, parts[name].inputs[:, 0])
        write_idx(options.out / labels, parts[name].targets.astype(np.uint8))
        print(f"{len(parts[name])} {name} images -> {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
