"""Parts of a user's folder, from the command to workers, identity, report, model and export."""

import json
import sys
from pathlib import Path

import pytest
from commands import NO_REPORT, figures, pipeline
from swish import SWISH

from pipeline import load_model
from pipeline.errors import UserError

LAYERS = f"""{SWISH}
class Flat(Swish):
    def function(self, x):
        return x.sum(-1), x
class Raises(Swish):
    def function(self, x):
        return x.swish(), x
def tall(generator, fan_in, fan_out):
    return generator
"""
SCHEDULE = """
from dataclasses import dataclass
import scratchnet as sn
@dataclass(frozen=True)
class Halving(sn.Schedule):
    every: int
    def factor(self, step, steps_per_epoch, epochs):
        return 0.5 ** (step // (steps_per_epoch * self.every))
"""
COMMON = ["-m", "dataset=square", "dataset.samples=200", "training.epochs=1", "model.hidden=[4]", "sweep.name=s"]
COMMON += [NO_REPORT]
SWEPT = "model.activation=my_layers:Swish,relu"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my_layers.py").write_text(LAYERS)
    (tmp_path / "my_schedules.py").write_text(SCHEDULE)
    return tmp_path


def test_workers_find_it_and_its_code_is_part_of_what_a_run_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, _ = pipeline(folder, *COMMON, SWEPT, "hydra.launcher.workers=2")
    plan = "2 runs: 2 to train in 2 stacks on 2 processes, 1 by the plain kernel (compiled: it has no Swish)"
    assert out[0] == f"{plan} -> outputs/s"
    before = figures(folder / "outputs" / "s")
    assert [run[0] for run in before.values()] == ["finished"] * 2
    results = [json.loads((folder / "outputs" / "s" / run / "result.json").read_text()) for run in ("0", "1")]
    assert ["parts" in result["identity"] for result in results] == [True, False]
    assert [result["provenance"]["kernel"] for result in results] == ["plain", "compiled"]

    (folder / "my_layers.py").write_text(f"# a comment changes no figure\n{LAYERS}")
    out, _ = pipeline(folder, *COMMON, SWEPT)
    assert out[0].startswith("2 runs, 2 finished before: nothing to train")
    (folder / "my_layers.py").write_text(LAYERS.replace("x * x.sigmoid()", "2 * x * x.sigmoid()"))
    _, error = pipeline(folder, *COMMON, SWEPT, status=1)
    assert len(error) == 1
    assert "the code of its own parts of 1 run (0) changed since they were trained" in error[0]

    monkeypatch.chdir(folder)
    model = load_model("outputs/s/0")
    assert type(model.network.layers[1]).__name__ == "Swish"
    (folder / "my_layers.py").unlink()
    monkeypatch.delitem(sys.modules, "my_layers")
    monkeypatch.chdir(folder / "outputs")
    with pytest.raises(UserError, match=r"s/0/model.safetensors: layer=my_layers:Swish: no module my_layers in"):
        load_model("s/0")


def test_a_schedule_is_a_choice_whose_fields_are_keys(folder: Path) -> None:
    out, _ = pipeline(folder, *COMMON, "schedule=my_schedules:Halving", "schedule.every=1,2", "sweep.dry_run=true")
    assert out[0].startswith("2 runs: 2 to train")
    _, error = pipeline(folder, *COMMON, "schedule=constant,my_schedules:Halving", status=1)
    assert len(error) == 1
    assert error[0].startswith("schedule.every: missing; give schedule.every=… (in 1 of 2 jobs: 1)")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        (
            "model.activation=my_layers:Flat",
            "Flat: y expected (1, 2, 3) floating, got (1, 2) torch.float32; correct",
        ),
        (
            "model.activation=my_layers:Raises",
            "raised AttributeError: 'Tensor' object has no attribute 'swish' (my",
        ),
        ("model.initializer=my_layers:tall", "the weight expected (3, 5) floating, got Generator; correct its shape"),
        ("schedule=my_schedules:Halv", "has no Halv; it has dataclass, sn, Halving"),
    ],
)
def test_a_part_that_cannot_work_is_refused_before_anything_is_written(folder: Path, override: str, said: str) -> None:
    _, error = pipeline(folder, *COMMON, override, status=1)
    assert len(error) == 1
    assert said in error[0]
    assert not (folder / "outputs").exists()
