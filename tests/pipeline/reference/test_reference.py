"""Experiments keep what the reports state, and the comparison says what the runs did."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pipeline.optimizers.sgd import SGD
from pipeline.reference.__main__ import main
from pipeline.reference._best import _reported, best
from pipeline.reference._compare import compare, curves, in_words, write
from pipeline.reference._page import write_page
from pipeline.reported.rows import Row, reports, rows
from pipeline.runs.job import Job
from pipeline.runs.result import Result
from pipeline.runs.selection import Selected, Selection
from pipeline.training.trainer import train

MakeJob = Callable[..., Job]


def test_there_is_a_command_for_every_reported_network() -> None:
    assert len(rows()) == 12
    assert len({row.name for row in rows()}) == 12
    assert sum(len(row.curve) > 0 for row in rows()) == 7


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_stated_settings_are_kept_exactly(row: Row, make_job: MakeJob) -> None:
    config, reported = make_job(*row.overrides).config, row.reported
    stated = {
        "batch_size": config.training.batch_size,
        "lr": config.optimizer.lr,
        "epochs": config.training.epochs,
        "dtype": config.training.dtype,
        "optimizer": config.optimizer.name,
        "regularization": config.model.l2 or config.optimizer.weight_decay,
        "dataset": config.dataset.name,
    }
    for name, ours in stated.items():
        if pd.notna(reported[name]):
            assert ours == reported[name], name
    assert config.dataset.validation_fraction == (0.2 if row.held_out == "validation" else 0.0)
    if isinstance(config.optimizer, SGD):
        assert config.optimizer.momentum == 0 or row.experiment.startswith("patch_mlp")


def test_the_table_sets_final_figures_of_the_same_split_side_by_side(make_job: MakeJob, tmp_path: Path) -> None:
    row = next(row for row in rows() if row.name == "mlp_256_batch1-fashion_mnist")
    small = ("dataset.validation_fraction=0", "model.hidden=[8]", "model.l2=0.001", "training.epochs=1")
    jobs = [make_job(*small, f"seed={seed}") for seed in range(3)]
    train(jobs)
    folders = [job.folder for job in jobs]
    table = compare([(row, folders)])
    results = [json.loads((folder / "result.json").read_text()) for folder in folders]
    ours = pd.DataFrame([result["metrics"] for result in results])
    line, scores = table.iloc[0], ours["final_test_accuracy"]
    assert (line["reported score"], line["seeds"]) == (0.8563, 3)
    assert line["our score"] == pytest.approx(scores.mean())
    assert line["sd of our score"] == pytest.approx(scores.std())
    assert scores.std() > 0
    assert line["difference in points"] == pytest.approx(100 * (scores.mean() - 0.8563))
    assert line["our objective"] == pytest.approx(ours["final_objective"].mean())
    assert line["our objective"] > line["our penalty"] > 0
    assert line["our seconds"] == pytest.approx(pd.Series([result["seconds"]["total"] for result in results]).mean())
    figure = curves(row, folders[0])
    assert ">penalty, ours<" in figure.svg
    assert ">test, reported<" in figure.svg
    write(table, [figure], tmp_path)
    assert {path.suffix for path in tmp_path.glob("reference.*")} == {".csv", ".md", ".tex"}
    assert "\\toprule" in (tmp_path / "reference.tex").read_text()
    said = f"{scores.mean():.4f} ± {scores.std():.4f}"
    assert said in (tmp_path / "reference.md").read_text()
    [alone] = in_words(compare([(row, folders[:1])]))["our score"]
    assert alone == f"{scores[0]:.4g}"
    page = write_page(table, None, [figure], {row.name: "gone", "x": "no data"}, tmp_path / "docs").read_text()
    assert "- x: no data" in page
    assert "gone" not in page
    assert said in page
    assert f"]({row.name}.svg)" in page
    assert (tmp_path / "docs" / f"{row.name}.svg").exists()


def test_what_is_trained_again_replaces_its_lines_of_the_page_alone(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[3] / "docs"
    for name in ("reference.csv", "best.csv"):
        shutil.copy(shipped / name, tmp_path)
    before = pd.read_csv(shipped / "reference.csv")
    line = before.iloc[[3]].assign(**{"our score": 0.25, "sd of our score": 0.01, "seeds": 3})
    write_page(line, None, [], {}, tmp_path)
    after = pd.read_csv(tmp_path / "reference.csv")
    pd.testing.assert_frame_equal(after.drop(index=3), before.drop(index=3))
    assert after.loc[3, "our score"] == 0.25
    assert (tmp_path / "best.csv").read_bytes() == (shipped / "best.csv").read_bytes()
    assert "0.2500 ± 0.0100" in (tmp_path / "reference.md").read_text()
    write_page(before, None, [], {}, tmp_path)
    assert (tmp_path / "reference.md").read_text() == (shipped / "reference.md").read_text()


@pytest.mark.parametrize(
    ("dataset", "model", "accuracy"),
    [
        ("fashion_mnist", "mlp", 0.8833),
        ("fashion_mnist", "patch_mlp", 0.8793),
        ("cifar10", "mlp", 0.4949),
        ("cifar10", "patch_mlp", 0.4949),  # no report has patches of these images
        ("cifar100", "patch_mlp", 0.1808),
    ],
)
def test_the_best_of_the_reports_is_of_the_same_kind_of_network_where_there_is_one(
    dataset: str, model: str, accuracy: float
) -> None:
    run = pd.Series({"config.dataset.name": dataset, "config.model.name": model})
    assert _reported(run, reports()) == pytest.approx(accuracy, abs=5e-5)


def test_the_best_of_a_sweep_is_picked_by_its_mean_on_validation(make_job: MakeJob, tmp_path: Path) -> None:
    folder = tmp_path / "best_mini"
    accuracy: dict[float, list[float]] = {}
    for number, (lr, seed) in enumerate([(0.01, 0), (0.01, 1), (1e-5, 0), (1e-5, 1), (0.3, 0)]):
        job = make_job("model.hidden=[8]", "training.epochs=1", f"optimizer.lr={lr}", f"seed={seed}")
        [outcome] = train([replace(job, folder=folder / str(number))])
        accuracy.setdefault(lr, []).append(outcome.metrics["best_test_accuracy"])
    line = best([folder], reports()).iloc[0]
    assert line["picked"] == "learning rate 0.01"  # 0.3 was tried on one seed alone
    assert (line["seeds"], line["runs"]) == (2, 5)
    expected = pd.Series(accuracy[0.01])
    assert line["test accuracy"] == f"{expected.mean():.4f} ± {expected.std():.4f}"
    assert line["command"] == "`python -m pipeline experiment=best_mini`"
    shipped = pd.read_csv(Path(__file__).parents[3] / "docs" / "reference.csv")
    page = write_page(shipped, best([folder], reports()), [], {}, tmp_path / "docs")
    assert "| best_mini |" in page.read_text()


def test_what_is_confirmed_is_told_with_all_that_it_took(make_job: MakeJob, tmp_path: Path) -> None:
    searched, confirmed = tmp_path / "search_mini", tmp_path / "search_mini-confirmed"

    def train_into(folder: Path, *words: str) -> Result:
        given = ("model.hidden=[8,4]", "optimizer.lr=1e-1", "training.epochs=1", *words)
        [result] = train([replace(make_job(*given), folder=folder)])
        return result

    results = [train_into(searched / str(n), f"optimizer.lr={lr}") for n, lr in enumerate(("0.01", "1e-1"))]
    longer = ("training.epochs=2",)
    new = [train_into(confirmed / str(n), *longer, f"seed={n + 1}") for n in range(2)]
    lucky = Selected(
        overrides=["model.hidden=[8,4]", "optimizer.lr=1e-1", "training.epochs=1"],
        words="lr=0.1",
        n=1,
        validation=0.99,
        test=0.99,
    )
    Selection(sweep="search_mini", runs=2, settings=2, seeds=[0], metric="accuracy", selected=[lucky]).write(confirmed)
    line = best([confirmed], reports()).iloc[0]
    assert (line["sweep"], line["picked"], line["seeds"], line["runs"]) == ("search_mini", "lr=0.1", 2, 4)
    expected = pd.Series([result.metrics["best_test_accuracy"] for result in new])
    assert line["test accuracy"] == f"{expected.mean():.4f} ± {expected.std():.4f}"
    minutes = sum(result.seconds["total"] for result in (*results, *new)) / 60
    assert line["core minutes"] == f"{minutes:.0f}"
    assert line["command"] == "`python -m pipeline experiment=search_mini`, then with `sweep=confirm training.epochs=2`"


def test_what_has_no_data_is_left_out_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    monkeypatch.setenv("SCRATCHNET_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens: the network is away at once
    assert main(["--only", "three_datasets_20_epochs-cifar10"]) == 1
    output = capfd.readouterr().out
    assert "left out: three_datasets_20_epochs-cifar10: dataset=cifar10: no files in" in output
    assert "left out: mlp_800_300-cifar10: not selected" in output
