"""`python -m benchmarks.examples [NAME…]`: train the sweeps of docs/examples/ and write their pages anew.

A page is the sweep's report.md as it is, with the command that made it; its figures and results.csv lie beside it, so
that every number can be checked (tests/documents/test_examples.py does).
"""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PLACE = Path(__file__).parents[1] / "docs" / "examples"
EXAMPLES = {
    "five_seeds": "model.hidden=[32] optimizer.lr=0.003,0.01,0.03,0.1 seed=0,1,2,3,4 training.epochs=6",
    "five_folds": "dataset=sklearn dataset.loader=wine dataset.folds=5 dataset.fold=0,1,2,3,4 model.hidden=[8],[64] "
    "optimizer.lr=0.003,0.03 training.batch_size=16 training.epochs=30",
    "two_data_sets": "dataset=sklearn dataset.loader=digits,breast_cancer model.hidden=[8],[64],[64,32] seed=0,1,2 "
    "training.batch_size=16 training.epochs=15 optimizer.lr=0.01",
    "search": "hydra/sweeper=search hydra.sweeper.trials=60 'optimizer.lr=tag(log,interval(0.001,1.0))' "
    "'model.l2=tag(log,interval(1e-6,0.1))' 'model.hidden=[8],[32],[64]' seed=0,1,2 dataset=sklearn "
    "dataset.loader=digits training.batch_size=16 training.epochs=6",
    "halving": "sweep=halving training.epochs=18 optimizer.lr=0.001,0.003,0.01,0.03,0.1,0.3 'model.hidden=[16],[64]' "
    "seed=0,1",
    "diverging": "dataset=linear dataset.samples=500 model.hidden=[16] optimizer.lr=0.001,0.01,1,10 seed=0,1,2 "
    "training.epochs=10 training.batch_size=16",
    "regression": "dataset=sklearn dataset.loader=diabetes model.hidden=[8],[64] optimizer.lr=0.003,0.03 "
    "seed=0,1,2,3,4 training.batch_size=16 training.epochs=30",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(EXAMPLES)}; all unless given")
    for name in parser.parse_args().names or EXAMPLES:
        with tempfile.TemporaryDirectory() as folder:
            train(name, Path(folder))
            publish(name, Path(folder) / "outputs" / name)


def train(name: str, folder: Path) -> None:
    """Run the example's command in a folder."""
    words = [sys.executable, "-m", "pipeline", "-m", f"sweep.name={name}", *shlex.split(EXAMPLES[name])]
    subprocess.run(words, cwd=folder, check=True)


def publish(name: str, sweep: Path) -> None:
    """Copy page, figures and results of a sweep into the documentation."""
    place = PLACE / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    shutil.copy(sweep / "results.csv", place)
    for page in sorted((sweep / "report").rglob("report.md")):
        inside = page.parent.relative_to(sweep / "report")
        (place / inside).mkdir(exist_ok=True)
        text = page.read_text(encoding="utf-8").replace("/report.md)", "/README.md)")
        for figure in dict.fromkeys(re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)):
            (place / inside / figure).parent.mkdir(exist_ok=True)
            shutil.copy(page.parent / figure, place / inside / figure)
        command = f"    python -m pipeline -m sweep.name={name} {EXAMPLES[name]}\n"
        (place / inside / "README.md").write_text(f"{text.rstrip()}\n\n## This page\n\n{command}", encoding="utf-8")


if __name__ == "__main__":
    main()
