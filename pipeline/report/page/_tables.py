"""The page's tables as texts for its templates."""

from typing import Any

import pandas as pd

from pipeline.metrics import LOSS, SELECTION, SPLITS
from pipeline.report.comparison import Comparison
from pipeline.report.formats import NOTHING, Table, text
from pipeline.report.page._reported import reported
from pipeline.report.presented import presented
from pipeline.report.swept import levels

_SHORT = {"validation": "val.", "seconds": "time, s"}


def cells_of(table: Table, most: int) -> dict[str, Any]:
    """A table for a template: columns (name, whether it holds figures), rows of (text, sort key), footer, caption."""
    formatted = table.formatted()
    cells = [list(zip(formatted[name], _order(table, name), strict=True)) for name in table.columns]
    return {
        "columns": [(name, name in table.digits) for name in table.columns],
        "rows": list(zip(*cells, strict=True))[:most],
        "left": max(len(formatted) - most, 0),
        "footer": list(table.formatted_footer().values()),
        "caption": table.caption,
        "name": table.name,
        "picked": table.picked,
    }


def _order(table: Table, name: str) -> list[str]:
    """By what a column is sorted: numbers, or the places of its levels."""
    if name in table.digits:
        return [f"{value:.12g}" if pd.notna(value) else "" for value in table.data[name]]
    place = {level: str(i) for i, level in enumerate(levels(table.data[name]))}
    return [place[text(value)] for value in table.data[name]]


def runs_table(comparison: Comparison) -> dict[str, Any]:
    """Columns, and rows of cells (text, sort key). A column's key is that of the page's data, where it is there too.

    Sort keys of settings are places among their levels, those of figures the numbers as they are read, in percent too.
    """
    raw, table = comparison.table(), presented(comparison.listing, comparison)
    keys, formatted = _keys(comparison), table.formatted()
    score = comparison.metric.heading(SELECTION if comparison.score.notna().any() else "test")
    columns, cells = [], []
    for name, head in zip(map(str, raw), map(str, formatted), strict=True):
        if name in comparison.digits:
            order, kind = _order(table, head), "number"
        else:
            order, distinct = _order(comparison.listing, name), levels(raw[name])
            kind = "list" if len(distinct) <= 30 and name != "run" else "text"
        first, space, rest = head.partition(" ")
        columns.append(
            {
                "name": head,
                "short": _SHORT.get(head) or f"{_SHORT.get(first, first)}{space}{rest}",
                "key": keys.get(name, ""),
                "numeric": name in comparison.digits,
                "filter": kind,
                "score": name == score,
            }
        )
        cells.append(list(zip(formatted[head], order, strict=True)))
    return {
        "columns": columns,
        "footer": list(table.formatted_footer().values()),
        "rows": list(zip(comparison.runs["run"], zip(*cells, strict=True), strict=True)),
    }


def _keys(comparison: Comparison) -> dict[str, str]:
    """Column of the table -> column of the runs."""
    names = {name: key for key, name in (comparison.swept | comparison.replicating).items()}
    metrics = {
        metric.heading(split): metric for metric in (comparison.metric, LOSS, *comparison.beside) for split in SPLITS
    }
    names |= {heading: f"metric.{metric.best(heading.partition(' ')[0])}" for heading, metric in metrics.items()}
    return names | {"best epoch": "metric.best_epoch", "seconds": "seconds.total", "status": "status"}


def settings_table(comparison: Comparison, table: Table | None) -> dict[str, Any]:
    """The settings with their means, as text, each with the names of its runs."""
    if table is None:
        return {"rows": []}
    table = presented(table, comparison)
    formatted = table.formatted()
    runs = comparison.runs["run"].groupby(comparison.setting).agg(list)
    return {
        "columns": [(name, name in table.digits) for name in formatted],
        "rows": list(zip(formatted.to_numpy().tolist(), runs, strict=True)),
        "picked": table.picked,
        "footer": list(table.formatted_footer().values()),
        "caption": table.caption,
    }


def reported_table(comparison: Comparison) -> dict[str, Any]:
    """The reports' figures as text, accuracies in percent."""
    table = reported(comparison)
    table["reported"] *= 100
    table["ours"] *= comparison.score_format.scale
    names = {"reported": "reported, %", "ours": f"ours{comparison.score_format.percent and ', %'}"}
    digits = {"reported": ".2f", "ours": f".{2 if comparison.metric.share else 4}f", "difference in points": "+.2f"}
    rows = [
        [NOTHING if pd.isna(value) else format(value, digits.get(str(name), "")) for name, value in row.items()]
        for _, row in table.iterrows()
    ]
    numeric = [names.get(name, name) for name in (*digits, "epochs")]
    return {"columns": [names.get(name, name) for name in table.columns], "numeric": numeric, "rows": rows}
