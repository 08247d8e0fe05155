"""Progress counts what moves: fractions of epochs, and never backwards or past the end."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.runs.job import Job
from pipeline.sweep import _workers
from pipeline.sweep import board as board_module
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


def test_what_takes_long_to_read_is_read_less_often(
    make_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    now, reads, shown, took = [0.0], list[float](), list[float](), [0.001, 0.1, 2.0, 0.0]

    class Stop:
        def wait(self, seconds: float) -> bool:
            now[0] += seconds
            return not took

    def read(board: Board) -> None:
        reads.append(now[0])
        now[0] += took.pop(0)

    monkeypatch.setattr(board_module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(Board, "_read_histories", read)
    monkeypatch.setattr(Board, "_display", lambda board: shown.append(now[0]))
    board = Board([make_job()], "off")
    monkeypatch.setattr(board, "_stop", Stop())
    board._follow()
    waits = [later - earlier for earlier, later in itertools.pairwise(reads)]
    assert waits == pytest.approx([0.501, 2.1, 42.0], abs=0.51)  # 21 times as long as the reading, or the next look
    assert len(shown) > 80  # what is within an epoch goes on to be shown
