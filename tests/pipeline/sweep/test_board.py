"""Progress counts what moves: fractions of epochs, and never backwards or past the end."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.runs.job import Job
from pipeline.sweep import _workers
from pipeline.sweep.board import Board, _rate


@pytest.mark.parametrize(
    ("text", "epochs"),
    [
        ("1.5", [1.5, 1.5, 0.0]),
        ("3.2", [3.2, 2.0, 0.0]),
        ("", [0.0, 0.0, 0.0]),
        ("1.", [1.0, 1.0, 0.0]),
        ("x", [0] * 3),
    ],
)
def test_a_file_beside_the_state_says_how_far_its_runs_are(
    make_job: Callable[..., Job], tmp_path: Path, text: str, epochs: list[float]
) -> None:
    jobs = [make_job(f"training.epochs={length}") for length in (4, 2, 4)]
    board = Board(jobs, "off", within={tmp_path / "0.epochs": [0, 1], tmp_path / "none": [2]})
    (tmp_path / "0.epochs").write_text(text)
    board._read_within()
    assert board.epochs == epochs
    (tmp_path / "0.epochs").write_text("0.1")
    board._read_within()
    assert board.epochs == [max(value, 0.1) if i < 2 else 0.0 for i, value in enumerate(epochs)]


def test_it_is_written_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(_workers.time, "monotonic", lambda: now[0])
    write, path = _workers._writer(tmp_path / "0.epochs"), tmp_path / "0.epochs"
    write(0.1)
    assert not path.exists()
    now[0] = 0.6
    write(0.2)
    write(0.3)
    assert path.read_text() == "0.200"
    _workers._writer(tmp_path / "no" / "folder")(1.0)  # costs nothing


@pytest.mark.parametrize(
    ("epochs", "words"), [(0, "starting"), (50, "5.0 epochs/s"), (10, "1.0 epochs/s"), (0.5, "20.0 s/epoch")]
)
def test_the_rate_of_slow_epochs_is_their_length(epochs: float, words: str) -> None:
    assert _rate(epochs, 10) == words


def test_a_pipe_in_the_place_of_that_file_is_not_waited_for(make_job: Callable[..., Job], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0.epochs")
    board = Board([make_job("training.epochs=4")], "off", within={tmp_path / "0.epochs": [0]})
    board._read_within()
    assert board.epochs == [0.0]
