"""Sweeps as training leaves them, written without training."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

WriteRun = Callable[..., Path]


def run_history(epochs: int, best: float, score: str = "accuracy", validation: bool = True) -> pd.DataFrame:
    """Curves that rise to `best` at the last epoch."""
    rows = []
    for epoch in range(epochs + 1):
        reached = best * epoch / epochs
        row: dict[str, Any] = {"epoch": epoch}
        for split, less in (("train", -0.02), ("validation", 0.0), ("test", 0.01)):
            seen = validation or split != "validation"
            row |= {f"{split}_loss": 2 - reached + less if seen else None}
            row |= {f"{split}_{score}": reached - less if seen else None}
        rows.append(row | {"penalty": 0.1, "objective": row["train_loss"] + 0.1, "lr": 0.1, "seconds": 0.5})
    return pd.DataFrame(rows)


@pytest.fixture
def write_run() -> WriteRun:
    """write_run(folder, best=…, epochs=…, status=…, score=…, validation=…, **config) writes one run."""

    def write(
        folder: Path,
        best: float = 0.8,
        epochs: int = 3,
        status: str = "finished",
        message: str | None = None,
        score: str = "accuracy",
        validation: bool = True,
        **config: Any,
    ) -> Path:
        folder.mkdir(parents=True)
        history = run_history(epochs, best, score, validation)
        history.to_csv(folder / "history.csv", index=False)
        last = {name: (None if pd.isna(value) else value) for name, value in history.iloc[-1].items()}
        figures = {name: value for name, value in last.items() if name not in ("epoch", "lr", "seconds")}
        sections: dict[str, Any] = {
            "model": {"name": "mlp", "hidden": [16], "l2": 0.0},
            "dataset": {"name": "square", "root": None},
            "optimizer": {"name": "sgd", "lr": 0.1},
            "training": {"epochs": epochs},
            "seed": 0,
            "sweep": {"name": folder.parent.name},
        }
        for key, value in config.items():
            section, _, leaf = key.partition("__")
            if leaf:
                sections[section][leaf] = value
            else:
                sections[section] = value
        result = {
            "format": 1,
            "status": status,
            "message": message,
            "task": "classification" if score == "accuracy" else "regression",
            "config": sections,
            "metrics": {
                **{f"{kind}_{name}": value for kind in ("final", "best") for name, value in figures.items()},
                **{"final_epoch": epochs, "best_epoch": epochs, "parameters": 50},
            },
            "seconds": {"total": 1.5, "training": 1.0, "evaluation": 0.5},
            "provenance": {"command": f"python -m pipeline run={folder.name}", "torch": "2.0", "threads": 1},
        }
        (folder / "result.json").write_text(json.dumps(result))
        return folder

    return write


@pytest.fixture
def sweep(tmp_path: Path, write_run: WriteRun) -> Path:
    """Twelve runs, hidden × lr; run 7 is the best."""
    folder = tmp_path / "grid"
    number = 0
    for hidden in ([8], [16], [32, 8]):
        for lr in (0.001, 0.01, 0.1, 1.0):
            best = 0.95 if number == 7 else 0.5 + 0.01 * number
            write_run(folder / str(number), best, model__hidden=hidden, optimizer__lr=lr)
            number += 1
    return folder
