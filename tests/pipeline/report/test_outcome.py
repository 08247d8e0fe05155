"""How runs ended, in the last lines of a command."""

from collections.abc import Callable
from pathlib import Path

from pipeline.report.build import build

WriteRun = Callable[..., Path]


def test_last_lines_say_what_is_best_and_what_went_wrong(tmp_path: Path, write_run: WriteRun) -> None:
    for number in range(3):
        write_run(tmp_path / "s" / str(number), 0.7 + 0.1 * number, optimizer__lr=0.1 + number)
    for number in range(3, 10):
        write_run(tmp_path / "s" / str(number), 0.1, status="diverged", message=f"loss is nan at step {number // 2}")
    lines: list[str] = []
    build([tmp_path / "s"], column=None, tell=lines.append)
    assert lines[0] == "best: learning rate 2.1 (run 2): validation accuracy 90.0 %, test accuracy 89.0 %"
    assert lines[1:] == [
        "diverged: run 3: loss is nan at step 1",
        "diverged: runs 4, 5: loss is nan at step 2",
        "diverged: runs 6, 7: loss is nan at step 3",
        "diverged: runs 8, 9: loss is nan at step 4",
    ]
    assert not (tmp_path / "s" / "report" / "paper").exists()
