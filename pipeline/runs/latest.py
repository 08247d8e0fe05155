"""What the latest command of a sweep's folder says of the sweep as a whole: earlier ones may have said otherwise.

The command is in multirun.yaml, which Hydra's launchers write too. The record, `.sweep/latest.json`, is of that file
alone.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pipeline.config.schema import Sweep
from pipeline.files import read_whole, write_whole

COMMAND = "multirun.yaml"
SAID = {"title", "author", "note", "replicates"}  # of a sweep, which no run depends on
_RECORD = Path(".sweep", "latest.json")
_MOST_BYTES = 2**26


class Latest(BaseModel):
    """`runs`: those that it trains, by their folders below the sweep's. `sweep`: what it gives of `SAID`."""

    sha256: str  # of the command's file
    runs: list[str]
    sweep: dict[str, Any]


def write_latest(folder: Path, runs: Iterable[str], sweep: Sweep, *, goes_on: bool) -> None:
    """Record the runs that the command in the folder asks for, and what it says of the sweep.

    Runs are added to those before if it `goes_on`, as a search does batch by batch, or if it is the same command.
    """
    before, now = _read(folder), _digest(folder)
    earlier = before.runs if before and (goes_on or before.sha256 == now) else []
    said = {key: value for key, value in sweep.model_dump(include=SAID).items() if value}
    latest = Latest(sha256=now, runs=list(dict.fromkeys([*earlier, *runs])), sweep=said)
    write_whole(folder / _RECORD, latest.model_dump_json(indent=1) + "\n")


def read_latest(folder: Path) -> Latest | None:
    """What the latest command says; None where no record has it, as of Hydra's own launcher."""
    latest = _read(folder)
    return latest if latest and latest.sha256 == _digest(folder) else None


def _read(folder: Path) -> Latest | None:
    try:
        return Latest.model_validate(json.loads(read_whole(folder / _RECORD, _MOST_BYTES)))
    except (OSError, ValueError, RecursionError):  # a report says less without it
        return None


def _digest(folder: Path) -> str:
    try:
        return hashlib.sha256(read_whole(folder / COMMAND, _MOST_BYTES)).hexdigest()
    except OSError:
        return ""
