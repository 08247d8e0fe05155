"""ONNX does what `predict` does from raw data to labels, whatever reader the data came by."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import yaml
from examples import write_csv
from new_data import KINDS

import pipeline
from pipeline.export import export, export_folder
from pipeline.runs.job import Job
from pipeline.training.trainer import Trainer

Trained = Callable[..., tuple[Path, Path, Job]]


def fed(session: onnxruntime.InferenceSession, frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Columns by their names, as the graph types them."""
    types = {given.name: object if given.type == "tensor(string)" else np.float64 for given in session.get_inputs()}
    names = {name: name if name in frame else name.removesuffix("_column") for name in types}
    texts = frame.astype(object).where(frame.notna(), "")
    return {name: (texts if kind is object else frame)[[names[name]]].to_numpy(kind) for name, kind in types.items()}


@pytest.mark.parametrize("more", [[], ["training.dtype=float64"]], ids=["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_reader(trained: Trained, kind: str, more: list[str]) -> None:
    run, path, job = trained(kind, *more)
    model, session = pipeline.load_model(run), onnxruntime.InferenceSession(str(export(run)))
    if model.header.columns:
        data: Any = pd.read_csv(path)
        inputs = fed(session, data)
    else:
        data = job.config.dataset.load().test.inputs
        [given] = session.get_inputs()
        assert given.type == ("tensor(uint8)" if data.dtype == np.uint8 else "tensor(float)")
        inputs = {"input": data if data.dtype == np.uint8 else data.astype(np.float32)}
    words = session.get_modelmeta().custom_metadata_map
    assert words["data"] == model.preprocessing.title != ""
    assert words["task"] == model.header.task
    if not model.class_names:
        [values] = session.run(None, inputs)
        np.testing.assert_allclose(values, model.predict(data), rtol=1e-5, atol=1e-4)
        assert json.loads(words["targets"]) == ["y", "z"]
        return
    p, labels = session.run(["probabilities", "label"], inputs)
    np.testing.assert_allclose(p, model.predict_proba(data), rtol=1e-4, atol=1e-6)
    assert (labels == model.predict(data)).mean() > 0.99  # ties may round to either side
    assert json.loads(words["class_names"]) == list(model.class_names)


def test_gaps_new_texts_and_names_of_the_graph(make_job: Callable[..., Job], tmp_path: Path) -> None:
    """Filled by the mean and by nothing, also in columns called as parts of the graph are."""
    rng = np.random.default_rng(0)
    columns: dict[str, list[Any]] = {
        "label": rng.normal(size=40).tolist(),
        "probabilities": [("u", "v", "w")[k % 3] for k in range(40)],
        "mean": rng.normal(1e6, 1, 40).tolist(),
        "0.weight": rng.normal(size=40).tolist(),
        "y": ["yes", "no"] * 20,
    }
    columns["label"][3] = ""
    path = write_csv(tmp_path / "odd.csv", columns)
    keys = [f"dataset.path={path}", "dataset.target=y", "dataset.missing=mean", "training.dtype=float64"]
    job = make_job("dataset=table", *keys, "training.epochs=2", "model.hidden=[4]")
    Trainer([job], job.config.dataset.load()).train()
    frame = pd.read_csv(path).drop(columns="y")
    frame.loc[5, ["label", "mean"]] = np.nan
    frame.loc[6, "probabilities"] = None
    frame.loc[7, "probabilities"] = "x"
    model, session = pipeline.load_model(job.folder), onnxruntime.InferenceSession(str(export(job.folder)))
    assert {given.name for given in session.get_inputs()} == {
        "label_column",
        "probabilities_column",
        "mean",
        "0.weight",
    }
    with pytest.warns(UserWarning, match="column probabilities has texts that training did not have"):
        expected = model.predict_proba(frame)
    [p] = session.run(["probabilities"], fed(session, frame))
    np.testing.assert_allclose(p, expected, rtol=1e-5, atol=1e-6)


def test_a_folder_to_hand_on(trained: Trained, tmp_path: Path) -> None:
    run, path, _ = trained("shapes", "dataset.title=Our shapes", "dataset.licence=CC0", "dataset.citation=We drew them")
    folder = export_folder(run, tmp_path / "handed" / "on")
    card = (folder / "README.md").read_text()
    for words in (
        "# Our shapes: ",
        "licence: CC0",
        "We drew them",
        "circle, cross, star",
        "python -m pipeline.predict",
    ):
        assert words in card
    assert str(tmp_path) not in card
    _, front, _ = card.split("---\n", 2)
    facts = yaml.safe_load(front)
    assert facts["pipeline_tag"] == "image-classification"
    measured = facts["model-index"][0]["results"][0]
    assert measured["dataset"]["name"] == "Our shapes"
    metrics = json.loads((run / "result.json").read_text())["metrics"]
    assert measured["metrics"][0]["value"] == metrics["best_test_accuracy"]
    np.testing.assert_array_equal(pipeline.load_model(folder).predict(path), pipeline.load_model(run).predict(path))
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    export_folder(run, folder)
    export_folder(folder, folder)
    assert (folder / "model.safetensors").read_bytes() == before["model.safetensors"]
