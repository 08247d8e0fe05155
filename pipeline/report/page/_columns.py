"""What the page's scripts know of each run, column by column: settings that differ, figures, seconds, circumstances."""

import re
from typing import Any

import pandas as pd

from pipeline.metrics import Metric, metric_of
from pipeline.report.comparison import Comparison
from pipeline.report.figures.scales import Scale
from pipeline.report.formats import text
from pipeline.report.page._numbers import shorts
from pipeline.report.vocabulary import column_name, value_name

_NOT_COMPARED = ("config.sweep.", "config.report", "provenance.command")


def columns(comparison: Comparison, runs: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry a column of `runs`: `key`, `name`, `kind` ("setting", "figure", "seconds" or "fact") and `values`.

    Shares are in `percent`.
    Settings have a `scale` ("log", "value" or "category") and `levels` as text; a value is a number, or the place of
    its level in a category. Figures say which way is `better`: 1 for higher, −1 for lower, 0 for neither.
    """
    swept = comparison.names
    entries = [_setting(runs[key], key, name) for key, name in swept.items()]
    for key in map(str, runs.columns):
        if key in swept or key.startswith(_NOT_COMPARED):
            continue
        if key.startswith(("metric.", "seconds.")):
            metric = _metric(key)
            percent = metric is not None and metric.share
            values = shorts(pd.to_numeric(runs[key], errors="coerce").astype(float) * (100 if percent else 1))
            if any(value is not None for value in values):
                better = -1 if key.startswith("seconds.") else 0 if metric is None else _better(metric)
                kind = "seconds" if key.startswith("seconds.") else "figure"
                entry = {"key": key, "name": column_name(key), "kind": kind, "better": better, "percent": int(percent)}
                entries.append(entry | {"values": values})
        elif key.startswith("config."):
            if runs[key].map(text).nunique() > 1:
                entries.append(_setting(runs[key], key, column_name(key)))
        elif key == "status" or (key.startswith("provenance.") and runs[key].map(text).nunique() > 1):
            words = runs[key].map(text)
            names = list(dict.fromkeys(words))
            place = {name: number for number, name in enumerate(names)}
            entry = {"key": key, "name": column_name(key), "kind": "fact", "levels": names}
            entries.append(entry | {"values": [place[word] for word in words]})
    names = [entry["name"] for entry in entries]
    return [
        entry | {"name": entry["key"].partition(".")[2] if names.count(entry["name"]) > 1 else entry["name"]}
        for entry in entries
    ]


def _setting(values: "pd.Series[Any]", key: str, name: str) -> dict[str, Any]:
    scale = Scale.of(values)
    place = scale.place
    entry = {"key": key, "name": name, "kind": "setting", "scale": scale.kind}
    levels = list(map(value_name, scale.levels)) if scale.kind == "category" else []
    return entry | {"levels": levels, "values": shorts([place[text(value)] for value in values])}


def _metric(key: str) -> Metric | None:
    """The metric of a figure of result.json; None for other figures, such as the number of parameters."""
    match = re.fullmatch(r"metric\.(?:best|final)_(?:train|validation|test)_(\w+)", key)
    return metric_of(match[1]) if match else None


def _better(metric: Metric) -> int:
    return 1 if metric.higher_is_better else -1
