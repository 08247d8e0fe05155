"""The tables and the notebook of a report, as other programs read them."""

from pathlib import Path

import duckdb
import pandas as pd
import polars
import pytest
from written import write_run

from pipeline.report.build import build


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three widths; the last run has diverged before its first epoch was over, so that it lacks its best figures."""
    folder = tmp_path_factory.mktemp("clients") / "s"
    for number, best in enumerate((0.7, 0.9, 0.8)):
        write_run(folder / str(number), best, model__hidden=[8 * (number + 1)], optimizer__nesterov=number == 1)
    write_run(folder / "3", 0.1, epochs=1, status="diverged", message="=loss", model__hidden=[32], optimizer__lr=9.0)
    build([folder], column=None, also=["notebook"])
    return folder


def test_duckdb_knows_the_types_and_computes_with_them(sweep: Path) -> None:
    runs = duckdb.read_csv(str(sweep / "results.csv"))
    types = dict(zip(runs.columns, map(str, runs.types), strict=True))
    assert types["run"] == types["metric.best_epoch"] == types["config.training.epochs"] == "BIGINT"
    assert types["config.optimizer.lr"] == types["metric.best_test_accuracy"] == "DOUBLE"
    assert types["config.optimizer.nesterov"] == "BOOLEAN"
    assert types["config.model.hidden"] == types["status"] == "VARCHAR"
    [best] = runs.filter("status = 'finished'").order('"metric.best_validation_accuracy" desc').limit(1).fetchall()
    assert dict(zip(runs.columns, best, strict=True))["config.model.hidden"] == "[16]"
    table = duckdb.read_csv(str(sweep / "report/tables/table.csv"))
    assert table.aggregate("count(*), max(validation_accuracy)").fetchall() == [(4, 0.9)]


def test_polars_reads_what_pandas_reads(sweep: Path) -> None:
    for path in (sweep / "results.csv", sweep / "report/tables/table.csv", sweep / "1" / "history.csv"):
        theirs, ours = polars.read_csv(path), pd.read_csv(path)
        assert theirs.columns == list(ours)
        for name in ours.select_dtypes("number").dropna(axis=1, how="all"):
            assert theirs[name].dtype.is_numeric(), name
            expected = [None if pd.isna(value) else value for value in ours[name]]
            assert theirs[name].to_list() == expected, name


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of nbconvert's own parts
def test_nbconvert_makes_a_page_of_the_notebook(sweep: Path) -> None:
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_filename(str(sweep / "report/report.ipynb"))
    assert "<h2" in page
    assert "hidden units" in page
