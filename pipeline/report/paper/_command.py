"""How a sweep was asked for: the command that trains it again, and the space that was searched."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipeline.runs.latest import COMMAND, read_latest
from pipeline.runs.selection import read_selection
from pipeline.yaml_files import read_yaml

_MOST_BYTES = 2**20
_INTERVAL = re.compile(r"(?P<log>tag\(log,\s*)?interval\((?P<low>[^,()]+),\s*(?P<high>[^,()]+)\)\)?")


@dataclass(frozen=True)
class SweepCommand:
    """`text`: the command, "" where it is not known. `space`: key -> the interval it was searched in, in words.

    `sampler`: what suggested points, None unless they were searched. `confirms`: the sweep that it confirms, "" if
    none. `runs`: those that it trains, where a record says it: an earlier command of the same folder may have asked
    for others.
    """

    text: str = ""
    space: dict[str, str] = field(default_factory=dict)
    sampler: str | None = None
    confirms: str = ""
    runs: set[str] | None = None

    @classmethod
    def of(cls, folders: Sequence[Path], searched: bool) -> "SweepCommand":
        """Read what Hydra writes into the folder of a sweep: its latest command."""
        try:
            hydra: Any = read_yaml(folders[0] / COMMAND, _MOST_BYTES)["hydra"]
            task, of_hydra = hydra["overrides"]["task"], hydra["overrides"]["hydra"]
            name, sweeper = hydra["job"]["config_name"], hydra["sweeper"]
            params = dict(sweeper.get("params") or {})
            overrides = [*map(str, task), *(word for word in map(str, of_hydra) if not word.startswith("hydra.mode="))]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, yaml.YAMLError):
            return cls()
        if len(folders) > 1:
            return cls()
        flags = ["--config-name", str(name)] if name != "config" else []
        pairs = [*params.items(), *(override.lstrip("+~").partition("=")[::2] for override in overrides)]
        space = {str(key): words for key, value in pairs if (words := _in_words(str(value)))}
        sampler = str(sweeper.get("sampler") or "tpe") if searched else None
        command = shlex.join(["python", "-m", "pipeline", *flags, "-m", *overrides])
        selection, latest = read_selection(folders[0]), read_latest(folders[0])
        runs = set(latest.runs) if latest else None
        return cls(command, space, sampler, selection.sweep if selection else "", runs)


def _in_words(value: str) -> str:
    match = _INTERVAL.fullmatch(value.strip())
    if not match:
        return ""
    return f"from {match['low']} to {match['high']}" + ", on a logarithmic scale" * bool(match["log"])
