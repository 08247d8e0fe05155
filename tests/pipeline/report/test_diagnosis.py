"""The figures of the best network agree with what its run recorded."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

from pipeline.errors import UserError
from pipeline.metrics.scoring import Predictions
from pipeline.report.build import build
from pipeline.report.figures.mistakes import figures_of
from pipeline.report.statistics.diagnosis import Diagnosis, diagnose
from pipeline.report.statistics.fit import fit
from pipeline.runs.job import Job
from pipeline.runs.model import load_model
from pipeline.runs.predictions import Predicted
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


@pytest.mark.parametrize("dataset", [["fashion_mnist_mini"], ["square", "dataset.samples=300"]])
def test_what_a_run_kept_is_what_its_network_says(dataset: list[str], make_job: MakeJob) -> None:
    name, *more = dataset
    job = make_job(f"dataset={name}", *more, "model.hidden=[8]", "training.epochs=1")
    train([job])
    kept = diagnose(job.folder)
    model = load_model(job.folder)
    (job.folder / "predictions.npz").unlink()
    again = diagnose(job.folder)
    for field in ("target", "predicted"):
        np.testing.assert_array_equal(getattr(kept, field), getattr(again, field))
    np.testing.assert_allclose(kept.probability, again.probability, rtol=1e-6)
    assert (kept.positive is None) == (again.positive is None) == (name != "square")
    if kept.positive is not None and again.positive is not None:
        np.testing.assert_allclose(kept.positive, again.positive, rtol=1e-6)
        np.testing.assert_allclose(kept.probability, np.maximum(kept.positive, 1 - kept.positive), rtol=1e-6)
        assert kept.weight is again.weight is None
    else:
        first = model.params[model.network.names[0]].double().numpy()
        for one in (kept, again):
            assert one.weight is not None
            np.testing.assert_array_equal(one.weight, first)


def test_outputs_beyond_all_bounds_have_probabilities_or_none() -> None:
    outputs = np.array([[1e308, -1e308], [0.0, math.log(3)], [math.inf, 0.0]])
    predictions = Predicted.of(Predictions("classification", outputs, np.array([0, 1, 0])))
    assert predictions.predicted.tolist() == [0, 1, 0]
    assert predictions.probability is not None
    assert predictions.probability[:2].tolist() == [0.0, 0.75]
    assert math.isnan(predictions.probability[2])


def test_values_stand_beside_targets_in_their_units(make_job: MakeJob) -> None:
    job = make_job("dataset=sklearn", "dataset.loader=diabetes", "training.epochs=2", "model.hidden=[4]")
    train([job])
    targets = sklearn.datasets.load_diabetes().target
    kept = fit(job.folder)
    (job.folder / "predictions.npz").unlink()
    for one in (kept, fit(job.folder)):
        assert np.isin(one.target.round(9), targets).all()
        assert one.names == ("target",)
        recorded = json.loads((job.folder / "result.json").read_text())["metrics"]["best_test_rmse"]
        assert np.sqrt(np.mean((one.predicted - one.target) ** 2)) == pytest.approx(recorded, rel=1e-6)


def test_a_report_loads_no_network(run: Path) -> None:
    program = "import pathlib, sys; from pipeline.report.build import build; build([pathlib.Path(sys.argv[1])])"
    program += "; print([name for name in ('torch', 'scipy.stats', 'sklearn', 'statsmodels') if name in sys.modules])"
    one_core = {**os.environ, "LOKY_MAX_CPU_COUNT": "1"}  # nothing in a process of its own
    ended = subprocess.run(
        [sys.executable, "-c", program, str(run)], env=one_core, capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"
    assert (run / "report/figures/mistakes.svg").exists()


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
