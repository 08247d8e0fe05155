"""The report's folder: each thing once, tables that machines can read, and a list of what there is."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from commands import contents
from written import write_run

import pipeline
from pipeline.errors import UserError
from pipeline.report.build import build
from pipeline.runs.read import collect

KINDS = {"integer": "Int64", "number": "float64", "boolean": "boolean", "string": "string"}


def write_sweep(folder: Path) -> Path:
    """Two rates on three seeds each; one run has diverged before its first epoch was over."""
    for number in range(6):
        settings = {"optimizer__lr": (0.1, 0.3)[number // 3], "seed": number % 3, "model__dropout": 0}
        write_run(folder / str(number), 0.7 + 0.02 * number, **settings)
    write_run(folder / "6", 0.1, status="diverged", message="=loss", optimizer__lr=9.0)
    return folder


def test_every_file_is_named_in_the_readme(reported: Path) -> None:
    named = re.findall(r"`([\w./*]+)`", (reported / "report/README.md").read_text())
    for name in contents(reported / "report"):
        folder = name.partition("/")[0]
        assert any(Path(name).match(pattern) for pattern in named) or folder == "paper" or name == "README.md", name


def test_the_readme_of_one_run_names_only_what_is_there(sweep: Path) -> None:
    page = build([sweep / "0"], column=None)
    words = (page.parent / "README.md").read_text()
    for name in set(re.findall(r"`([\w./*]+)`", words)):
        assert any(page.parent.glob(name)) or (page.parents[1] / name).exists(), name
    assert "paper" not in words
    assert "report.md" not in words


def test_the_schema_describes_every_column(reported: Path) -> None:
    tables = reported / "report/tables"
    package = json.loads((tables / "datapackage.json").read_text())
    assert {one["path"] for one in package["resources"]} == {path.name for path in tables.glob("*.csv")}
    for resource in package["resources"]:
        fields = resource["schema"]["fields"]
        names = [field["name"] for field in fields]
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
        table = pd.read_csv(tables / resource["path"], dtype={f["name"]: KINDS[f["type"]] for f in fields})
        assert list(table) == names
        units = {field["name"]: field.get("unit") for field in fields}
        assert units["test_accuracy"] == "share of examples, from 0 to 1"
    assert units["seconds"] == "s"
    best = next(field for field in fields if field["name"] == "best_epoch")
    assert best["type"] == "integer"
    assert "3.0" not in (tables / "table.csv").read_text().splitlines()[1].split(",")[3]


def test_results_hold_no_formula(reported: Path) -> None:
    assert "'=loss" in (reported / "results.csv").read_text()
    assert ",=loss" not in (reported / "results.csv").read_text()


def test_loaded_columns_are_typed(sweep: Path) -> None:
    write_run(sweep / "7", optimizer__nesterov=True, training__patience=5)
    types = pipeline.load(sweep).runs.dtypes
    assert types["config.optimizer.nesterov"] == "boolean"
    assert types["config.training.patience"] == types["config.seed"] == "Int64"
    assert types["config.optimizer.lr"] == types["metric.best_test_accuracy"] == "float64"


def test_tables_and_figures_of_chosen_runs_are_those_of_a_report_of_them(sweep: Path) -> None:
    found = pipeline.load(sweep)
    chosen = found.runs[found.runs["config.optimizer.lr"] < 1]
    tables, figures = pipeline.tables(chosen), pipeline.figures(chosen, found.history)
    folders = [sweep / str(run) for run in range(6)]
    again = pipeline.tables(collect(folders).runs)
    assert tables["replicates"].markdown() == again["replicates"].markdown()
    assert len(tables["table"].data) == 6
    assert {"learning_curves", "effects"} <= set(figures)
    assert figures["effects"]._repr_svg_().startswith("<?xml")
    assert "<table" in tables["table"]._repr_html_()


def test_no_chosen_run_is_an_error(sweep: Path) -> None:
    runs = pipeline.load(sweep).runs
    with pytest.raises(UserError, match="the filter takes none"):
        pipeline.tables(runs[runs["status"] == "failed"])
    with pytest.raises(UserError, match="the column run is missing"):
        pipeline.tables(runs.drop(columns="run"))
