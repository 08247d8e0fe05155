"""A run's network read back, as torch has it, and by readers that know nothing of this code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import torch
from safetensors.torch import load_file, save_file
from trained import normalised

import pipeline
import scratchnet as sn
from pipeline.config.assemble import build_examples
from pipeline.errors import UserError
from pipeline.runs.job import Job
from pipeline.runs.model import load_model
from pipeline.training.trainer import Trainer

MakeJob = Callable[..., Job]


def test_a_run_is_read_back_and_goes_to_torch(trainer: Trainer) -> None:
    job, stack = trainer.jobs[0], trainer.stack
    dataset = job.config.dataset.load()
    model = pipeline.load_model(job.folder)
    x = normalised(trainer)
    [values] = stack.groups
    expected = values.network.forward(values.params, x.unsqueeze(0))[0][0]
    tight = 1e-12 if stack.dtype == torch.float64 else 1e-6
    torch.testing.assert_close(model.outputs(dataset.test.inputs), expected, rtol=tight, atol=tight)
    assert model.network == values.network
    assert (model.input_shape, model.class_names) == (dataset.test.inputs.shape[1:], dataset.class_names)
    assert model.header.task == dataset.task
    assert model.header.epoch == 1
    examples = build_examples(job.config, dataset, dataset.test)
    assert torch.equal(model.mean, examples.mean)
    assert torch.equal(model.std, examples.std)
    raw = torch.from_numpy(dataset.test.inputs)
    tight = 1e-12 if stack.dtype == torch.float64 else 1e-5
    torch.testing.assert_close(stack.predict(x)[0], expected, rtol=tight, atol=tight)
    with torch.no_grad():
        torch.testing.assert_close(model.to_torch()(raw), expected, rtol=tight, atol=tight)
        rows = model.to_torch(normalise=False)(x)
    torch.testing.assert_close(rows, expected, rtol=tight, atol=tight)
    rates = {name: rate for name, rate in vars(stack.runs[0].settings).items() if "dropout" in name and rate}
    assert sn.from_torch(model.to_torch(normalise=False)).settings == rates


def test_the_file_can_be_read_without_this_code(make_job: MakeJob) -> None:
    """What docs/models.md says of the file, done with numpy alone."""
    job = make_job("model.hidden=[6]", "training.epochs=1")
    trainer = Trainer([job], job.config.dataset.load())
    trainer.train()
    with safetensors.safe_open(job.folder / "model.safetensors", "np") as file:
        [text] = file.metadata().values()
        header, tensors = json.loads(text), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert header["format"] == 1
    images = job.config.dataset.load().test.inputs
    channels = np.array(header["inputs"]["mean"]).reshape(-1, 1, 1), np.array(header["inputs"]["std"]).reshape(-1, 1, 1)
    assert list(images.shape[1:]) == header["inputs"]["shape"]
    x = ((images - channels[0]) / channels[1]).reshape(len(images), -1)
    for i, layer in enumerate(header["network"]["layers"]):
        if layer["layer"] == "Linear":
            assert tensors[f"{i}.weight"].shape == (layer["in_features"], layer["out_features"])
            x = x @ tensors[f"{i}.weight"] + tensors[f"{i}.bias"]
        else:
            assert layer == {"layer": "ReLU"}
            x = np.maximum(x, 0)
    np.testing.assert_allclose(x, trainer.stack.predict(normalised(trainer))[0], rtol=1e-4, atol=1e-4)
    assert x.shape[1] == len(header["class_names"]) == 10
    metrics = json.loads((job.folder / "result.json").read_text())["metrics"]
    labels = job.config.dataset.load().test.targets
    assert (x.argmax(1) == labels).mean() == pytest.approx(metrics["best_test_accuracy"], abs=0.002)


def test_a_file_without_header_is_read_by_the_configuration(trainer: Trainer) -> None:
    folder = trainer.jobs[0].folder
    new = load_model(folder)
    save_file(load_file(folder / "model.safetensors"), folder / "model.safetensors", {"epoch": "1"})
    old = load_model(folder)
    assert (old.network, old.header) == (new.network, new.header)
    assert all(torch.equal(old.params[name], value) for name, value in new.params.items())


def test_inputs_of_another_shape_are_refused(make_job: MakeJob) -> None:
    job = make_job("model.hidden=[2]", "training.epochs=1", "dataset.validation_fraction=0.9")
    Trainer([job], job.config.dataset.load()).train()
    model = load_model(job.folder)
    assert model.outputs(np.zeros((0, 1, 28, 28), np.uint8)).shape == (0, 10)
    flat = np.random.default_rng(0).integers(0, 256, (3, 784), np.uint8)
    assert torch.equal(model.outputs(flat), model.outputs(flat.reshape(3, 1, 28, 28)))
    for shape in ((3, 28, 28, 1), (3, 783), (784,), (3, 1)):
        with pytest.raises(sn.ShapeError, match=r"expected inputs \(N, 1, 28, 28\) or flat rows, got"):
            model.outputs(np.zeros(shape))


def test_arrays_of_any_kind_are_read_as_what_they_hold_or_refused(make_job: MakeJob) -> None:
    job = make_job("model.hidden=[2]", "training.epochs=1", "dataset.validation_fraction=0.9")
    Trainer([job], job.config.dataset.load()).train()
    model = load_model(job.folder)
    x = np.random.default_rng(0).integers(0, 256, (3, 784)).astype(np.float64)
    expected = model.outputs(x)
    for same in (x[::-1][::-1], x.astype(">f8"), x.astype(">i4"), np.ma.masked_array(x), x[:, ::-1].copy()[:, ::-1]):
        assert torch.equal(model.outputs(same), expected)
        np.testing.assert_array_equal(model.predict(same), model.predict(x))
    masked = np.ma.masked_equal(x, x[0, 0])
    for wrong in (x + 1j, x.astype(str), torch.from_numpy(x + 1j), masked):
        for call in (model.outputs, model.predict):
            with pytest.raises(UserError, match=r"inputs of type .*; give numbers|numbers are masked; fill") as told:
                call(wrong)
            assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: (f / "model.safetensors").unlink(), r": holds no model\.safetensors; give the folder of a run that"),
        (lambda f: (f / "model.safetensors").write_bytes(b"12"), r"model\.safetensors: cannot be read \("),
        (
            lambda f: save_file({}, f / "model.safetensors", {"scratchnet": '{"format":2}'}),
            r"cannot be read \(.*format",
        ),
        (
            lambda f: save_file({"a": torch.zeros(1)}, f / "model.safetensors", load_text(f)),
            "its tensors do not match its network",
        ),
        (
            lambda f: (
                save_file(load_file(f / "model.safetensors"), f / "model.safetensors"),
                (f / "result.json").write_text("{}"),
            ),
            r"cannot be read \(no header, and result\.json does not describe a run",
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(
    make_job: MakeJob, change: Callable[[Path], object], message: str
) -> None:
    job = make_job("dataset=patterns", "dataset.samples=100", "model.hidden=[2]", "training.epochs=1")
    Trainer([job], job.config.dataset.load()).train()
    change(job.folder)
    with pytest.raises(UserError, match=message) as caught:
        load_model(job.folder)
    assert "\n" not in str(caught.value)


def load_text(folder: Path) -> dict[str, str]:
    with safetensors.safe_open(folder / "model.safetensors", "pt") as file:
        metadata: dict[str, str] = file.metadata()
        return metadata


def altered(folder: Path, **changes: Any) -> None:
    """Rewrite the header with these keys changed; a dotted key is one within another."""
    header = json.loads(load_text(folder)["scratchnet"])
    for key, value in changes.items():
        *path, last = key.split("__")
        place = header
        for name in path:
            place = place[int(name) if name.isdecimal() else name]
        place[last] = value
    save_file(load_file(folder / MODEL), folder / MODEL, {"scratchnet": json.dumps(header)})


def tensors(folder: Path, **changes: Any) -> None:
    """Rewrite the file with these tensors in the place of others."""
    header, params = load_text(folder), load_file(folder / MODEL)
    save_file(params | {name.replace("_", "."): value for name, value in changes.items()}, folder / MODEL, header)


MODEL = "model.safetensors"
NAN = float("nan")
ALTERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "NaN in a weight": (lambda f: tensors(f, **{"0_bias": torch.tensor([NAN, 0.0])}), r"0\.bias holds NaN or infinity"),
    "another shape": (lambda f: tensors(f, **{"0_bias": torch.zeros(3)}), r"0\.bias is of shape \(3,\), but"),
    "a bias to broadcast": (lambda f: tensors(f, **{"0_bias": torch.zeros(1)}), r"0\.bias is of shape \(1,\), but"),
    "one more tensor": (lambda f: tensors(f, more=torch.zeros(1)), "tensors do not match its network"),
    "whole numbers": (lambda f: tensors(f, **{"0_bias": torch.zeros(2, dtype=torch.int64)}), "expected F32 or F64"),
    "mixed types": (lambda f: tensors(f, **{"0_bias": torch.zeros(2, dtype=torch.float64)}), "expected F32 or F64"),
    "no deviation": (lambda f: altered(f, inputs__std=[0.0]), r"inputs\.std has 0; expected numbers above 0"),
    "a negative deviation": (lambda f: altered(f, inputs__std=[-1.0]), r"inputs\.std has -1"),
    "NaN for a mean": (lambda f: altered(f, inputs__mean=[NAN]), "mean"),
    "infinity for a mean": (lambda f: altered(f, inputs__mean=[float("inf")]), "mean"),
    "means of others": (lambda f: altered(f, inputs__mean=[0.0] * 3), r"3 numbers for inputs\.mean"),
    "no mean": (lambda f: altered(f, inputs__mean=[]), r"0 numbers for inputs\.mean"),
    "other inputs": (lambda f: altered(f, inputs__shape=[3]), "x expected"),
    "immense inputs": (lambda f: altered(f, inputs__shape=[2**40]), "inputs of shape"),
    "inputs of four axes": (lambda f: altered(f, inputs__shape=[1, 1, 1, 2]), "inputs of shape"),
    "inputs of no size": (lambda f: altered(f, inputs__shape=[0]), "inputs.shape"),
    "a class too few": (lambda f: altered(f, class_names=["a"]), "1 class names for"),
    "a class twice": (lambda f: altered(f, class_names=["a", "a"]), "a class name stands there twice"),
    "another task": (lambda f: altered(f, task="regression"), "of a regression"),
    "no task": (lambda f: altered(f, task="clustering"), "task"),
    "immense layers": (lambda f: altered(f, network__layers__0__out_features=2**50), r"expected a finite number below"),
    "negative layers": (lambda f: altered(f, network__layers__0__out_features=-2), r"0\.weight is of shape"),
    "half a unit": (lambda f: altered(f, network__layers__0__out_features=2.0), r"0\.weight is of shape"),
    "text for a size": (lambda f: altered(f, network__layers__0__out_features="2"), r"0\.weight is of shape"),
    "an unknown layer": (lambda f: altered(f, network__layers__0__layer="Attention"), "describes no layer"),
    "no layers": (lambda f: altered(f, network__layers=[]), "no Sequential of layers"),
    "a layer alone": (lambda f: altered(f, network={"layer": "ReLU"}), "no Sequential of layers"),
    "a network of text": (lambda f: altered(f, network="deep"), "network"),
    "a dropout above 1": (lambda f: altered(f, settings={"dropout": 1.5}), "dropout"),
    "an unknown setting": (lambda f: altered(f, settings={"speed": 1.0}), "speed"),
    "other class values": (lambda f: altered(f, preprocessing__class_values=["1"]), "1 class values for"),
    "no such type": (lambda f: altered(f, preprocessing__dtype="int8"), "dtype"),
    "no header": (lambda f: save_file(load_file(f / MODEL), f / MODEL, {"scratchnet": "[]"}), "header"),
    "half a file": (lambda f: (f / MODEL).write_bytes((f / MODEL).read_bytes()[:-3]), "cannot be read"),
    "a flipped length": (lambda f: (f / MODEL).write_bytes(b"\xff" + (f / MODEL).read_bytes()[1:]), "cannot be read"),
    "a foreign file": (lambda f: save_file({"w": torch.zeros(2)}, f / MODEL, {"format": "pt"}), "cannot be read"),
    "a folder": (lambda f: ((f / MODEL).unlink(), (f / MODEL).mkdir()), "holds no model"),
}


@pytest.fixture
def small(make_job: MakeJob) -> Path:
    job = make_job("dataset=patterns", "dataset.samples=100", "model.hidden=[2]", "training.epochs=1")
    Trainer([job], job.config.dataset.load()).train()
    return job.folder


@pytest.mark.parametrize("case", ALTERED)
def test_altered_files_are_refused_in_one_line(small: Path, case: str) -> None:
    change, message = ALTERED[case]
    change(small)
    with pytest.raises(UserError, match=message) as caught:
        load_model(small)
    assert "\n" not in str(caught.value)
    assert str(small) in str(caught.value)
