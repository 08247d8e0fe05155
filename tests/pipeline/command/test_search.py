"""Sweeps that decide as they go: Optuna's suggestions, and successive halving."""

import time
from pathlib import Path

import pandas as pd
import pytest
from commands import contents, figures, pipeline, start, stop, wait_for

COMMON = ["dataset=square", "dataset.samples=400", "training.batch_size=16", "training.epochs=9", "sweep.name=s"]
SPACE = [
    "optimizer.lr=tag(log,interval(0.001,1.0))",
    "model.hidden=[4],[16]",
    "seed=range(0,10)",
    "model.l2=interval(0.0,0.01)",
]
GRID = ["optimizer.lr=0.001,0.01,0.1,0.3,1.0", "model.hidden=[4],[16]"]


def search(trials: int) -> list[str]:
    pytest.importorskip("optuna")
    return ["-m", "hydra/sweeper=search", f"hydra.sweeper.trials={trials}", "hydra.sweeper.batch=4", *COMMON, *SPACE]


def test_a_search_stays_in_its_space_and_goes_on(tmp_path: Path) -> None:
    pipeline(tmp_path, *search(8))
    first = pd.read_csv(tmp_path / "outputs/s/results.csv")
    assert len(first) == 8
    assert first["config.optimizer.lr"].between(0.001, 1.0).all()
    assert first["config.optimizer.lr"].nunique() == 8
    assert set(first["config.model.hidden"]) <= {"[4]", "[16]"}
    assert set(first["config.seed"]) <= set(range(10))
    pipeline(tmp_path, *search(12))
    results = pd.read_csv(tmp_path / "outputs/s/results.csv")
    assert len(results) == 12
    assert results["identity"].head(8).tolist() == first["identity"].tolist()
    assert (tmp_path / "outputs/s/report/search.svg").exists()
    before = contents(tmp_path / "outputs/s/11")
    pipeline(tmp_path, *search(12))
    assert contents(tmp_path / "outputs/s/11") == before


@pytest.mark.slow
def test_a_search_that_was_killed_ends_as_one_that_was_not(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    pipeline(whole, *search(8))
    process = start(killed, *search(8))
    wait_for(killed / "outputs/s/2/history.csv")
    time.sleep(0.3)
    stop(process, 9)
    pipeline(killed, *search(8))
    assert figures(killed / "outputs/s") == figures(whole / "outputs/s")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["seed=0"], "hydra/sweeper=search: nothing to search over; give intervals or lists"),
        (["optimizer.lr=interval(-1.0,1.0)"], "optimizer.lr=-1.0: should be greater than 0"),
        (["model.hidden=4,8"], "model.hidden=4: should be a valid list"),
    ],
)
def test_a_space_that_cannot_be_searched_is_said_first(tmp_path: Path, arguments: list[str], message: str) -> None:
    pytest.importorskip("optuna")
    _, error = pipeline(tmp_path, "-m", "hydra/sweeper=search", *COMMON, *arguments, status=1)
    assert error[0].startswith(message)
    assert not list((tmp_path / "outputs").rglob("history.csv"))


def test_a_grid_has_no_intervals(tmp_path: Path) -> None:
    _, error = pipeline(tmp_path, "-m", *COMMON, "optimizer.lr=interval(0.1,1.0)", status=1)
    assert error == [
        "optimizer.lr=interval(0.1,1.0): a grid cannot have intervals; list the values, optimizer.lr=0.1,0.2, or "
        "search with hydra/sweeper=search"
    ]


def test_halving_trains_the_best_on_and_a_grid_goes_on_from_there(tmp_path: Path) -> None:
    out, _ = pipeline(tmp_path, "-m", "sweep=halving", *COMMON, *GRID)
    assert out[1] == "halving: 10 to epoch 2, 4 to epoch 4, 2 to epoch 9"
    results = pd.read_csv(tmp_path / "outputs/s/results.csv")
    assert sorted(results["metric.final_epoch"]) == [2] * 6 + [4] * 2 + [9] * 2
    early = {run: score_at(tmp_path / "outputs/s" / str(run), 2) for run in results["run"]}
    went_on = set(results["run"][results["metric.final_epoch"] > 2])
    assert went_on == set(sorted(early, key=lambda run: early[run], reverse=True)[:4])
    page = (tmp_path / "outputs/s/report/index.html").read_text()
    assert "Halving dropped 8 of 10 runs before their end: 38 of 90 epochs were trained, 58% were saved." in page
    before = figures(tmp_path / "outputs/s")
    pipeline(tmp_path, "-m", "sweep=halving", *COMMON, *GRID)
    assert figures(tmp_path / "outputs/s") == before
    pipeline(tmp_path, "-m", *COMMON, *GRID)  # the rest, from where they were dropped
    whole = [text.replace("=s", "=whole") if text == "sweep.name=s" else text for text in COMMON]
    pipeline(tmp_path, "-m", *whole, *GRID)
    assert figures(tmp_path / "outputs/s") == figures(tmp_path / "outputs/whole")


def score_at(run: Path, epoch: int) -> tuple[float, float]:
    history = pd.read_csv(run / "history.csv")
    early = history[history["epoch"].between(1, epoch)]
    return early["validation_accuracy"].max(), -early["validation_loss"].min()
