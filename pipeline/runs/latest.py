"""Which runs of a sweep's folder its latest command trains: an earlier one may have asked for others.

The command is in multirun.yaml, which Hydra's launchers write too. The record, `.sweep/latest.json`, is of that file
alone.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel

from pipeline.files import read_whole, write_whole

COMMAND = "multirun.yaml"
_RECORD = Path(".sweep", "latest.json")
_MOST_BYTES = 2**26


class _Latest(BaseModel):
    """`runs`: their folders, as paths below the sweep's."""

    sha256: str  # of the command's file
    runs: list[str]


def write_latest(sweep: Path, runs: Iterable[str], *, goes_on: bool) -> None:
    """Record the runs that the command in the folder asks for.

    They are added to those before if it `goes_on`, as a search does batch by batch, or if it is the same command.
    """
    before, now = _read(sweep), _digest(sweep)
    earlier = before.runs if before and (goes_on or before.sha256 == now) else []
    latest = _Latest(sha256=now, runs=list(dict.fromkeys([*earlier, *runs])))
    write_whole(sweep / _RECORD, latest.model_dump_json(indent=1) + "\n")


def read_latest(sweep: Path) -> set[str] | None:
    """The runs that the latest command trains; None where no record says it, as of Hydra's own launcher."""
    latest = _read(sweep)
    return set(latest.runs) if latest and latest.sha256 == _digest(sweep) else None


def _read(sweep: Path) -> _Latest | None:
    try:
        return _Latest.model_validate(json.loads(read_whole(sweep / _RECORD, _MOST_BYTES)))
    except (OSError, ValueError, RecursionError):  # a report says less without it
        return None


def _digest(sweep: Path) -> str:
    try:
        return hashlib.sha256(read_whole(sweep / COMMAND, _MOST_BYTES)).hexdigest()
    except OSError:
        return ""
