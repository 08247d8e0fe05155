"""The figures of the best network agree with what its run recorded."""

import hashlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import sklearn.datasets

from pipeline.errors import UserError
from pipeline.metrics.scoring import Predictions
from pipeline.report.build import build
from pipeline.report.figures.mistakes import figures_of
from pipeline.report.statistics.diagnosis import Diagnosis, _evaluated, _weights_of_first_layer, data_of, diagnose
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


def rewrite(run: Path, predicted: Predicted | None = None, model: Mapping[str, np.ndarray] | None = None) -> None:
    """Other predictions and weights in a run's folder, as if they were its."""
    result = read_result(run)
    assert isinstance(result, Result)
    files = dict(result.files or {})
    if predicted is not None:
        files["predictions.npz"] = predicted.write(run)
    if model is not None:
        (run / "model.safetensors").write_bytes(safetensors.numpy.save(dict(model)))
        files["model.safetensors"] = hashlib.sha256((run / "model.safetensors").read_bytes()).hexdigest()
    result.model_copy(update={"files": files}).write(run)


def test_what_a_run_kept_of_two_classes_is_taken_as_it_is(make_job: MakeJob) -> None:
    job = make_job("dataset=square", "dataset.samples=300", "model.hidden=[4]", "training.epochs=1")
    train([job])
    network, target = diagnose(job.folder), job.config.dataset.load().test.targets
    assert network.positive is not None
    said = np.arange(len(target)) % 2
    rewrite(job.folder, Predicted(said, target, np.where(said == 1, 0.75, 0.125)))
    diagnosis = diagnose(job.folder)
    assert diagnosis.predicted.tolist() == said.tolist()
    assert diagnosis.positive is not None
    assert diagnosis.positive.tolist() == np.where(said == 1, 0.75, 0.125).tolist()
    assert diagnosis.probability.tolist() == np.where(said == 1, 0.75, 0.875).tolist()

    rewrite(job.folder, Predicted(said, target))  # as earlier versions wrote them
    again = diagnose(job.folder)
    assert again.positive is not None
    assert again.positive.tolist() == pytest.approx(network.positive.tolist(), rel=1e-6)


def test_weights_are_shown_where_they_are_of_pixels(run: Path) -> None:
    dataset, result = data_of(run, "classification")
    first = load_model(run).params["0.weight"].double().numpy()
    _, [weight] = _evaluated(run, dataset)
    np.testing.assert_array_equal(weight, first)
    result.model_copy(update={"files": (result.files or {}) | {"model.safetensors": "0" * 64}}).write(run)
    np.testing.assert_array_equal(diagnose(run).weight, first)
    rewrite(run, model={"0.scale": np.ones(784), "0.shift": np.zeros(784), "1.weight": first})
    assert diagnose(run).weight is None


TENSORS = ["0.1.scale", "0.1.shift", "0.2.weight", "1.weight"]


@pytest.mark.parametrize(
    ("tensors", "checksum", "first"),
    [(TENSORS, "right", [[0, 0], [1, 1]]), ([], "right", []), (TENSORS, "wrong", None), (TENSORS, None, None)],
)
def test_only_what_the_first_layer_with_parameters_learned_is_read(
    tmp_path: Path, tensors: list[str], checksum: str | None, first: list[list[float]] | None
) -> None:
    data = safetensors.numpy.save({name: np.full(2, i, np.float32) for i, name in enumerate(tensors)})
    (tmp_path / "model.safetensors").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest() if checksum == "right" else "0" * 64
    facts = {"format": 1, "status": "finished", "message": None, "metrics": {}, "config": {}}
    facts |= {"files": {"model.safetensors": digest} if checksum else None}
    weights = _weights_of_first_layer(tmp_path, Result.model_validate(facts))
    assert (weights if weights is None else sorted(weight.tolist() for weight in weights)) == first


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
    fitted = fit(job.folder)
    (job.folder / "predictions.npz").unlink()
    for one in (fitted, fit(job.folder)):
        assert np.isin(one.target.round(9), targets).all()
        assert one.names == ("target",)
        recorded = json.loads((job.folder / "result.json").read_text())["metrics"]["best_test_rmse"]
        assert np.sqrt(np.mean((one.predicted - one.target) ** 2)) == pytest.approx(recorded, rel=1e-6)


def test_values_that_a_run_kept_are_taken_as_they_are(make_job: MakeJob) -> None:
    job = make_job("dataset=linear", "dataset.samples=100", "training.epochs=1", "model.hidden=[2]")
    train([job])
    count = len(job.config.dataset.load().test)
    said, right = np.arange(2.0 * count).reshape(count, 2), np.ones((count, 2))
    rewrite(job.folder, Predicted(said.astype(np.float32), right.astype(np.float32)))
    fitted = fit(job.folder)
    assert fitted.names == ("target_0", "target_1")
    np.testing.assert_array_equal(fitted.predicted, said)
    np.testing.assert_array_equal(fitted.target, right)


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
    with pytest.raises(UserError, match=r"^\S+/nowhere: result\.json is missing$"):
        diagnose(run / "nowhere")
    result.model_copy(update={"config": {"seed": []}}).write(run)
    words = r"its configuration cannot be read \(\d+ validation errors for Config"
    with pytest.raises(UserError, match=rf"^{run}: {words}"):
        diagnose(run)
    regression = make_job("dataset=linear", "dataset.samples=100", "training.epochs=1")
    train([regression])
    with pytest.raises(UserError, match="not a classification"):
        diagnose(regression.folder)
