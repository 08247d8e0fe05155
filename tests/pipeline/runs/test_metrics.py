"""The vocabulary of metrics, and one best epoch wherever it is asked for."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline
from pipeline.metrics import ACCURACY, LOSS, R2, SCORES, Metric
from pipeline.report.build import build
from pipeline.report.score_format import ScoreFormat
from pipeline.runs.folder import RunFolder
from pipeline.runs.job import Job
from pipeline.runs.metrics import Row, best_figures, best_row, run_metrics, task_of
from pipeline.sweep import halving
from pipeline.sweep.board import Board

MakeJob = Callable[..., Job]

NAN, INF = math.nan, math.inf
VALIDATION = (0.90, 0.50, 0.70, 0.70, 0.60, 0.95)  # epoch 0 is before training, epoch 5 has diverged: 2 is the best
LOSSES = (2.0, 1.5, 1.2, 1.1, 1.3, 1.0)


def epochs(
    scores: tuple[float, ...], objectives: tuple[float, ...] | None = None, metric: Metric = ACCURACY
) -> list[Row]:
    objectives = objectives or (1.0,) * len(scores)
    rows = zip(range(len(scores)), scores, objectives, strict=True)
    return [{"epoch": epoch, metric.on("validation"): score, "objective": loss} for epoch, score, loss in rows]


def write_run(job: Job, metric: Metric = ACCURACY) -> Path:
    """A run that has recorded the epochs above, and has not ended."""
    facts = {"task": "classification" if metric == ACCURACY else "regression", "parameters": 7}
    facts |= dict.fromkeys(("model", "device", "kernel", "stack", "data_fingerprint", "data", "examples"))
    folder = RunFolder(job, metric, facts)
    for epoch, (score, loss) in enumerate(zip(VALIDATION, LOSSES, strict=True)):
        row: Row = {"epoch": epoch}
        for split, less in (("train", 0.1), ("validation", 0.0), ("test", 0.2)):
            row |= {LOSS.on(split): loss + less, metric.on(split): score - less}
        row |= {"penalty": 0.0, "objective": INF if epoch == 5 else loss + 0.1, "lr": 0.1, "seconds": 0.5}
        assert folder.record(row) == (epoch in (1, 2))
    folder.close(folder.result("diverged", {"total": 3.0}, "the objective was inf"))
    return job.folder


def test_names_are_those_of_the_files() -> None:
    assert ACCURACY.on("validation") == "validation_accuracy"
    assert R2.best("test") == "best_test_r2"
    assert LOSS.final("train") == "final_train_loss"
    assert R2.heading("validation") == "validation R²"
    assert task_of(["epoch", "train_loss", "train_r2"]) == "regression"
    assert task_of(["epoch", "train_loss", "train_accuracy"]) == "classification"
    assert SCORES == {"classification": ACCURACY, "multilabel": ACCURACY, "regression": R2}


@pytest.mark.parametrize(
    ("scores", "objectives", "expected"),
    [
        ((0.9, 0.5, 0.7, 0.7, 0.6), None, 2),  # the first of equals, never epoch 0
        ((NAN, NAN, NAN, NAN), None, 3),  # without validation the last
        ((NAN, NAN, NAN, NAN), (1, 1, 1, INF), 2),  # that is finite
        ((0.1, 0.2, 0.9), (1, 1, NAN), 1),
        ((0.1, NAN, 0.3, NAN, 0.2), None, 2),  # an epoch without a score is better than none, and no better than any
        ((0.1, -INF, -3.0, -4.0), None, 2),
        ((0.5,), None, None),
        ((0.5, 0.6), (1, INF), None),
        ((), None, None),
    ],
)
def test_the_best_epoch(scores: tuple[float, ...], objectives: tuple[float, ...] | None, expected: int | None) -> None:
    best = best_row(epochs(scores, objectives), ACCURACY)
    assert (best["epoch"] if best else None) == expected


def test_of_losses_the_least_is_the_best() -> None:
    best = best_row(epochs((0.1, 0.9, 0.4, 0.4, 0.6), metric=LOSS), LOSS)
    assert best is not None
    assert best["epoch"] == 2


@given(st.lists(st.tuples(st.sampled_from([NAN, -INF, -1.0, 0.0, 0.5, 1.0]), st.sampled_from([0.1, INF, NAN]))))
def test_the_best_epoch_is_what_its_definition_says(drawn: list[tuple[float, float]]) -> None:
    rows = epochs(tuple(score for score, _ in drawn), tuple(objective for _, objective in drawn))
    counted = [row for row in rows[1:] if math.isfinite(row["objective"])]
    scored = [row for row in counted if math.isfinite(row["validation_accuracy"])]
    highest = max((row["validation_accuracy"] for row in scored), default=NAN)
    expected = [row for row in scored if row["validation_accuracy"] == highest][:1] or counted[-1:]
    assert best_row(rows, ACCURACY) == (expected[0] if expected else None)


def test_figures_of_the_last_and_of_the_best_epoch() -> None:
    rows = [row | {"lr": 0.1, "seconds": 3.0} for row in epochs((0.1, 0.8, 0.6))]
    metrics = run_metrics(rows, rows[1])
    of_epochs = {
        f"{when}_{name}" for when in ("final", "best") for name in ("epoch", "validation_accuracy", "objective")
    }
    assert metrics.keys() == of_epochs  # rates and seconds are in history.csv alone
    assert metrics["final_epoch"] == 2
    assert metrics["best_epoch"] == 1
    assert (metrics["final_validation_accuracy"], metrics["best_validation_accuracy"]) == (0.6, 0.8)
    assert best_figures(metrics) == {"best_validation_accuracy": 0.8, "best_objective": 1.0}
    untrained = run_metrics(rows[:1], None)
    assert math.isnan(untrained["best_epoch"])
    assert math.isnan(untrained["best_validation_accuracy"])
    assert best_figures(untrained) == {}


@pytest.mark.parametrize("metric", [ACCURACY, R2], ids=lambda metric: metric.name)
def test_all_agree_on_the_best_epoch(make_job: MakeJob, metric: Metric) -> None:
    """Training, the report, halving, the progress line, and what reads a run that has lost its result."""
    job = make_job("dataset=square", "training.epochs=5", "optimizer.lr=0.1")
    folder = write_run(job, metric)
    metrics = json.loads((folder / "result.json").read_text())["metrics"]
    assert metrics["best_epoch"] == 2
    assert metrics[metric.best("validation")] == 0.7
    assert metrics[metric.best("test")] == pytest.approx(0.5)
    assert (metrics["final_epoch"], metrics["final_objective"], metrics["parameters"]) == (5, None, 7)
    for epoch, (score, loss) in {1: (0.5, -1.5), 2: (0.7, -1.2), 3: (0.7, -1.1), 4: (0.7, -1.1)}.items():
        assert halving._score(job, epoch) == (score, loss)
    assert halving.trained(job) == 5
    board = Board([job], "off")
    board._read_histories()
    assert board.best == (
        0.7,
        f"{metric.heading('validation')} 0.7000 (dataset=square training.epochs=5 optimizer.lr=0.1)",
    )
    for lost in (False, True):
        if lost:
            (folder / "result.json").unlink()
            with pytest.warns(UserWarning, match=r"result\.json is missing; counted as interrupted"):
                loaded = pipeline.load(folder).runs
        else:
            loaded = pipeline.load(folder).runs
        assert loaded["task"][0] == ("classification" if metric == ACCURACY else "regression")
        assert (loaded["metric.best_epoch"][0], loaded["metric.final_epoch"][0]) == (2, 5)
        assert loaded[f"metric.{metric.best('validation')}"][0] == 0.7
        page = build([folder]).read_text()
        table = pd.read_csv(folder / "report/tables/table.csv")
        assert (table["best_epoch"][0], table[metric.on("validation")][0]) == (2, 0.7)
        score = ScoreFormat(metric).score
        assert f"at epoch 2, validation {metric.label} {score(0.7)}, test {metric.label} {score(0.5)}" in page
