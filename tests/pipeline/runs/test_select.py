"""`training.select`: one meaning of best, where accuracy, macro F1 and loss each have another."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pipeline.metrics import ACCURACY, LOSS, MACRO_F1, Metric, selected
from pipeline.report.build import build
from pipeline.report.comparison import Comparison
from pipeline.report.score_format import ScoreFormat
from pipeline.report.statistics.replicates import Replicates
from pipeline.report.statistics.tests import compare_best
from pipeline.runs.folder import RunFolder
from pipeline.runs.job import Job
from pipeline.runs.metrics import Row
from pipeline.runs.read import collect
from pipeline.runs.result import Result, read_result
from pipeline.sweep import halving
from pipeline.sweep.board import Board

MakeJob = Callable[..., Job]
CURVES: dict[Metric, tuple[float, ...]] = {
    ACCURACY: (0.9, 0.5, 0.7, 0.8, 0.6),
    MACRO_F1: (0.1, 0.3, 0.6, 0.2, 0.4),
    LOSS: (2.0, 1.5, 1.2, 1.1, 1.0),
}
BEST = {"auto": (3, ACCURACY, 0.8), "validation_macro_f1": (2, MACRO_F1, 0.6), "validation_loss": (4, LOSS, 1.0)}


def write_run(job: Job, better: float = 0.0, worse: float = 0.0) -> Path:
    """A finished run of four epochs: `better` is added to accuracy and macro F1, `worse` to the loss."""
    metric = selected(job.config.training.select, "classification")
    facts = {"task": "classification", "parameters": 7}
    facts |= dict.fromkeys(("model", "device", "kernel", "stack", "data_fingerprint", "data", "examples"))
    folder = RunFolder(job, metric, facts)
    for epoch in range(5):
        row: Row = {"epoch": epoch}
        for split in ("train", "validation", "test"):
            row |= {one.on(split): values[epoch] + (worse if one == LOSS else better) for one, values in CURVES.items()}
        folder.record(row | {"penalty": 0.0, "objective": row["train_loss"], "lr": 0.1, "seconds": 0.1})
    folder.close(folder.result("finished", {"total": 1.0}))
    return job.folder


@pytest.mark.parametrize("select", BEST)
def test_all_mean_the_same_epoch(make_job: MakeJob, select: str) -> None:
    epoch, metric, value = BEST[select]
    job = make_job("dataset=square", "training.epochs=4", f"training.select={select}")
    folder = write_run(job)
    result = read_result(folder)
    assert isinstance(result, Result)
    assert (result.metrics["best_epoch"], result.score, result.metric) == (epoch, value, metric)
    assert f"validation {metric.label} {value:.4f}" in result.summary()
    assert halving._score(job, 4)[0] == metric.rank(value)
    board = Board([job], "off")
    board._read_histories()
    assert board.best is not None
    assert board.best[1].startswith(f"{metric.heading('validation')} {value:.4f}")
    (folder / ".hydra").mkdir()
    (folder / ".hydra/config.yaml").write_text(json.dumps(job.config.model_dump()))
    for lost in (False, True):
        if lost:
            (folder / "result.json").unlink()
        collected = collect([folder])
        assert collected.runs["metric.best_epoch"][0] == epoch
        page = build([folder]).read_text()
        table = pd.read_csv(folder / "report/tables/table.csv")
        assert (
            table["best_epoch"][0],
            table[metric.heading("validation").lower().replace(" ", "_").replace("-", "_").replace("²", "2")][0],
        ) == (epoch, value)
        assert f"at epoch {epoch}, validation {metric.label} {ScoreFormat(metric).score(value)}" in page
        assert f"Sorted by validation {metric.label}" in page


@pytest.mark.parametrize(("select", "winner"), [("auto", 1), ("validation_macro_f1", 1), ("validation_loss", 0)])
def test_all_mean_the_same_run(make_job: MakeJob, tmp_path: Path, select: str, winner: int) -> None:
    """The second run has the higher accuracy, the first the lower loss."""
    common = ("dataset=square", "training.epochs=4", f"training.select={select}")
    jobs = [make_job(*common, f"optimizer.lr={lr}", f"seed={seed}") for lr in (0.1, 0.2) for seed in (0, 1, 2)]
    for number, job in enumerate(jobs):
        second, noise = number >= 3, 0.001 * number**2
        write_run(job, 0.1 * second + noise, 0.5 * second + noise)
    staying = halving.best([jobs[0], jobs[3]], halving.Rung(1.0, 1))
    assert staying == [(jobs[0], jobs[3])[winner]]
    comparison = Comparison.of(collect([job.folder for job in jobs]).runs)
    best = comparison.metric
    assert comparison.runs["config.optimizer.lr"][0] == (0.1, 0.2)[winner]
    assert list(comparison.score) == sorted(comparison.score, reverse=best.higher_is_better)
    replicates = Replicates.of(comparison)
    assert replicates.settings["config.optimizer.lr"][0] == (0.1, 0.2)[winner]
    noise = 0.001 * ((9 + 16 + 25) - (0 + 1 + 4)) / 3
    behind = 0.1 + noise if best.higher_is_better else 0.5 + noise
    assert compare_best(replicates)["difference"].iloc[0] == pytest.approx(behind)
    page = build([job.folder for job in jobs], tmp_path / "report").read_text()
    assert f"Picked among 2 settings for the {best.best_word} mean validation {best.label}" in page
    methods = (tmp_path / "report/report.md").read_text()
    assert f"Of each run the epoch with the {best.best_word} validation {best.label} counts." in methods
    assert f"{best.label}: {best.definition}" in methods


def test_runs_that_differ_in_it_are_compared_by_the_score(make_job: MakeJob) -> None:
    jobs = [make_job("dataset=square", "training.epochs=4", f"training.select={select}") for select in BEST]
    for job in jobs:
        write_run(job)
    together = Comparison.of(collect([job.folder for job in jobs]).runs)
    assert together.metric == ACCURACY
    assert list(together.swept.values()) == ["select"]


def test_a_history_without_the_metric_has_no_best_score(make_job: MakeJob) -> None:
    job = make_job("dataset=square", "training.epochs=4", "training.select=validation_roc_auc")
    write_run(job)
    assert halving._score(job, 4)[0] == -math.inf
    result = read_result(job.folder)
    assert isinstance(result, Result)
    assert (result.score, result.metrics["best_epoch"]) == (None, 4)
