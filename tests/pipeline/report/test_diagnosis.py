"""The figures of the best network agree with what its run recorded."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.report.build import build
from pipeline.report.figures.mistakes import figures_of
from pipeline.report.statistics.diagnosis import Diagnosis, diagnose
from pipeline.runs.job import Job
from pipeline.runs.result import Result, read_result
from pipeline.training.trainer import train

MakeJob = Callable[..., Job]


@pytest.fixture
def run(make_job: MakeJob) -> Path:
    job = make_job("model.hidden=[8]", "training.epochs=2", "optimizer.lr=0.03")
    train([job])
    return job.folder


def test_predictions_are_those_of_the_recorded_epoch(run: Path) -> None:
    diagnosis = diagnose(run)
    recorded = json.loads((run / "result.json").read_text())["metrics"]["best_test_accuracy"]
    assert (diagnosis.predicted == diagnosis.target).mean() == recorded
    assert diagnosis.confusion.sum() == 1000
    assert np.trace(diagnosis.confusion) == round(1000 * recorded)
    np.testing.assert_allclose(diagnosis.recall.mean(), recorded)  # the test split is balanced
    assert diagnosis.weight is not None
    assert diagnosis.weight.shape == (784, 8)
    assert (diagnosis.probability >= 0.1).all()


def test_report_of_the_best_run_shows_them(run: Path) -> None:
    build([run])
    names = {path.stem for path in (run / "report/figures").glob("*.svg")}
    assert {"confusion", "accuracy_by_class", "mistakes", "first_layer"} <= names
    svg = (run / "report/figures/confusion.svg").read_text()
    assert "Ankle boot" in svg
    assert ">true class<" in svg


def test_surest_mistakes_are_mistakes_and_sorted() -> None:
    images = np.zeros((4, 3, 5, 5), dtype=np.uint8)
    sure = np.array([0.5, 0.9, 0.7, 0.99])
    diagnosis = Diagnosis(("a_b", "$c$", "d"), images, np.array([0, 1, 2, 2]), np.array([1, 0, 0, 2]), sure, None)
    drawn = {figure.name: figure.svg for figure in figures_of(diagnosis, "3")}
    assert "first_layer" not in drawn
    order = [drawn["mistakes"].index(text) for text in ("90.0 %", "70.0 %", "50.0 %")]
    assert order == sorted(order)
    assert "99.0 %" not in drawn["mistakes"]
    assert diagnosis.recall.tolist() == [0.0, 0.0, 0.5]


def test_inputs_that_are_no_images_have_no_pictures(make_job: MakeJob) -> None:
    job = make_job("dataset=patterns", "model.hidden=[3]", "training.epochs=1")
    train([job])
    assert {figure.name for figure in figures_of(diagnose(job.folder), "0")} == {"confusion", "accuracy_by_class"}


def test_what_cannot_be_shown_is_said(run: Path, make_job: MakeJob) -> None:
    result = read_result(run)
    assert isinstance(result, Result)
    result.model_copy(update={"provenance": result.provenance | {"data_fingerprint": "0" * 64}}).write(run)
    build([run])
    assert "the data has changed since the run" in (run / "report" / "index.html").read_text()
    (run / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"model.safetensors is missing"):
        diagnose(run)
    regression = make_job("dataset=linear", "dataset.samples=100", "training.epochs=1")
    train([regression])
    with pytest.raises(UserError, match="not a classification"):
        diagnose(regression.folder)
