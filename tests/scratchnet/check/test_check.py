"""The contracts hold for all that ships, and each is broken by the mistake that it is there for."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import forkserver
import pytest
from swish import SWISH
from torch import Tensor

import scratchnet as sn
from scratchnet import check
from scratchnet.check import Broken, Case
from scratchnet.check.__main__ import main
from scratchnet.initializers import INITIALIZERS
from scratchnet.layers import Elementwise, LayerNorm, Params, Saved

ROOT = Path(sn.__file__).parents[1]
AUTOGRAD, DIFFERENCES, STACK, NAN, SHAPE, PADDING = check.LAYERS


@pytest.mark.parametrize("contract", check.LOSSES.values(), ids=check.LOSSES)
@pytest.mark.parametrize("loss", [sn.CrossEntropy(), sn.CrossEntropy(0.1), sn.MeanSquaredError()], ids=str)
def test_losses_keep_their_contracts(loss: sn.Loss, contract: Callable[[sn.Loss], None]) -> None:
    contract(loss)


@pytest.mark.parametrize("contract", check.INITIALIZERS.values(), ids=check.INITIALIZERS)
@pytest.mark.parametrize("rule", INITIALIZERS.values(), ids=INITIALIZERS)
def test_initializers_keep_their_contracts(rule: Any, contract: Callable[[Any], None]) -> None:
    contract(rule())


@pytest.mark.parametrize("contract", check.SCHEDULES.values(), ids=check.SCHEDULES)
@pytest.mark.parametrize("schedule", [sn.Constant(), sn.Step(2), sn.Cosine(warmup=2), sn.OneCycle()], ids=str)
def test_schedules_keep_their_contracts(schedule: sn.Schedule, contract: Callable[[Any], None]) -> None:
    contract(schedule)


class Swish(Elementwise):
    def function(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x * x.sigmoid(), x

    def derivative(self, saved: Tensor) -> Tensor:
        s = saved.sigmoid()
        return s + saved * s * (1 - s)


class WrongSlope(Swish):
    def derivative(self, saved: Tensor) -> Tensor:
        return saved.sigmoid()


class AcrossRuns(Swish):
    """Divides by the largest number of all runs."""

    def function(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x / x.max(), x.max().expand_as(x)

    def derivative(self, saved: Tensor) -> Tensor:
        return 1 / saved


class SpreadsNaN(LayerNorm):
    """Right in every gradient as long as no run is NaN."""

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        y, saved = super().forward(params, x)
        return y + 0 * x.sum().detach(), saved


class Inplace(Swish):
    def backward(self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True) -> Any:
        (x,) = saved
        return dy.mul_(self.derivative(x)), {}


class Unchecked(sn.Layer):
    """y = 2 x, and broadcasts whatever it is given."""

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        return 2 * x, ()

    def backward(self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True) -> Any:
        return 2 * dy, {}


@dataclass(frozen=True)
class BadPadding(sn.Linear):
    """Adds to every unit, padded ones too, what a bias would."""

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        y, saved = super().forward(params, x)
        return y + 1, saved


@pytest.mark.parametrize(
    ("case", "broken"),
    [
        (Case(Swish(), (7,)), set()),
        (Case(WrongSlope(), (7,)), {AUTOGRAD, DIFFERENCES}),
        (Case(AcrossRuns(), (7,)), {AUTOGRAD, DIFFERENCES, STACK, NAN}),
        (Case(SpreadsNaN(7), (7,)), {NAN}),
        (Case(Inplace(), (7,)), set(check.LAYERS) - {PADDING}),
        (Case(Unchecked(), (7,)), {SHAPE}),
        (Case(BadPadding(7, 6), (7,), narrower=(BadPadding(7, 4),)), {PADDING}),
    ],
    ids=lambda value: type(value.layer).__name__ if isinstance(value, Case) else "",
)
def test_a_mistake_breaks_its_contracts_and_no_other(case: Case, broken: set[str]) -> None:
    faults = {}
    for name, contract in check.LAYERS.items():
        try:
            contract(case)
        except Broken as fault:
            faults[name] = str(fault)
    assert set(faults) == broken
    assert all("expected" in fault and "\n" not in fault for fault in faults.values())


MODULE = f"""{SWISH}

class Wrong(Swish):
    def derivative(self, saved):
        return saved.sigmoid()

class Detached(Swish):
    def function(self, x):
        return x.detach() ** 2, x

@dataclass(frozen=True)
class Gate(sn.Linear):
    width: int = 0
    more: int = 1

@dataclass(frozen=True)
class Needs(Swish):
    width: int

@dataclass(frozen=True)
class Warm(sn.Schedule):
    tau: float = 3.0
    def factor(self, step, steps_per_epoch, epochs):
        return 1 - torch.exp(-(step + 1) / (self.tau * steps_per_epoch))

class Batchwise(Warm):
    def factor(self, step, steps_per_epoch, epochs):
        return step / step.max()

def orthogonal(generator, fan_in, fan_out):
    q, _ = torch.linalg.qr(torch.randn(max(fan_in, fan_out), min(fan_in, fan_out), generator=generator).double())
    return q if fan_in >= fan_out else q.T

def careless(generator, fan_in, fan_out):
    return torch.randn(fan_in, fan_out)

number = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "my_parts.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "my_parts", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["my_parts:Swish"], 0, "my_parts:Swish: all contracts kept"),
        (["my_parts:Gate"], 0, "all contracts kept"),
        (["my_parts:Needs", "width=3"], 0, "all contracts kept"),
        (["my_parts:Warm", "tau=2.5"], 0, "all contracts kept"),
        (["my_parts:orthogonal"], 0, "all contracts kept"),
        (["scratchnet:CrossEntropy", "label_smoothing=0.1"], 0, "all contracts kept"),
        (["scratchnet:Patchify", "channels=2", "height=6", "width=9", "patch_size=3", "--shape", "108"], 0, "kept"),
        (["scratchnet:Dropout"], 0, "all contracts kept"),
        (["my_parts:Wrong"], 1, "my_parts:Wrong: 2 of 6 contracts broken"),
        (["my_parts:Detached"], 1, "it raised RuntimeError: "),
        (["my_parts:Batchwise"], 1, "broken  a step's factor follows from the step alone: the factors, step by step["),
        (
            ["my_parts:careless"],
            1,
            "broken  it is finite and in float64: the weight: expected torch.float64, got ",
        ),
    ],
)
def test_the_command_prints_a_line_a_contract(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, said: str
) -> None:
    assert main(arguments) == status
    out = capsys.readouterr().out
    assert said in out
    *lines, _ = out.splitlines()
    assert all(line.startswith(("kept    ", "broken  ")) for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Swish"], "Swish: not of the form module:name, such as my_layers:Swish"),
        (["my_part:Swish"], "my_part:Swish: no module my_part here or among what is installed; write my_part.py"),
        (["my_parts:Swash"], "has no attribute 'Swash'"),
        (["my_parts:Needs"], "my_parts:Needs: needs width; give width=5"),
        (["my_parts:Needs", "width"], "width: not of the form key=value"),
        (["my_parts:Needs", "weight=3", "width=3"], "making it raised TypeError"),
        (["my_parts:number"], "a int: neither a layer, a loss, a schedule nor a function that draws weights"),
        (["scratchnet:MeanOverPatches", "--shape", "7"], "x expected (R, B, P, F), got (R, B, 7); cut the input into"),
    ],
)
def test_what_cannot_be_tried_is_told_in_a_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(arguments) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert len(error.splitlines()) == 1
    assert said in error


def test_it_is_a_command_that_finds_parts_of_the_current_folder(folder: Path) -> None:
    for name, status in (("Swish", 0), ("Wrong", 1)):
        done = forkserver.run(folder, "scratchnet.check", [f"my_parts:{name}"], timeout=120)
        assert (done.returncode, done.stderr) == (status, "")
