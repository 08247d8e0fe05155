"""What the shipped sweeps pick on validation, beside the best that the reports reached."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.report.tables import Comparison
from pipeline.results import collect

COLUMNS = [
    *("sweep", "dataset", "reports' best", "test accuracy", "validation accuracy", "seeds", "picked"),
    *("runs", "core minutes", "command"),
]


def best(folders: Sequence[Path], reports: pd.DataFrame) -> pd.DataFrame:
    """One row a sweep: its settings of the highest mean validation accuracy over seeds, and their mean on the test.

    Settings tried on fewer seeds than others are not picked: a mean of one is luck. Figures are those of each run's
    best epoch on validation; ± is the standard deviation over the seeds.
    """
    return pd.DataFrame([_line(folder, reports) for folder in folders], columns=COLUMNS)


def _line(folder: Path, reports: pd.DataFrame) -> dict[str, object]:
    found = Comparison.of(collect([folder]).runs)
    runs = found.runs
    swept = {key: shown for key, shown in found.swept.items() if key != "config.seed"}
    validation, test = found.metric("best_validation_accuracy"), found.metric("best_test_accuracy")
    # One group for each choice of what was swept besides the seed; all runs where that is nothing.
    settings = runs[list(swept)].astype(str).agg(", ".join, axis=1) if swept else pd.Series("", index=runs.index)
    tried = validation.groupby(settings).agg(["count", "mean"])
    picked = settings == tried[tried["count"] == tried["count"].max()]["mean"].idxmax()
    first = runs[picked].iloc[0]
    return {
        "sweep": folder.name,
        "dataset": first["config.dataset.name"],
        "reports' best": f"{_reported(first, reports):.4f}",
        "test accuracy": _mean(test[picked]),
        "validation accuracy": _mean(validation[picked]),
        "seeds": int(picked.sum()),
        "picked": ", ".join(f"{shown}={first[key]}" for key, shown in swept.items()) or "as written",
        "runs": len(runs),
        "core minutes": f"{found.seconds.sum() / 60:.0f}",
        "command": f"`python -m pipeline experiment={folder.name}`",
    }


def _reported(run: "pd.Series[Any]", reports: pd.DataFrame) -> float:
    """The best held-out accuracy of a report on this data with this kind of network."""
    patches = (reports["report"] == "patch_mlp") == (run["config.model.name"] == "patch_mlp")
    return float(reports[(reports["dataset"] == run["config.dataset.name"]) & patches]["held_out_accuracy"].max())


def _mean(values: "pd.Series[float]") -> str:
    return f"{values.mean():.4f} ± {values.std():.4f}"
