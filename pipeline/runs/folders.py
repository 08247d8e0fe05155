"""Which folders below a sweep's folder are runs."""

import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.files import HISTORY, RESULT
from pipeline.runs.problem import Problem

DEPTH = 8  # of folders in one another, as hydra.sweep.subdir=a/b makes them


def is_run(folder: Path) -> bool:
    """Whether `folder` is a run folder."""
    return any((folder / name).exists() for name in (RESULT, HISTORY, ".hydra"))


def holds_result(folder: Path) -> bool:
    """Whether a run in `folder` has trained an epoch or ended."""
    return any((folder / name).exists() for name in (RESULT, HISTORY))


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key that puts 10 after 9."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]


_REPORT = ("tables", "table.csv")  # in the folder of a report, the second before version 0.2


def run_folders(folder: Path, problems: list[Problem] | None = None, depth: int = DEPTH) -> Iterator[Path]:
    """The runs in a sweep's folder, at whatever depth, or the run itself; anything else is added to `problems`."""
    problems = [] if problems is None else problems
    try:
        if is_run(folder):
            yield folder
            return
        children = sorted(folder.iterdir(), key=lambda child: natural(child.name))
    except OSError as error:
        problems.append(Problem("unreadable", folder, f"cannot be read: {error.strerror or error}"))
        return
    for child in children:
        try:
            if not child.is_dir() or child.name.startswith("."):
                continue
            if (child / ".sweep").is_dir():
                problems.append(Problem("not_a_run", child, "a sweep of its own; give its folder as well"))
            elif child.name != "report" and not any((child / name).exists() for name in _REPORT):  # under another name
                yield from _below(child, problems, depth)
        except OSError as error:
            problems.append(Problem("unreadable", child, f"cannot be read: {error.strerror or error}"))


def _below(child: Path, problems: list[Problem], depth: int) -> Iterator[Path]:
    """The run, or the runs in its subfolders; a folder that holds none is one problem, whatever is in it."""
    inner: list[Problem] = []
    runs = list(run_folders(child, inner, depth - 1)) if depth > 1 or is_run(child) else []
    yield from runs
    if runs or any(problem.kind == "unreadable" for problem in inner):
        problems += inner
    else:
        problems.append(Problem("not_a_run", child, f"not a run folder: holds neither {RESULT} nor {HISTORY}"))
