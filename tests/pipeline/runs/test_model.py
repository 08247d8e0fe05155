"""A run's network read back, as torch has it, and by readers that know nothing of this code."""

import json
from collections.abc import Callable
from pathlib import Path

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
