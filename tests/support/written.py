"""Run folders written without training, for what only reads them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd


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


def write_run(
    folder: Path,
    best: float = 0.8,
    epochs: int = 3,
    status: str = "finished",
    message: str | None = None,
    score: str = "accuracy",
    validation: bool = True,
    **config: Any,
) -> Path:
    """One run by itself: best score, curves that lead to it, and settings as model__hidden=[8]."""
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
