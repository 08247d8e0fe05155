"""The settings that the shipped sweeps pick on validation, beside the reports' best."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.report.comparison import Comparison
from pipeline.report.statistics.replicates import Replicates
from pipeline.runs.read import collect

COLUMNS = [
    *("sweep", "dataset", "reports' best", "test accuracy", "validation accuracy", "seeds", "picked"),
    *("runs", "core minutes", "command"),
]


def best(folders: Sequence[Path], reports: pd.DataFrame) -> pd.DataFrame:
    """One row per sweep: its settings with the highest mean validation accuracy over seeds, and their test mean.

    Settings tried on fewer seeds than others are not picked: a mean of one is luck. Figures are those of each run's
    best epoch on validation; ± is the standard deviation over the seeds.
    """
    return pd.DataFrame([_line(folder, reports) for folder in folders], columns=COLUMNS)


def _line(folder: Path, reports: pd.DataFrame) -> dict[str, object]:
    comparison = Comparison.of(collect([folder]).runs)
    replicates = Replicates.of(comparison)
    first = comparison.runs.iloc[0]
    return {
        "sweep": folder.name,
        "dataset": first["config.dataset.name"],
        "reports' best": f"{_reported(first, reports):.4f}",
        "test accuracy": _mean(replicates, "test"),
        "validation accuracy": _mean(replicates, "validation"),
        "seeds": int(replicates.n.iloc[0]),
        "picked": replicates.name(0) if len(replicates.settings.columns) else "as written",
        "runs": len(comparison.runs),
        "core minutes": f"{comparison.seconds.sum() / 60:.0f}",
        "command": f"`python -m pipeline experiment={folder.name}`",
    }


def _reported(run: "pd.Series[Any]", reports: pd.DataFrame) -> float:
    """The best held-out accuracy in a report on this data set with this kind of network."""
    patches = (reports["report"] == "patch_mlp") == (run["config.model.name"] == "patch_mlp")
    return float(reports[(reports["dataset"] == run["config.dataset.name"]) & patches]["held_out_accuracy"].max())


def _mean(replicates: Replicates, split: str) -> str:
    picked = replicates.summary(split).iloc[0]
    return f"{picked['mean']:.4f} ± {picked['sd']:.4f}"
