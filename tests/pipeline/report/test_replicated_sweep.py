"""Three seeds of two rates on the images that come along: trained, reported, and loaded by the notebook."""

import math
import os
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from commands import ROOT, pipeline
from nbclient import NotebookClient
from scipy import special

import pipeline as package
from pipeline.report.comparison import Comparison
from pipeline.report.statistics.tests import conclusions

SWEEP = ["-m", "sweep.name=seeds", "optimizer.lr=0.003,0.03", "seed=0,1,2", "training.epochs=2", "model.hidden=[16]"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sweep."""
    folder = tmp_path_factory.mktemp("replicated")
    pipeline(folder, *SWEEP)
    return folder / "outputs" / "seeds"


def test_means_and_intervals_are_those_of_the_run_folders(trained: Path) -> None:
    table = pd.read_csv(trained / "report/tables/replicates.csv")
    assert list(table["n"]) == [3, 3]
    histories = {run.name: pd.read_csv(run / "history.csv") for run in trained.iterdir() if run.name.isdecimal()}
    rates = pd.read_csv(trained / "results.csv", dtype={"run": str}).set_index("run")["config.optimizer.lr"]
    for _, row in table.iterrows():
        scores = []
        for run in rates.index[rates == row["lr"]]:
            trained_epochs = histories[run].iloc[1:]
            scores.append(trained_epochs["test_accuracy"][trained_epochs["validation_accuracy"].idxmax()])
        mean = sum(scores) / 3
        sd = math.sqrt(sum((score - mean) ** 2 for score in scores) / 2)
        assert row["test_accuracy"] == pytest.approx(mean)
        assert row["test_accuracy_sd"] == pytest.approx(sd)
        quantile = special.stdtrit(2, 0.975)
        assert row["test_accuracy_95_half_width"] == pytest.approx(quantile * sd / math.sqrt(3))
    assert table["validation_accuracy"].is_monotonic_decreasing


def test_the_page_and_the_paper_tell_of_it(trained: Path) -> None:
    runs = package.load(trained).runs
    sentences = conclusions(Comparison.of(runs))
    assert sentences[0].startswith("Learning rate 0.03: test accuracy ")
    page = (trained / "report" / "index.html").read_text()
    for sentence in sentences:
        assert sentence in page
    words = (trained / "report/report.md").read_text()
    assert "5400 examples for training, 600 for validation, 1000 for test" in words
    assert "0.003 or 0.03" in words
    assert "is 0, 1 or 2" in words
    assert "(Xiao et al. 2017)" in words
    for name in ("learning_curves", "effects", "confusion"):
        assert (trained / "report" / "paper" / f"{name}.pdf").read_bytes().startswith(b"%PDF")


# ipykernel and its client still warn of one another's changes; what the notebook itself does wrong fails in its kernel.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_notebook_goes_on_from_there(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEP", str(trained))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(ROOT / "docs" / "analysis.ipynb", as_version=4)
    done = NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    printed = "".join(output.text for output in outputs if output.get("name") == "stdout")
    assert "6 runs, 18 epochs, 0 folders" in printed
    assert "Learning rate 0.03: test accuracy" in printed
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
