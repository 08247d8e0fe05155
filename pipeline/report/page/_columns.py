"""What the page's scripts know of each run, column by column: settings that differ, figures, seconds, circumstances."""

from typing import Any

import pandas as pd

from pipeline.metrics import metric_of
from pipeline.report.comparison import Comparison
from pipeline.report.figures.scales import Scale
from pipeline.report.formats import text
from pipeline.report.page._numbers import shorts
from pipeline.report.vocabulary import column_name

_NOT_COMPARED = ("config.sweep.", "config.report", "provenance.command")


def columns(comparison: Comparison, runs: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry a column of `runs`: `key`, `name`, `kind` ("setting", "figure", "seconds" or "fact") and `values`.

    Settings have a `scale` ("log", "value" or "category") and `levels` as text; a value is a number, or the place of
    its level in a category. Figures say which way is `better`: 1 for higher, −1 for lower, 0 for neither.
    """
    swept = comparison.swept | comparison.replicating
    entries = [_setting(runs[key], key, swept[key]) for key in swept]
    for key in map(str, runs.columns):
        if key in swept or key.startswith(_NOT_COMPARED):
            continue
        if key.startswith(("metric.", "seconds.")):
            values = shorts(pd.to_numeric(runs[key], errors="coerce").astype(float))
            if any(value is not None for value in values):
                kind, better = ("figure", _better(key)) if key.startswith("metric.") else ("seconds", -1)
                entries.append({"key": key, "name": column_name(key), "kind": kind, "better": better, "values": values})
        elif key.startswith("config."):
            if runs[key].map(text).nunique() > 1:
                entries.append(_setting(runs[key], key, ""))
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


def _setting(values: "pd.Series[Any]", key: str, short: str) -> dict[str, Any]:
    """`short` is its name in tables, empty for keys that only follow from others."""
    scale = Scale.of(values)
    place = scale.place
    entry = {"key": key, "name": column_name(key), "short": short, "kind": "setting", "scale": scale.kind}
    levels = scale.levels if scale.kind == "category" else []
    return entry | {"levels": levels, "values": shorts([place[text(value)] for value in values])}


def _better(key: str) -> int:
    """Which way a figure of result.json is better."""
    name = key.removeprefix("metric.")
    for prefix in ("best_", "final_"):
        name = name.removeprefix(prefix)
    for split in ("train_", "validation_", "test_"):
        if name.startswith(split):
            return 1 if metric_of(name.removeprefix(split)).higher_is_better else -1
    return 0
