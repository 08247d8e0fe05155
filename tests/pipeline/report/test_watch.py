"""The live page follows a sweep that trains, and disturbs nothing."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import ROOT, contents

from pipeline.errors import UserError
from pipeline.report import watch

WriteRun = Callable[..., Path]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens while the watch rests, one after the other; then somebody presses Ctrl-C."""
    happening: list[Callable[[], object]] = []

    def rest(seconds: float) -> None:
        assert seconds >= 5
        if not happening:
            raise KeyboardInterrupt
        happening.pop(0)()

    monkeypatch.setattr(watch.time, "sleep", rest)
    monkeypatch.setattr(watch.os, "nice", lambda more: more)
    return happening


def started(folder: Path) -> Path:
    """A run that training has planned and not begun."""
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "config.yaml").write_text("dataset: {name: square}\noptimizer: {lr: 0.5}\n")
    return folder


def test_page_follows_the_runs(
    tmp_path: Path, write_run: WriteRun, steps: list[Callable[[], object]], capsys: pytest.CaptureFixture[str]
) -> None:
    sweep, page = tmp_path / "s", tmp_path / "s" / "report" / "index.html"
    pages: list[str] = []

    def tell() -> None:
        pages.append(" ".join(page.read_text().split()))

    def train() -> None:
        write_run(sweep / "0", 0.8, optimizer__lr=0.1)
        source = write_run(tmp_path / "half", 0.5)
        (sweep / "1" / "history.csv").write_bytes((source / "history.csv").read_bytes())

    def end() -> None:
        tell()
        (sweep / "1" / "result.json").write_bytes((tmp_path / "half" / "result.json").read_bytes())

    started(sweep / "1")
    steps += [train, lambda: None, end, tell]
    assert watch.watch([sweep]) == page
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"watching {sweep}; stop with Ctrl-C"
    assert [line.split(" ", 1)[1] for line in lines[1:]] == [
        "no run has trained an epoch yet; waiting",
        f"1 of 2 runs have ended: {page}",
        f"2 of 2 runs have ended: {page}",
    ]
    assert "Still training: 1 run." in pages[0]
    assert "reloads every 10 seconds" in pages[0]
    assert ">training</td>" in pages[0]
    assert "could not be read in full" not in pages[0]
    assert 'class="live"' in pages[0]
    assert 'class="live"' not in pages[1]
    assert 'class="live"' not in page.read_text()


def test_nothing_but_the_report_is_written_while_runs_train(
    tmp_path: Path, write_run: WriteRun, steps: list[Callable[[], object]]
) -> None:
    write_run(tmp_path / "s" / "0")
    started(tmp_path / "s" / "1")
    before = contents(tmp_path / "s")
    seen: list[dict[str, bytes]] = []
    steps += [lambda: seen.append(contents(tmp_path / "s"))]
    watch.watch([tmp_path / "s"], tmp_path / "out")
    assert seen == [before]


def test_equal_folders_are_not_built_again(
    sweep: Path, steps: list[Callable[[], object]], capsys: pytest.CaptureFixture[str]
) -> None:
    steps += [lambda: None] * 3
    watch.watch([sweep])
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_no_run_up_to_the_end_is_said(tmp_path: Path, steps: list[Callable[[], object]]) -> None:
    with pytest.raises(UserError, match="no runs found"):
        watch.watch([tmp_path / "nowhere"])


@pytest.mark.slow
def test_ctrl_c_ends_it_with_one_line(sweep: Path) -> None:
    (sweep / "0" / "result.json").unlink()
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.report", str(sweep), "--watch"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(2)]
    page = sweep / "report" / "index.html"
    assert re.fullmatch(rf"\d\d:\d\d:\d\d 11 of 12 runs have ended: {re.escape(str(page))}\n", lines[1])
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=120)
    assert (process.returncode, out, error) == (0, f"report: {page}\n", "")
    assert json.loads((sweep / "1" / "result.json").read_text())["status"] == "finished"
