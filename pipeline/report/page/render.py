"""The page: a summary, the table, the figures and their provenance, in one file."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.metrics import LOSS, SELECTION
from pipeline.report.comparison import Comparison, levels
from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table, text
from pipeline.report.page._data import page_data
from pipeline.report.page._reported import reported
from pipeline.report.page._summary import summary
from pipeline.report.statistics.importance import Importance
from pipeline.runs.problem import Problem

ROWS = 1000  # runs on the page, so that it opens quickly; the files beside it hold all
_BROWSER = Path(__file__).parent / "browser"
_SCRIPTS = ("start", "table", "selected", "curves", "axes", "heat_maps", "difference", "finish")
_PROVENANCE = ("package_version", "git_commit", "git_changed", "python", "torch", "numpy", "cpu", "threads", "device")
_NAMED = 20  # runs named per message


@dataclass(frozen=True)
class Contents:
    """The content of a page. `absent` says what could not be shown; `reload` is in seconds.

    `at_epoch` compares the runs at an epoch that all have reached.
    """

    comparison: Comparison
    at_epoch: Comparison
    history: pd.DataFrame
    importance: Importance
    figures: Sequence[Figure]
    folders: Sequence[Path]
    problems: Sequence[Problem] = ()
    absent: Sequence[str] = ()
    confirmation: str | None = None  # what these runs confirm
    by_example: str | None = None  # the best run against the next
    confirmed: Table | None = None  # of what is confirmed
    settings: Table | None = None  # of means over replicates
    reload: int | None = None
    stamp: str = ""  # when a reloading page was built
    of_data: str = ""  # the data set, where the report has several
    top_runs: Comparison = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "top_runs", replace(self.comparison, runs=self.comparison.runs.head(ROWS)))


def render(contents: Contents) -> str:
    """index.html, self-contained: it loads nothing, and its security policy allows only its own scripts."""
    top_runs, runs = contents.top_runs, contents.top_runs.runs
    early, *late = scripts = [
        _browser("early.js"),
        _browser("libraries.js"),
        "\n".join(_browser(f"{name}.js") for name in _SCRIPTS),
    ]
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            title=", ".join(folder.resolve().name for folder in contents.folders) + contents.of_data,
            summary=[*filter(None, [contents.confirmation]), *summary(contents.comparison, contents.by_example)],
            confirmed=cells_of(contents.confirmed) if contents.confirmed else None,
            total=len(contents.comparison.runs),
            table=_table(top_runs),
            settings=_settings(contents.comparison, contents.settings),
            picked=top_runs.picked,
            still={figure.name: figure for figure in contents.figures},
            absent=[*_absent({figure.name for figure in contents.figures}), *contents.absent],
            reported=_reported(contents.comparison),
            regression=top_runs.task == "regression",
            selection=top_runs.metric.heading(SELECTION),
            metrics=[
                one for one in dict.fromkeys((top_runs.metric, *top_runs.beside)) if one.definition and one != LOSS
            ],
            messages=_messages(contents.comparison.runs),
            commands=list(zip(runs["run"], _words(runs, "identity"), _words(runs, "provenance.command"), strict=True)),
            provenance={
                name: _distinct(contents.comparison.runs, f"provenance.{name}")
                for name in (*_PROVENANCE, "data_fingerprint")
            },
            problems=contents.problems,
            reload=contents.reload,
            stamp=contents.stamp,
            styles=styles(),
            early=early,
            late=late,
            hashes=[_hash(script) for script in scripts],
            data=page_data(contents.at_epoch, top_runs, contents.history, contents.importance)
            | {"reload": contents.reload},
        )
    )


def cells_of(table: Table, most: int = ROWS) -> dict[str, Any]:
    """A table for a template: columns (name, whether it holds figures), rows of texts, footer, caption."""
    formatted = table.formatted()
    return {
        "columns": [(name, name in table.digits) for name in table.columns],
        "rows": formatted.head(most).to_numpy().tolist(),
        "left": max(len(formatted) - most, 0),
        "footer": list(table.formatted_footer().values()),
        "caption": table.caption,
        "name": table.name,
        "picked": table.picked,
    }


def environment() -> Environment:
    """Where templates are."""
    loader = PackageLoader("pipeline.report.page")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def styles() -> list[str]:
    """The style sheets of every page."""
    return [_browser("libraries.css"), _browser("style.css")]


def _browser(name: str) -> str:
    return (_BROWSER / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """The hash that identifies an inline script in a content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _table(comparison: Comparison) -> dict[str, Any]:
    """Columns (name, whether it holds figures, type of filter) and rows of cells (text, sort key)."""
    table, formatted, digits = comparison.table(), comparison.formatted(), comparison.digits
    columns, cells = [], []
    for name in map(str, formatted.columns):
        if name in digits:
            order = [f"{value:.12g}" if pd.notna(value) else "" for value in table[name]]
            columns.append((name, True, "number"))
        else:
            distinct = levels(table[name])
            place = {level: str(i) for i, level in enumerate(distinct)}
            order = [place[text(value)] for value in table[name]]
            columns.append((name, False, "list" if len(distinct) <= 30 and name != "run" else "text"))
        cells.append(list(zip(formatted[name], order, strict=True)))
    footer = list(comparison.listing.formatted_footer().values())
    return {
        "columns": columns,
        "footer": footer,
        "rows": list(zip(comparison.runs["run"], zip(*cells, strict=True), strict=True)),
    }


def _settings(comparison: Comparison, table: Table | None) -> dict[str, Any]:
    """The settings with their means, as text, each with the names of its runs."""
    if table is None:
        return {"rows": []}
    formatted = table.formatted()
    runs = comparison.runs["run"].groupby(comparison.setting).agg(list)
    return {
        "columns": [(name, name in table.digits) for name in formatted],
        "rows": list(zip(formatted.to_numpy().tolist(), runs, strict=True)),
        "picked": table.picked,
        "footer": list(table.formatted_footer().values()),
        "caption": table.caption,
    }


def _reported(comparison: Comparison) -> dict[str, Any]:
    """The reports' figures as text."""
    table = reported(comparison)
    digits = {"reported": ".4f", "ours": ".4f", "difference in points": "+.2f"}
    rows = [
        ["–" if pd.isna(value) else format(value, digits.get(str(name), "")) for name, value in row.items()]
        for _, row in table.iterrows()
    ]
    return {"columns": list(table.columns), "numeric": [*digits, "epochs"], "rows": rows}


def _messages(runs: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Each message once: its runs, their status, and the text."""
    with_message = runs[runs["message"].fillna("").astype(bool)]
    messages = []
    for (status, message), group in with_message.groupby(["status", "message"], sort=False):
        names = list(map(str, group["run"]))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        messages.append(
            (f"run{'s' if len(names) > 1 else ''} {', '.join(names[:_NAMED])}{more}", str(status), str(message))
        )
    return messages


def _absent(present: set[str]) -> list[str]:
    """Why a figure is missing."""
    reasons = {
        "learning_curves": "No learning curves: no run has trained an epoch.",
        "effects": "No effects: no swept key made a difference.",
        "heat_map": "No heat map: it needs two swept keys with at most 15 values each.",
    }
    return [reason for name, reason in reasons.items() if name not in present]


def _words(runs: pd.DataFrame, column: str) -> "pd.Series[str]":
    """A column of text; empty strings where values are missing."""
    return runs[column].fillna("") if column in runs else pd.Series("", runs.index)


def _distinct(runs: pd.DataFrame, column: str) -> list[str]:
    values: Any = runs[column].dropna() if column in runs else []
    return list(dict.fromkeys(text(value) for value in values))
