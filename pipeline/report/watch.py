"""A live page: the report is rebuilt whenever run folders change, until Ctrl-C."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pipeline.errors import UserError
from pipeline.files import HISTORY, RESULT
from pipeline.report.build import build
from pipeline.report.figures.medium import Medium
from pipeline.report.paper import COLUMN
from pipeline.runs.folders import run_folders
from pipeline.stopping import heard

_PERIOD = 5.0  # seconds between polls of the folders
_SHARE = 10  # after a build, rest for this many times its duration: at most a tenth of one core
_RELOAD = 10  # seconds after which the page reloads itself

Snapshot = dict[Path, tuple[int, int] | None]


def watch(folders: Sequence[Path], out: Path | None = None, column: Medium = COLUMN) -> Path:
    """Keep the report up to date until KeyboardInterrupt, then leave it as an ordinary page; -> its index.html.

    Only reads the sweep folders, at the lowest priority, and writes nothing but the report. Polls: change
    notifications do not cross the network file systems that clusters train on. Raises UserError if there is still
    no run at the end.
    """
    os.nice(19)
    print(f"watching {', '.join(map(str, folders))}; stop with Ctrl-C", flush=True)
    try:
        _follow(folders, out)
    except KeyboardInterrupt:
        heard()
        return build(folders, out, column)


def _follow(folders: Sequence[Path], out: Path | None) -> NoReturn:
    before: Snapshot | None = None
    while True:
        started, now = time.perf_counter(), snapshot_of(folders)
        if now != before:
            print(f"{time.strftime('%H:%M:%S')} {_build(folders, out, now)}", flush=True)
        before = now
        time.sleep(max(_PERIOD, _SHARE * (time.perf_counter() - started)))


def _build(folders: Sequence[Path], out: Path | None, now: Snapshot) -> str:
    """Build once; -> a line about it."""
    runs = [state for path, state in now.items() if path.name == RESULT]
    ended = len(runs) - runs.count(None)
    try:
        page = build(folders, out, reload=_RELOAD if ended < len(runs) else None)
    except UserError:
        return "no run has trained an epoch yet; waiting"
    return f"{ended} of {len(runs)} runs have ended: {page}"


def snapshot_of(folders: Sequence[Path]) -> Snapshot:
    """Modification time and size of each file that a report reads; None for files that do not exist yet."""
    snapshot: Snapshot = {}
    for folder in folders:
        for run in run_folders(folder):
            for name in (RESULT, HISTORY):
                snapshot[run / name] = _state(run / name)
    return snapshot


def _state(path: Path) -> tuple[int, int] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size
