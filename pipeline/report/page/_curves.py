"""Learning curves for the page's scripts: by epoch, and by step where batches were logged."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.metrics import SELECTION, Split
from pipeline.report.comparison import Comparison
from pipeline.report.figures.curves import frame
from pipeline.report.page._numbers import short, shorts

POINTS = 100  # per curve; longer ones are thinned to about this many epochs, including the first and the last
_ALL_POINTS = 20_000  # of all runs together, for each split and metric, so that a page of many runs stays light
_FEWEST = 20
_STEPS = 400  # points of a curve by step
_STEPPED = 12  # runs whose steps are drawn


def splits_of(history: pd.DataFrame, comparison: Comparison) -> tuple[Split, ...]:
    """Training, and the split beside it: validation, or test where no validation split was kept."""
    for split in (SELECTION, "test"):
        name = comparison.charted[1].on(split)
        if name in history and history[name].notna().any():
            return "train", split
    return ("train",)


def curves(comparison: Comparison, history: pd.DataFrame) -> dict[str, Any]:
    """For each row: `epochs`, `seconds` (since the start) and the values of each split and metric, null for gaps.

    Shares are in percent.
    """
    epochs = history[history["run"].isin(set(comparison.runs["run"]))].reset_index(drop=True)
    metrics, splits = comparison.charted, splits_of(epochs, comparison)
    points = int(np.clip(_ALL_POINTS // max(len(comparison.runs), 1), _FEWEST, POINTS))
    places = epochs.groupby("run", sort=False).indices
    rows = [_thinned(np.asarray(places.get(run, []), dtype=int), points) for run in comparison.runs["run"]]
    scales = {metric: comparison.format_of(metric).scale for metric in metrics}
    values = {
        metric.on(split): scale * _column(epochs, metric.on(split))
        for metric, scale in scales.items()
        for split in splits
    }
    taken = _column(epochs, "seconds")
    seconds = pd.Series(taken).fillna(0).groupby(epochs["run"].to_numpy()).cumsum().to_numpy() if len(epochs) else taken
    frames = {metric.name: frame(epochs, metric, splits) or (0.0, 1.0) for metric in metrics}
    number = epochs["epoch"].to_numpy(dtype=float)
    return {
        "splits": list(splits),
        "last": int(number.max()) if len(number) else 0,
        "points": points,
        "frame": {metric.name: [short(scale * end) for end in frames[metric.name]] for metric, scale in scales.items()},
        "epochs": [number[some].astype(int).tolist() for some in rows],
        "seconds": [shorts(seconds[some]) for some in rows],
        **{name: [shorts(column[some]) for some in rows] for name, column in values.items()},
    }


def steps(runs: Sequence[str], folders: Sequence[Path]) -> list[dict[str, Any]]:
    """The loss of single batches and its running mean by step, of the first runs that logged them."""
    stepped: list[dict[str, Any]] = []
    for row, (run, folder) in enumerate(zip(runs, folders, strict=True)):
        path = folder / "steps.csv"
        if len(stepped) == _STEPPED or not path.is_file():
            continue
        try:
            table = pd.read_csv(path)[["step", "batch_loss", "running_mean"]].apply(pd.to_numeric, errors="coerce")
        except (OSError, ValueError, KeyError):  # damaged files are no reason to have no page
            continue
        table = table.iloc[_thinned(np.arange(len(table)), _STEPS)]
        stepped.append({"row": row, "run": run} | {str(name): shorts(table[name]) for name in table})
    return stepped


def _column(epochs: pd.DataFrame, name: str) -> np.ndarray:
    if name not in epochs:
        return np.full(len(epochs), np.nan)
    return epochs[name].to_numpy(dtype=float)


def _thinned(rows: np.ndarray, points: int) -> np.ndarray:
    if len(rows) <= points:
        return rows
    thinned: np.ndarray = rows[np.unique(np.linspace(0, len(rows) - 1, points).round().astype(int))]
    return thinned
