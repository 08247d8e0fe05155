"""`pipeline.load`: run folders as data frames, without the engine."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from commands import ROOT
from written import write_run

import pipeline
from pipeline.errors import UserError
from pipeline.runs.read import Collected


def test_runs_and_history_are_tidy(tmp_path: Path) -> None:
    for number, lr in enumerate((0.1, 0.3)):
        write_run(tmp_path / "s" / str(number), 0.8 + 0.1 * number, optimizer__lr=lr, model__hidden=[8, 4])
    collected = pipeline.load(tmp_path / "s")
    assert isinstance(collected, Collected)
    assert list(collected.runs["run"]) == ["0", "1"]
    assert collected.runs["config.optimizer.lr"].dtype == float
    assert pd.api.types.is_integer_dtype(collected.runs["config.seed"])
    assert list(collected.runs["config.model.hidden"]) == ["[8,4]"] * 2
    assert len(collected.history) == 2 * 4
    best = collected.history.groupby("run")["validation_accuracy"].max()
    assert list(best) == list(collected.runs["metric.best_validation_accuracy"])
    merged = collected.history.merge(collected.runs, on="run")
    assert len(merged) == len(collected.history)
    assert merged.groupby("config.optimizer.lr").size().to_dict() == {0.1: 4, 0.3: 4}


def test_a_word_for_a_folder_and_several_of_them(tmp_path: Path) -> None:
    write_run(tmp_path / "a" / "0")
    write_run(tmp_path / "b" / "0")
    assert list(pipeline.load(str(tmp_path / "a"), tmp_path / "b").runs["run"]) == ["a/0", "b/0"]


def test_what_cannot_be_read_is_warned_of(tmp_path: Path) -> None:
    write_run(tmp_path / "s" / "0")
    (tmp_path / "s" / "1").mkdir()
    (tmp_path / "s" / "1" / "history.csv").write_text("")
    with pytest.warns(UserWarning, match="could not be read in full"):
        collected = pipeline.load(tmp_path / "s")
    assert {problem.place.name for problem in collected.problems} == {"1"}
    with pytest.raises(UserError, match="no runs found"):
        pipeline.load(tmp_path / "nowhere")


def test_neither_torch_nor_matplotlib_is_imported(tmp_path: Path) -> None:
    write_run(tmp_path / "s" / "0")
    code = (
        "import sys, pipeline\n"
        "assert 'pandas' not in sys.modules\n"
        f"assert len(pipeline.load({str(tmp_path / 's')!r}).runs) == 1\n"
        "assert not {'torch', 'matplotlib', 'scipy', 'sklearn'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_what_was_written_is_what_is_loaded(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "s" / "0", epochs=5)
    loaded = pipeline.load(tmp_path / "s").history.drop(columns="run")
    pd.testing.assert_frame_equal(loaded, pd.read_csv(folder / "history.csv").astype(float))
