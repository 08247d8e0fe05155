"""`python -m pipeline.datasets.draw_mini`: draw fashion_mnist_mini again from the full files, byte for byte."""

import argparse
from pathlib import Path

import numpy as np

from pipeline.datasets.fashion_mnist import CLASSES, FILES, MINI, load
from pipeline.datasets.idx import write_idx
from pipeline.datasets.official import Split

SEED, PER_CLASS = 0, {"train": 600, "test": 100}


def draw(split: Split, per_class: int, rng: np.random.Generator) -> Split:
    """As many examples of each class, in the official order."""
    rows = [rng.choice(np.flatnonzero(split.targets == k), per_class, replace=False) for k in range(len(CLASSES))]
    return split.take(np.sort(np.concatenate(rows)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m pipeline.datasets.draw_mini", description=__doc__)
    parser.add_argument("--root", help="folder of the four official files (default: the usual places)")
    parser.add_argument("--out", type=Path, default=MINI, help=f"folder to write to (default: {MINI})")
    arguments = parser.parse_args()
    official, rng = load(arguments.root), np.random.default_rng(SEED)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in FILES.items():
        part = draw(getattr(official, name), PER_CLASS[name], rng)
        write_idx(arguments.out / images, part.inputs[:, 0])
        write_idx(arguments.out / labels, part.targets.astype(np.uint8))
        print(f"{len(part)} {name} images -> {arguments.out}")


if __name__ == "__main__":
    main()
