"""An identity changes with what computes the figures, and with nothing else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import scratchnet
from pipeline.runs._code import hash_of, training_files, what_computes
from pipeline.runs.identity import Identity, without_epochs
from pipeline.runs.job import Job

SOURCE = '''"""A layer."""

from dataclasses import dataclass
import torch


@dataclass(frozen=True)
class Half(Layer):
    """y = x / 2."""

    features: int = Field(default=3, description="a width")

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 2:
            raise ShapeError(f"expected two axes, got {x.ndim}")
        return x * 0.5  # exact
'''


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"""y = x / 2."""', '"""Halves its input."""'),
        ("  # exact", ""),
        ("import torch\n", "import torch\nimport math\n"),
        ("x: Tensor) -> Tensor", "x: torch.Tensor)"),
        ("features: int", "features: Count"),
        ("expected two axes", "two axes are needed"),
        ('"a width"', '"how wide the layer is"'),
        ("x * 0.5", "(x * 0.5)"),
        ("\n\n\n", "\n\n"),
    ],
)
def test_words_and_layout_do_not_count(before: str, after: str) -> None:
    assert before in SOURCE
    assert what_computes(SOURCE.replace(before, after)) == what_computes(SOURCE)


@pytest.mark.parametrize(
    ("before", "after"),
    [("0.5", "0.25"), ("x * 0.5", "x + 0.5"), ("frozen=True", "frozen=False"), ("default=3", "default=4"), ("!=", ">")],
)
def test_what_computes_counts(before: str, after: str) -> None:
    assert before in SOURCE
    assert what_computes(SOURCE.replace(before, after)) != what_computes(SOURCE)


def test_a_file_that_moves_does_not_count_and_a_new_one_does(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    here, there, new = tmp_path / "a.py", tmp_path / "deeper" / "b.py", tmp_path / "new.py"
    for path, text in ((here, SOURCE), (there, SOURCE), (new, "x = 1\n")):
        path.write_text(text)
    assert hash_of([here]) == hash_of([there])
    assert hash_of([here, new]) == hash_of([new, there]) != hash_of([here])


def test_every_file_that_trains_counts() -> None:
    """Whatever folders the engine has, and what builds and trains its networks; not its ways to other libraries."""
    files = {path.as_posix().partition("/pipeline/")[2] or path.name for path in training_files()}
    assert {"training/trainer.py", "config/assemble.py", "losses.py", "optimizers.py"} <= files
    engine = set(Path(scratchnet.__file__).parent.rglob("*.py"))
    left_out = {path.parent.name for path in engine - set(training_files())}
    assert left_out == {"interop", "sklearn", "check"}


@pytest.mark.parametrize(
    "override",
    ["training.predictions=false", "training.log_every=5", "report=false", "sweep.hours=2", "training.mixup=0.0"],
)
def test_what_changes_no_figure_does_not_count(make_job: Callable[..., Job], override: str) -> None:
    before, after = (Identity.of(make_job(*words).config, "data") for words in ((), (override,)))
    assert before == after
    assert before != Identity.of(make_job("training.mixup=0.1").config, "data")


def test_keys_that_came_later_do_not_count_at_their_defaults(make_job: Callable[..., Job]) -> None:
    """So that runs of earlier versions, which do not have them, are still the same runs."""
    training = json.loads(without_epochs(make_job().config))["training"]
    assert not {"mixup", "averaging", "predictions", "metrics", "class_weight"} & set(training)
    assert "batch_size" in training
