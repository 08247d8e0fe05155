"""What the page's scripts draw from, as plain data: curves, axes, heat maps, and all that tells two runs apart."""

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
from pipeline.report.page.reported import reported_curves
from pipeline.report.statistics.importance import Importance
from pipeline.runs.metrics import LOSS

POINTS = 100  # epochs of a curve; longer trainings are thinned to about as many, the first and the last among them
_TOLD_APART = ("status", "config.", "metric.", "seconds.", "provenance.")
_SAME_FOR_ALL = ("config.sweep.", "provenance.command")


def page_data(
    everything: Comparison, shown: Comparison, history: pd.DataFrame, importance: Importance
) -> dict[str, Any]:
    """JSON for the scripts. Rows are those of `shown`; heat maps are means over `everything`."""
    rows = range(len(shown.runs))
    return {
        "runs": list(shown.runs["run"]),
        "settings": [shown.settings(row) for row in rows],
        "score": {"name": shown.metric.name, "label": shown.metric.label},
        "colours": COLOURS,
        "curves": _curves(shown, history),
        "reported": reported_curves(shown),
        "axes": _axes(shown),
        "heat_maps": _heat_maps(everything, importance),
        "facts": _facts(shown.runs),
    }


def _curves(shown: Comparison, history: pd.DataFrame) -> dict[str, Any]:
    """Points [epoch, value] of each row's curves, none where it has not trained, and the range to frame them in."""
    of_shown = history[history["run"].isin(set(shown.runs["run"]))]
    metrics = (LOSS, shown.metric)
    frames = {metric.name: frame(of_shown, metric, CURVES) or (0.0, 1.0) for metric in metrics}
    columns = [metric.on(split) for metric in metrics for split in CURVES]
    rounded = _rounded(of_shown.reindex(columns=columns).to_numpy(dtype=float))
    places = of_shown.reset_index(drop=True).groupby("run", sort=False).indices
    points: dict[str, list[Any]] = {name: [] for name in columns}
    for run in shown.runs["run"]:
        rows = _thinned(np.asarray(places.get(run, []), dtype=int))
        epochs = of_shown["epoch"].to_numpy()[rows].astype(int).tolist()
        for name, values in zip(columns, rounded[rows].T.tolist(), strict=True):
            points[name].append([[epoch, y] for epoch, y in zip(epochs, values, strict=True) if isfinite(y)])
    last = int(of_shown["epoch"].max()) if len(of_shown) else 0
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


def _axes(shown: Comparison) -> list[dict[str, Any]]:
    """One axis a swept key, then the scores, which have numbers where a key has places."""
    axes: list[dict[str, Any]] = []
    for key, name in shown.swept.items():
        scale, values = Scale.of(shown.runs[key]), shown.runs[key].map(text)
        axes.append({"name": name, "kind": scale.kind, "levels": scale.levels, "values": values.map(scale.place)})
    for split in ("test", "validation"):
        values = shown.best(split)
        if values.notna().any():
            axes.append({"name": shown.metric.heading(split), "kind": "value", "levels": None, "values": values})
    return [axis | {"values": [_short(value) for value in axis["values"]]} for axis in axes]


def _heat_maps(everything: Comparison, importance: Importance) -> dict[str, Any]:
    """Means over all pairs of the swept keys that matter most; a cell is [across, down, runs, mean, mean, …]."""
    keys = [key for key in importance.order[:PANELS] if len(levels(everything.runs[key])) <= CELLS]
    maps: list[dict[str, Any]] = []
    figures: list[str] = []
    for down, across in combinations(keys, 2):
        means = cells(everything, down, across)
        figures = [str(name) for name in means if name != "runs"]
        sides = [levels(everything.runs[key]) for key in (down, across)]
        places = [{level: i for i, level in enumerate(side)} for side in sides]
        maps.append(
            {
                "title": f"{everything.swept[down]} and {everything.swept[across]}",
                "names": [everything.swept[down], everything.swept[across]],
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
    found = {}
    for name in map(str, runs.columns):
        if name.startswith(_TOLD_APART) and not name.startswith(_SAME_FOR_ALL):
            numbers = name.startswith(("metric.", "seconds."))
            values = [_short(value) if numbers else text(value) for value in runs[name]]
            if len(set(values)) > 1:
                found[name] = values
    return found


def _short(value: Any) -> float | None:
    """Six digits are what an eye can tell apart; NaN and infinity, which JSON does not have, are None."""
    if value is None or pd.isna(value) or not np.isfinite(value):
        return None
    return float(f"{value:.6g}")
