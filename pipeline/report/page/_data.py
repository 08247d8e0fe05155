"""The data of the page's scripts: curves, axes, heat maps, and everything in which two runs differ."""

from itertools import combinations
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from pipeline.report.comparison import Comparison, levels
from pipeline.report.figures.curves import CURVES, frame
from pipeline.report.figures.effects import CELLS, PANELS, cells
from pipeline.report.figures.medium import COLOURS
from pipeline.report.figures.scales import Scale
from pipeline.report.formats import text
from pipeline.report.page._reported import reported_curves
from pipeline.report.statistics.importance import Importance

POINTS = 100  # per curve; longer ones are thinned to about this many epochs, including the first and the last
_COMPARED = ("status", "config.", "metric.", "seconds.", "provenance.")
_NOT_COMPARED = ("config.sweep.", "provenance.command")


def page_data(
    at_epoch: Comparison, top_runs: Comparison, history: pd.DataFrame, importance: Importance
) -> dict[str, Any]:
    """JSON for the scripts. Rows are those of `top_runs`; heat maps are means over all of `at_epoch`."""
    rows = range(len(top_runs.runs))
    return {
        "runs": list(top_runs.runs["run"]),
        "settings": [top_runs.label(row) for row in rows],
        "leaders": top_runs.leaders,
        "score": {
            "name": top_runs.charted[1].name,
            "label": top_runs.charted[1].label,
            "higher_is_better": top_runs.metric.higher_is_better,
        },
        "colours": COLOURS,
        "curves": _curves(top_runs, history),
        "reported": reported_curves(top_runs),
        "axes": _axes(top_runs),
        "heat_maps": _heat_maps(at_epoch, importance),
        "facts": _facts(top_runs.runs),
    }


def _curves(comparison: Comparison, history: pd.DataFrame) -> dict[str, Any]:
    """Points [epoch, value] of each row's curves, empty if it has not trained, and the range to show."""
    curves = history[history["run"].isin(set(comparison.runs["run"]))]
    metrics = comparison.charted
    frames = {metric.name: frame(curves, metric, CURVES) or (0.0, 1.0) for metric in metrics}
    columns = [metric.on(split) for metric in metrics for split in CURVES]
    rounded = _rounded(curves.reindex(columns=columns).to_numpy(dtype=float))
    places = curves.reset_index(drop=True).groupby("run", sort=False).indices
    points: dict[str, list[Any]] = {name: [] for name in columns}
    for run in comparison.runs["run"]:
        rows = _thinned(np.asarray(places.get(run, []), dtype=int))
        epochs = curves["epoch"].to_numpy()[rows].astype(int).tolist()
        for name, values in zip(columns, rounded[rows].T.tolist(), strict=True):
            points[name].append([[epoch, y] for epoch, y in zip(epochs, values, strict=True) if isfinite(y)])
    last = int(curves["epoch"].max()) if len(curves) else 0
    return {"last": last, "frame": {name: list(map(_short, ends)) for name, ends in frames.items()}, **points}


def _thinned(rows: np.ndarray) -> np.ndarray:
    if len(rows) <= POINTS:
        return rows
    thinned: np.ndarray = rows[np.unique(np.linspace(0, len(rows) - 1, POINTS).round().astype(int))]
    return thinned


def _rounded(values: np.ndarray) -> np.ndarray:
    """To six digits, as `_short` does."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (5 - np.floor(np.log10(np.abs(values))))
        return np.where(values == 0, 0.0, np.round(values * scale) / scale)


def _axes(comparison: Comparison) -> list[dict[str, Any]]:
    """One axis per swept key, then the scores, which have values instead of positions."""
    axes: list[dict[str, Any]] = []
    for key, name in comparison.swept.items():
        scale, values = Scale.of(comparison.runs[key]), comparison.runs[key].map(text)
        axes.append({"name": name, "kind": scale.kind, "levels": scale.levels, "values": values.map(scale.place)})
    for split in ("test", "validation"):
        values = comparison.best(split)
        if values.notna().any():
            axes.append({"name": comparison.metric.heading(split), "kind": "value", "levels": None, "values": values})
    return [axis | {"values": [_short(value) for value in axis["values"]]} for axis in axes]


def _heat_maps(comparison: Comparison, importance: Importance) -> dict[str, Any]:
    """Means over all pairs of the swept keys that matter most; a cell is [across, down, runs, mean, mean, …]."""
    keys = [key for key in importance.order[:PANELS] if len(levels(comparison.runs[key])) <= CELLS]
    maps: list[dict[str, Any]] = []
    figures: list[str] = []
    for down, across in combinations(keys, 2):
        means = cells(comparison, down, across)
        figures = [str(name) for name in means if name != "runs"]
        sides = [levels(comparison.runs[key]) for key in (down, across)]
        places = [{level: i for i, level in enumerate(side)} for side in sides]
        maps.append(
            {
                "title": f"{comparison.swept[down]} and {comparison.swept[across]}",
                "names": [comparison.swept[down], comparison.swept[across]],
                "levels": sides,
                "cells": [
                    [places[1][x], places[0][y], int(row[0]), *(_short(value) for value in row[1:])]
                    for (y, x), row in zip(means.index, means.to_numpy(dtype=float), strict=True)
                ],
            }
        )
    return {"figures": figures, "maps": maps}


def _facts(runs: pd.DataFrame) -> dict[str, list[Any]]:
    """The columns in which runs differ."""
    facts = {}
    for name in map(str, runs.columns):
        if name.startswith(_COMPARED) and not name.startswith(_NOT_COMPARED):
            numbers = name.startswith(("metric.", "seconds."))
            values = [_short(value) if numbers else text(value) for value in runs[name]]
            if len(set(values)) > 1:
                facts[name] = values
    return facts


def _short(value: Any) -> float | None:
    """Six digits are enough to draw; NaN and infinity, which JSON lacks, become None."""
    if value is None or pd.isna(value) or not np.isfinite(value):
        return None
    return float(f"{value:.6g}")
