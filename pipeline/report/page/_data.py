"""The data of the page's scripts, as JSON: runs, settings, curves, axes and heat maps."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.metrics import SELECTION, SPLITS
from pipeline.report.comparison import Comparison
from pipeline.report.figures.effects import CELLS, PANELS, cells
from pipeline.report.figures.medium import COLOURS
from pipeline.report.page._all_settings import all_settings
from pipeline.report.page._columns import columns
from pipeline.report.page._confusions import confusions
from pipeline.report.page._curves import curves, steps
from pipeline.report.page._numbers import short, shorts
from pipeline.report.page._reported import reported_curves
from pipeline.report.statistics.importance import Importance
from pipeline.report.statistics.replicates import Replicates
from pipeline.report.swept import levels
from pipeline.report.vocabulary import value_name


def page_data(
    comparison: Comparison,
    at_epoch: Comparison,
    top_runs: Comparison,
    replicates: Replicates,
    history: pd.DataFrame,
    importance: Importance,
    folders: Sequence[Path],
    searched: bool,
) -> dict[str, Any]:
    """JSON for the scripts. Rows are those of `top_runs`; heat maps are means over all of `at_epoch`."""
    rows, runs, metric = range(len(top_runs.runs)), top_runs.runs, top_runs.metric
    charted, form = top_runs.charted[1], comparison.score_format
    split = SELECTION if top_runs.score.notna().any() else "test"
    return {
        "runs": list(runs["run"]),
        "settings": [top_runs.label(row) for row in rows],
        "setting": [int(number) for number in top_runs.setting],
        "setting_names": [top_runs.settings(row) for row in rows],
        "finished": [int(status == "finished") for status in runs["status"]],
        "leaders": top_runs.leaders,
        "replicated": top_runs.replicated,
        "searched": searched,
        "score": {
            "name": charted.name,
            "label": charted.label,
            "higher_is_better": metric.higher_is_better,
            "column": f"metric.{metric.best(split)}",
            "heading": metric.heading(split),
            "axis": form.heading(split),
            "charted_axis": charted.label + ", %" * charted.share,
            "unit": form.percent,
        },
        "percent_digits": form.digits(),
        "colours": COLOURS,
        "overview": all_settings(comparison, replicates, importance),
        "columns": columns(top_runs, runs),
        "important": list(importance.order),
        "compared": {"values": shorts(form.scale * at_epoch.score.head(len(runs))), "words": at_epoch.at_that_epoch},
        "importance": _importance(comparison, importance),
        "curves": curves(top_runs, history),
        "steps": steps(list(runs["run"]), folders),
        "reported": reported_curves(top_runs),
        "axes": [*comparison.swept, *(f"metric.{metric.best(one)}" for one in ("test", SELECTION))],
        "heat_maps": _heat_maps(at_epoch, importance),
        "confusions": confusions(top_runs, folders),
    }


def _importance(comparison: Comparison, importance: Importance) -> list[list[Any]]:
    """[name, share] of each key and of what no key explains; empty where nothing can be told."""
    if importance.shares is None or len(importance.shares) < 2:
        return []
    keys = [[comparison.names[str(key)], short(share)] for key, share in importance.shares.items()]
    return keys + [[name, short(share)] for name, share in importance.rest.items()]


def _heat_maps(comparison: Comparison, importance: Importance) -> dict[str, Any]:
    """Means over all pairs of the swept keys that matter most; a cell is [across, down, runs, diverged, mean, …]."""
    keys = [key for key in importance.order[:PANELS] if len(levels(comparison.runs[key])) <= CELLS]
    maps: list[dict[str, Any]] = []
    figures: list[str] = []
    scores = [comparison.metric.heading(split) for split in SPLITS]
    for down, across in combinations(keys, 2):
        means = cells(comparison, down, across)
        figures = [str(name) for name in means if name not in ("runs", "diverged")]
        means[figures] *= [comparison.score_format.scale if name in scores else 1 for name in figures]
        sides = [levels(comparison.runs[key]) for key in (down, across)]
        places = [{level: i for i, level in enumerate(side)} for side in sides]
        maps.append(
            {
                "title": f"{comparison.names[down]} and {comparison.names[across]}",
                "names": [comparison.names[down], comparison.names[across]],
                "levels": [list(map(value_name, side)) for side in sides],
                "cells": [
                    [places[1][x], places[0][y], int(row[0]), int(row[1]), *(short(value) for value in row[2:])]
                    for (y, x), row in zip(means.index, means.to_numpy(dtype=float), strict=True)
                ],
            }
        )
    units = [comparison.score_format.percent if name in scores else "" for name in figures]
    return {"figures": figures, "units": units, "maps": maps}
