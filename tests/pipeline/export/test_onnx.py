"""ONNX files do what the engine does: run by onnxruntime."""

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import nets, outputs, trained
from trained import normalised

import scratchnet as sn
from pipeline.errors import UserError
from pipeline.export import export
from pipeline.export.__main__ import main
from pipeline.export.onnx import IR_VERSION, OPSET, Graph, _add, to_onnx
from pipeline.runs.job import Job
from pipeline.runs.model import Header, Inputs, TrainedModel
from pipeline.training.trainer import Trainer
from scratchnet import interop

MakeJob = Callable[..., Job]
ROOT = Path(__file__).parents[3]


def session(model: onnx.ModelProto | Path) -> onnxruntime.InferenceSession:
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    return onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])


def test_a_run_gives_what_its_stack_predicts(trainer: Trainer) -> None:
    folder, dataset = trainer.jobs[0].folder, trainer.jobs[0].config.dataset.load()
    path = export(folder)
    assert path == folder / "model.onnx"
    expected = trainer.stack.predict(normalised(trainer))[0].numpy()
    runner = session(path)
    [read] = runner.get_inputs()
    images = dataset.image_shape is not None
    assert (read.name, read.type) == ("input", "tensor(uint8)" if images else "tensor(float)")
    assert read.shape == ["batch", *dataset.test.inputs.shape[1:]]
    raw = dataset.test.inputs if images else dataset.test.inputs.astype(np.float32)
    for rows in (len(raw), 1):  # the batch is dynamic
        actual = runner.run(None, {"input": raw[:rows]})
        np.testing.assert_allclose(actual[0], expected[:rows], rtol=1e-5, atol=1e-5)
    names = [output.name for output in runner.get_outputs()]
    if dataset.task == "regression":
        assert names == ["values"]
    else:
        assert names == ["logits", "probabilities", "label"]
        [probabilities] = runner.run(["probabilities"], {"input": raw})
        np.testing.assert_allclose(probabilities, torch.tensor(expected).softmax(1).numpy(), rtol=1e-4, atol=1e-5)
    inside = runner.get_modelmeta().custom_metadata_map["scratchnet"]
    assert json.loads(inside)["class_names"] == list(dataset.class_names)

    inner = session(export(folder, folder / "rows.onnx", normalise=False))
    assert inner.get_inputs()[0].shape == ["batch", math.prod(dataset.test.inputs.shape[1:])]
    [actual] = inner.run(names[:1], {"input": normalised(trainer).float().numpy()})
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@given(nets(), st.sampled_from([torch.float32, torch.float64]), st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_every_network_gives_what_the_engine_does(
    case: tuple[sn.Sequential, tuple[int, ...]], dtype: torch.dtype, seed: int
) -> None:
    network, shape = case
    mean, std = [100.0 + i for i in range(shape[0])], [50.0 + i for i in range(shape[0])]
    header = Header(
        task="regression",
        network=interop.describe(network),
        settings={},
        inputs=Inputs(shape=list(shape), mean=mean if len(shape) == 3 else mean[:1], std=std[:1]),
        class_names=[],
    )
    model = TrainedModel(network, trained(network, dtype, seed), header)
    rng = np.random.default_rng(seed)
    raw = rng.integers(0, 256, (3, *shape), np.uint8)
    expected = model.outputs(raw).numpy()
    source = raw if len(shape) == 3 else raw.astype(np.float32)
    tight = 1e-5 * max(1.0, np.abs(expected).max())
    [actual] = session(to_onnx(model)).run(["values"], {"input": source})
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tight)
    rows = rng.standard_normal((3, math.prod(shape))).astype(np.float32)
    [actual] = session(to_onnx(model, normalise=False)).run(["values"], {"input": rows})
    expected = outputs(network, model.params, torch.from_numpy(rows).to(dtype)).numpy()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5 * max(1.0, np.abs(expected).max()))


def test_the_command_writes_a_file_that_others_read(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job("dataset=patterns", "dataset.samples=100", "model.hidden=[2]", "training.epochs=1")
    Trainer([job], job.config.dataset.load()).train()
    command = [sys.executable, "-m", "pipeline.export", str(job.folder), "--out", str(tmp_path / "net.onnx")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path / 'net.onnx'}\n"
    read = onnx.load(tmp_path / "net.onnx")
    onnx.checker.check_model(read, full_check=True)
    assert [(entry.domain, entry.version) for entry in read.opset_import] == [("", OPSET)] == [("", 17)]
    assert read.ir_version == IR_VERSION
    assert {number.name for number in read.graph.initializer} >= {"0.weight", "0.bias", "2.weight", "2.bias"}
    first = (tmp_path / "net.onnx").read_bytes()
    assert main([str(job.folder), "--out", str(tmp_path / "net.onnx")]) == 0
    assert (tmp_path / "net.onnx").read_bytes() == first


def test_mistakes_end_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, make_job: MakeJob
) -> None:
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"{tmp_path}: holds no model.safetensors; give the folder of a run")
    job = make_job("dataset=patterns", "dataset.samples=100", "model.hidden=[2]", "training.epochs=1")
    Trainer([job], job.config.dataset.load()).train()
    assert main([str(job.folder), "--out", str(tmp_path / "none" / "net.onnx")]) == 1
    error = capsys.readouterr().err
    assert error == f"{tmp_path / 'none' / 'net.onnx'}: cannot be written (No such file or directory); " + (
        "give another file with --out\n"
    )
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "pipeline.export.onnx")
    assert main([str(job.folder)]) == 1
    assert (
        capsys.readouterr().err
        == "python -m pipeline.export: the package onnx is missing; pip install 'scratchnet-sweeps[onnx]'\n"
    )


def test_a_layer_from_elsewhere_adds_its_own_operators() -> None:
    class Doubled(sn.ReLU):  # whose operator it must not inherit
        pass

    class Soft(Doubled):
        def to_onnx(self, graph: Graph, x: str, place: str) -> str:
            return graph.add("Softplus", x)

    graph = Graph({})
    with pytest.raises(
        UserError, match=r"to_onnx: .* has no operator; give its class a method to_onnx\(self, graph, x"
    ):
        _add(sn.Sequential((Doubled(),)), graph, "input", "")
    assert _add(sn.Sequential((Soft(),)), graph, "input", "") == "Softplus_0"


def test_one_logit_for_two_classes_is_given_as_two(make_job: MakeJob) -> None:
    job = make_job("dataset=square", "dataset.samples=80", "training.loss=binary_cross_entropy", "training.epochs=1")
    trainer = Trainer([job], job.config.dataset.load())
    trainer.train()
    [z] = trainer.stack.predict(normalised(trainer)).double().numpy()
    assert z.shape[1] == 1
    raw = trainer.dataset.test.inputs.astype(np.float32)
    logits, probabilities = session(export(job.folder)).run(["logits", "probabilities"], {"input": raw})
    np.testing.assert_allclose(logits, np.hstack([0 * z, z]), rtol=1e-5, atol=1e-5)
    likely = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(probabilities, np.hstack([1 - likely, likely]), rtol=1e-5, atol=1e-6)


def test_labels_have_a_probability_each() -> None:
    network = sn.Sequential((sn.Linear(3, 4),))
    params = trained(network, torch.float32, 1)
    inputs = Inputs(shape=[3], mean=[0.0], std=[1.0])
    names = ["sky", "sea", "car", "tree"]
    header = Header(task="multilabel", network=interop.describe(network), settings={}, inputs=inputs, class_names=names)
    model = TrainedModel(network, params, header)
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    logits, probabilities = session(to_onnx(model)).run(["logits", "probabilities"], {"input": x})
    np.testing.assert_allclose(logits, model.outputs(x).numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(probabilities, 1 / (1 + np.exp(-logits)), rtol=1e-5)
    np.testing.assert_allclose(probabilities, model.probabilities(x).numpy(), rtol=1e-5)
