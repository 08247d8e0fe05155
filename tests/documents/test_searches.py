"""docs/searches.md: its commands, on small data and short."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from commands import NO_REPORT, ended, results
from documents import DOCS, tried

COMMANDS = tried(DOCS / "searches.md")
SMALL = ["dataset=square", "dataset.samples=200"]


@pytest.mark.slow
def test_commands(tmp_path: Path) -> None:
    assert len(COMMANDS) == 6
    for number, command in enumerate(COMMANDS):
        words = shlex.split(command.replace("fashion_mnist,cifar10", "square,patterns"))[3:]
        words = [re.sub(r"^(hydra.sweeper.trials|sweep.seeds|training.epochs)=.*", r"\1=3", word) for word in words]
        words = [word.replace("sweep.name=NAME", "sweep.name=0") for word in words]
        several = any(word.startswith("dataset=") for word in words)
        small = SMALL[several:] + ["training.epochs=3"] * (not any("training.epochs" in word for word in words))
        name = [] if any("sweep.name" in word for word in words) else [f"sweep.name={number}"]
        looked_at = several or "sweep=confirm" in words  # at its report, below
        ended(tmp_path, *words, *small, *name, *([] if looked_at else [NO_REPORT]))
    outputs = tmp_path / "outputs"
    assert {path.name for path in outputs.iterdir()} == {"0", "1", "2", "3", "5", "0-confirmed"}
    folds = results(outputs / "1")
    assert sorted(folds["config.dataset.fold"]) == sorted([*range(5)] * 3)
    assert (outputs / "5" / "report" / "patterns" / "index.html").exists()
    assert len(pd.read_csv(outputs / "0-confirmed" / "report" / "tables" / "confirmed.csv")) == 3
