"""docs/using.md: its commands and its Python, one after the other, on a sweep of a user's table."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import NO_REPORT, ended
from documents import DOCS, tried
from examples import write_iris

from pipeline.export.__main__ import main as export
from pipeline.predict.__main__ import main as predict

PAGE = DOCS / "using.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?:^    .*\n)(?:^(?:    .*)?\n)*", TEXT, re.MULTILINE)
COMMANDS = tried(PAGE)
MAINS: dict[str, Callable[[list[str]], int]] = {"pipeline.predict": predict, "pipeline.export": export}


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_iris(tmp_path / "new.csv")
    write_iris(tmp_path / "more.csv")
    table = ["dataset=table", "dataset.path=new.csv", "dataset.target=species", "training.epochs=1"]
    ended(tmp_path, *table, "hydra.run.dir=outputs/mine/0", NO_REPORT)
    return tmp_path / "outputs" / "mine"


def test_commands_and_python(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(COMMANDS) == 4
    for command in COMMANDS:
        words = shlex.split(command)
        assert MAINS[words[2]](words[3:]) == 0, capsys.readouterr().err
    folder = sweep.parents[1]
    assert sorted(path.name for path in (folder / "iris-model").iterdir()) == [
        "README.md",
        "model.onnx",
        "model.safetensors",
    ]
    assert len(pd.read_parquet(folder / "predictions.parquet")) == 300
    card = (folder / "iris-model" / "README.md").read_text()
    assert "\n# new: " in card
    assert "fashion" not in card.lower()
    assert str(folder) not in card
    frame = pd.read_csv("new.csv").drop(columns="species")
    python = [block for block in BLOCKS if "import pipeline" in block or "onnxruntime" in block]
    names: dict[str, Any] = {"frame": frame, "array": frame.to_numpy()}
    for block in python:
        exec("\n".join(line[4:] for line in block.splitlines()), names)
    np.testing.assert_array_equal(names["label"], names["model"].predict(frame))


def test_the_estimators_take_what_is_shown() -> None:
    from sklearn.datasets import load_iris
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    [block] = [block for block in BLOCKS if "GridSearchCV" in block]
    X, y = load_iris(return_X_y=True)
    names = {"X": X, "y": y, "GridSearchCV": GridSearchCV, "make_pipeline": make_pipeline}
    code = [line[4:] for line in block.splitlines() if not line.startswith("    pip ")]
    exec("\n".join(code), names | {"StandardScaler": StandardScaler})
