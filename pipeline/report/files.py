"""The report's folder: tables with their schema, and a README.md that says what each file is."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.files import write_whole
from pipeline.metrics import LOSS, SPLITS, Metric
from pipeline.report.comparison import Comparison
from pipeline.report.formats import Table

SCHEMA = "datapackage.json"
_FILES = {  # pattern -> what it is
    "index.html": "the page: open it in a browser; it loads nothing",
    "report.md": "the report as text, with tables and figures: Markdown for GitHub, Pandoc and Quarto",
    "report.docx": "the report for Word",
    "report.ipynb": "the report as a notebook, which reads the runs again",
    "tables/*.csv": f"tables at full precision; `tables/{SCHEMA}` says what each column is, and in what unit",
    "tables/*.md": "the same tables, as the page shows them",
    "figures/*.svg": "the figures for the web",
    "figures/*.png": "the figures for slides",
    "paper/paper.tex": "the report as a paper, to compile and to copy from; each table and figure is a file beside it",
    "checklists.md": "the checklists of NeurIPS and of reproducibility, as far as runs answer them",
    "requirements.txt": "the packages of the environment, for pip",
    "*/index.html": "the report on each data set, in a folder for each; `index.html` compares them",
}


def write_readme(out: Path) -> None:
    """README.md, which says what each file of the report is that is there."""
    rows = [f"| `{pattern}` | {words} |" for pattern, words in _FILES.items() if any(out.glob(pattern))]
    results = "`results.csv` beside this folder has every setting and figure of each run. "
    parts = [
        "# A report of scratchnet sweeps",
        "\n".join(["| file | what it is |", "|:-----|:-----------|", *rows]),
        "Text in CSV files that begins as a formula does has an apostrophe before it, so that no spreadsheet runs it.",
        (results if (out.parent / "results.csv").exists() else "")
        + "All files here are written again by `python -m pipeline.report FOLDER`.",
    ]
    write_whole(out / "README.md", "\n\n".join(parts) + "\n")


def table_files(tables: Sequence[Table]) -> list[str]:
    """The names of the files of `write_tables`."""
    return [*(f"{table.name}.{ending}" for table in tables for ending in ("csv", "md")), SCHEMA]


def write_tables(folder: Path, tables: Sequence[Table], read: Sequence[Table], comparison: Comparison) -> None:
    """The tables as CSV with its schema, and as Markdown as they are `read`."""
    folder.mkdir(exist_ok=True)
    for table, as_read in zip(tables, read, strict=True):
        write_whole(folder / f"{table.name}.csv", table.csv())
        write_whole(folder / f"{table.name}.md", as_read.markdown())
    write_whole(folder / SCHEMA, json.dumps(package(tables, comparison), indent=1, ensure_ascii=False) + "\n")


def package(tables: Sequence[Table], comparison: Comparison) -> dict[str, Any]:
    """The tables as a Tabular Data Package (Frictionless Standards), with a `unit` for each column that has one."""
    return {
        "profile": "tabular-data-package",
        "name": "report",
        "resources": [
            {
                "profile": "tabular-data-resource",
                "name": re.sub(r"[^a-z0-9]+", "-", table.name.lower()),
                "path": f"{table.name}.csv",
                "description": table.caption,
                "encoding": "utf-8",
                "schema": {"fields": list(_fields(table, comparison)), "missingValues": [""]},
            }
            for table in tables
        ],
    }


def _fields(table: Table, comparison: Comparison) -> Iterator[dict[str, str]]:
    metrics = [comparison.metric, LOSS, *comparison.beside]
    headings = {metric.heading(split): metric for metric in metrics for split in SPLITS}
    for field, name in zip(table.fields, map(str, table.data), strict=True):
        entry = {"name": field, "title": name, "type": _kind(table, name)}
        metric = headings.get(re.sub(r", (95 % half-width|sd)$", "", name))
        if metric is not None:
            entry |= {"unit": _unit(metric)} if _unit(metric) else {}
            entry |= {"description": metric.definition} if metric.definition else {}
        elif name == "seconds":
            entry |= {"unit": "s"}
        yield entry


def _kind(table: Table, name: str) -> str:
    if name in table.digits:
        return "number" if table.digits[name] else "integer"
    if name in table.halves.values():
        return "number"
    kinds = {type(value) for value in table.data[name] if value is not None and value == value}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "integer"
    return "number" if kinds and kinds <= {int, float} else "string"


def _unit(metric: Metric) -> str:
    return "share of examples, from 0 to 1" if metric.share else ""
