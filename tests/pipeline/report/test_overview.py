"""A trained sweep over two data sets, from the command to its pages."""

import re
from pathlib import Path

import pandas as pd
import pytest
from commands import pipeline

from pipeline.report.vocabulary import value_name

SWEEP = ["-m", "sweep.name=two", "dataset=square,linear", "dataset.samples=200", "training.epochs=2"]
AXES = ["model.activation=relu,tanh,sigmoid", "seed=0,1"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    pipeline(folder, *SWEEP, *AXES)
    return folder / "outputs" / "two"


def test_each_data_set_has_a_report_and_the_overview_all(trained: Path) -> None:
    report, results = trained / "report", pd.read_csv(trained / "results.csv")
    table = pd.read_csv(report / "tables/data_sets.csv").set_index("setting")
    for data, column in (("square", "accuracy"), ("linear", "r2")):
        runs = results[results["config.dataset.name"] == data]
        means = runs.groupby("config.model.activation")[f"metric.best_test_{column}"].agg(["mean", "std"])
        for activation, (mean, sd) in means.iterrows():
            row = table.loc[f"activation {value_name(activation)}"]
            assert row[f"{data}_{column}"] == pytest.approx(mean, abs=1e-12)
            assert row[f"{data}_{column}_sd"] == pytest.approx(sd, abs=1e-12)
        assert len(pd.read_csv(report / data / "tables/table.csv")) == 6
        assert (report / data / "paper" / "paper.tex").exists()
        page = (report / data / "index.html").read_text()
        assert f"on {data}" in page
    ranks = table[["square_accuracy", "linear_r2"]].rank(ascending=False).mean(axis=1)
    pd.testing.assert_series_equal(table["average_rank"], ranks, check_names=False)
    assert table["average_rank"].is_monotonic_increasing


def test_the_overview_is_one_file_that_links_to_the_pages(trained: Path) -> None:
    page = (trained / "report" / "index.html").read_text()
    assert page.count("<script") == 6  # of its data, and of sorting and filtering
    assert 'http-equiv="refresh"' not in page
    for address in re.findall(r'<a href="([^"#]+)"', page):
        assert (trained / "report" / address).exists()
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert {f"#{name}" for name in re.findall(r'href="#([^"]+)"', page)} <= {f"#{name}" for name in ids}
    assert "2 data sets: each has a winner of its own" in page
    assert "too few to test" in page
    assert page.count("Best by validation") == 0  # there are replicates: settings are picked, one for each data set
    assert (page.count("Picked among 3 settings"), page.count("all 3 settings have the same mean")) == (1, 1)
