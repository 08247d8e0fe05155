"""The page: tiles, tables, figures and their provenance, in one file."""

import base64
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt

from pipeline.durations import duration
from pipeline.metrics import LOSS, SELECTION
from pipeline.report.comparison import Comparison
from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table, text
from pipeline.report.outcome import messages
from pipeline.report.page._best import classification, classification_data, regression, regression_data
from pipeline.report.page._data import page_data
from pipeline.report.page._headline import notes, tiles, title
from pipeline.report.page._summary import count, summary
from pipeline.report.page._tables import cells_of, reported_table, runs_table, settings_table
from pipeline.report.presented import presented
from pipeline.report.statistics.diagnosis import Diagnosis
from pipeline.report.statistics.fit import Fit
from pipeline.report.statistics.importance import Importance
from pipeline.report.statistics.replicates import Replicates
from pipeline.runs.problem import Problem

ROWS = 1000  # runs on the page, so that it opens quickly; the files beside it hold all
_BROWSER = Path(__file__).parent / "browser"
_SCRIPTS = (
    *("start", "chart", "address", "table", "links", "selected", "overview", "curves", "steps", "scatter", "axes"),
    *("heat_maps", "effects", "search", "contour", "best", "confusion_difference", "difference", "finish"),
)
_DRAWN_HERE = (
    *("learning_curves", "heat_map", "effects", "importance", "search"),
    *("confusion", "accuracy_by_class", "mistakes", "first_layer"),
)
_PROVENANCE = (
    "package_version",
    "git_commit",
    "git_changed",
    "git_url",
    "python",
    "torch",
    "numpy",
    "cpu",
    "threads",
    "device",
)


@dataclass(frozen=True)
class Contents:
    """The content of a page. `absent` says what could not be shown; `reload` is in seconds.

    `at_epoch` compares the runs at an epoch that all have reached; `run_folders` are those of the rows of `comparison`;
    `diagnosis` or `fit` is of its best run; `files` are links by kind; `date` is when its last run ended.
    """

    comparison: Comparison
    at_epoch: Comparison
    replicates: Replicates
    history: pd.DataFrame
    importance: Importance
    figures: Sequence[Figure]
    folders: Sequence[Path]
    run_folders: Sequence[Path] = ()
    searched: bool = False
    diagnosis: Diagnosis | None = None
    fit: Fit | None = None
    problems: Sequence[Problem] = ()
    absent: Sequence[str] = ()
    confirmation: str | None = None  # what these runs confirm
    by_example: str | None = None  # the best run against the next
    confirmed: Table | None = None  # of what is confirmed
    settings: Table | None = None  # of means over replicates
    files: Sequence[tuple[str, Sequence[str]]] = ()
    date: str = ""
    reload: int | None = None
    stamp: str = ""  # when a reloading page was built
    of_data: str = ""  # the data set, where the report has several
    top_runs: Comparison = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "top_runs", replace(self.comparison, runs=self.comparison.runs.head(ROWS)))


def render(contents: Contents) -> str:
    """index.html, self-contained: it loads nothing, and its security policy allows only its own scripts."""
    top_runs, runs = contents.top_runs, contents.top_runs.runs
    comparison, still = contents.comparison, {figure.name: figure for figure in contents.figures}
    data = page_data(
        comparison,
        contents.at_epoch,
        top_runs,
        contents.replicates,
        contents.history,
        contents.importance,
        contents.run_folders[: len(runs)],
        contents.searched,
    )
    best, data["best"] = _best(contents)
    settings, reports = settings_table(comparison, contents.settings), reported_table(comparison)
    values = {
        "title": title(comparison),
        "meta": _meta(contents),
        "notes": notes_of(comparison),
        "tiles": tiles(comparison, contents.replicates),
        "summary": [*filter(None, [contents.confirmation]), *summary(comparison, contents.by_example)],
        "confirmed": cells_of(presented(contents.confirmed, comparison), ROWS) if contents.confirmed else None,
        "total": len(comparison.runs),
        "table": runs_table(top_runs),
        "settings": settings,
        "picked": top_runs.picked,
        "among": comparison.among,
        "still": still,
        "drawn_here": _DRAWN_HERE,
        "importance_keys": len(contents.importance.order),
        "best": best,
        "absent": [*_absent(set(still)), *contents.absent],
        "reported": reports,
        "regression": top_runs.task == "regression",
        "selection": top_runs.metric.heading(SELECTION),
        "metrics": [
            one for one in dict.fromkeys((top_runs.metric, *top_runs.beside)) if one.definition and one != LOSS
        ],
        "messages": messages(comparison.runs),
        "commands": list(zip(runs["run"], _words(runs, "identity"), _words(runs, "provenance.command"), strict=True)),
        "files": contents.files,
        "provenance": {
            name: _distinct(comparison.runs, f"provenance.{name}") for name in (*_PROVENANCE, "data_fingerprint")
        },
        "problems": contents.problems,
        "reload": contents.reload,
        "stamp": contents.stamp,
        **scripts(*_SCRIPTS),
        "data": data | {"reload": contents.reload},
    }
    return environment().get_template("index.html.j2").render(values | {"contents": _contents(values)})


def notes_of(*comparisons: Comparison) -> list[str]:
    """Each `sweep.note` once, as HTML; HTML in it stays text."""
    given = dict.fromkeys(note for one in comparisons for note in notes(one))
    return [MarkdownIt("commonmark", {"html": False}).render(note) for note in given]


@functools.cache
def environment() -> Environment:
    """Where templates are; each is compiled once in a process."""
    loader = PackageLoader("pipeline.report.page")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    return made


def scripts(*names: str) -> dict[str, Any]:
    """Styles and scripts of a page: what runs before anything is laid out, the libraries, and what uses them."""
    early, *late = every = [
        _browser("early.js"),
        _browser("libraries.js"),
        "\n".join(_browser(f"{name}.js") for name in names),
    ]
    styles = [_browser("libraries.css"), _browser("style.css")]
    return {"styles": styles, "early": early, "late": late, "hashes": [_hash(script) for script in every]}


def _meta(contents: Contents) -> list[str]:
    """What a reader may want to know but not first: where from, when, how long."""
    runs = contents.comparison.runs
    seconds = contents.comparison.seconds.sum()
    version = _distinct(runs, "provenance.package_version")
    return [
        ", ".join(folder.resolve().name for folder in contents.folders),
        *filter(None, [contents.date]),
        f"{duration(seconds)} of computing for {count(len(runs), 'run')}",
        *(f"scratchnet-sweeps {name}" for name in version[:1]),
    ]


def _contents(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Anchors and names of the sections that the page has."""
    data, still, runs = values["data"], values["still"], len(values["table"]["rows"])
    sections = {
        "words": ("In words", True),
        "confirmed": ("Confirmed", values["confirmed"]),
        "settings": ("Settings", values["settings"]["rows"]),
        "comparison": ("Runs", True),
        "curves": ("Curves", "learning_curves" in still),
        "scatter": ("Any two", runs > 1),
        "axes": ("All at once", runs > 1 and len(data["axes"]) > 2),
        "effects": ("Effects", "effects" in still),
        "importance": ("Importance", "importance" in still),
        "heat_map": ("Heat map", "heat_map" in still or data["heat_maps"]["maps"]),
        "search": ("Search", "search" in still),
        "contour": ("Searched space", data["searched"] and runs > 4),
        "best": ("Run in detail", values["best"]),
        "two": ("Two runs", runs > 1),
        "reported": ("Reported", values["reported"]["rows"]),
        "messages": ("Messages", values["messages"]),
        "rerun": ("Rerun", True),
        "files": ("Files", True),
    }
    return [(anchor, name) for anchor, (name, there) in sections.items() if there]


def _best(contents: Contents) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """What the template and the scripts show of the run that stands for the best setting."""
    comparison = contents.comparison
    name = comparison.representative_name
    run = f"Run {name}" if comparison.replicated else f"The best run, {name}" if len(comparison.runs) > 1 else ""
    if contents.diagnosis:
        return classification(contents.diagnosis, run), classification_data(contents.diagnosis)
    if contents.fit:
        return regression(run), regression_data(contents.fit)
    return None, {}


def _browser(name: str) -> str:
    return (_BROWSER / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """The hash that identifies an inline script in a content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _absent(present: set[str]) -> list[str]:
    """Why a figure is missing."""
    reasons = {
        "learning_curves": "No learning curves: no run has a finite figure after an epoch.",
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
