"""How a sweep was asked for: the command that trains it again, and the space that was searched."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from pipeline.report.formats import text
from pipeline.report.swept import replicating_keys
from pipeline.runs.provenance import about_run
from pipeline.runs.selection import Selection, read_selection
from pipeline.yaml_files import read_yaml

_MOST_BYTES = 2**20
_NUMBER = re.compile(r"(?<![\w.])(\d+\.?\d*|\.\d+)(e[+-]?\d+)?(?![\w.])", re.IGNORECASE)
_INTERVAL = re.compile(r"(?P<log>tag\(log,\s*)?interval\((?P<low>[^,()]+),\s*(?P<high>[^,()]+)\)\)?")


@dataclass(frozen=True)
class SweepCommand:
    """`text`: the command, "" where it is not known. `space`: key -> the interval it was searched in, in words.

    `sampler`: what suggested points, None unless they were searched. `given`: key -> its value or values, as typed.
    `confirms`: the selection that it trains on new seeds, if it does.
    """

    text: str = ""
    space: dict[str, str] = field(default_factory=dict)
    sampler: str | None = None
    given: dict[str, str] = field(default_factory=dict)
    confirms: Selection | None = None

    @classmethod
    def of(cls, folders: Sequence[Path], searched: bool) -> "SweepCommand":
        """Read multirun.yaml, which Hydra writes into the folder of a sweep: of its latest command."""
        try:
            hydra: Any = read_yaml(folders[0] / "multirun.yaml", _MOST_BYTES)["hydra"]
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
        given = {str(key): str(value) for key, value in pairs}
        command = shlex.join(["python", "-m", "pipeline", *flags, "-m", *overrides])
        return cls(command, space, sampler, given, read_selection(folders[0]))

    def trains(self, runs: pd.DataFrame) -> "pd.Series[bool]":
        """Which of the runs it trains: an earlier command of the same folder may have given keys other values.

        Runs that do not say what was given count as trained by it.
        """
        records: list[dict[Any, Any]] = runs.to_dict("records")
        typed = [_typed(record.get("provenance.command")) for record in records]
        if self.confirms:
            repeated = {"seed", *(key.removeprefix("config.") for key in replicating_keys(runs))}
            return pd.Series([not one or self._confirms(one, repeated) for one in typed], runs.index)
        settings = {key: value for key, value in self.given.items() if about_run([f"{key}="])}
        trained = [
            not one or all(_among(one.get(key) or _configured(record, key), value) for key, value in settings.items())
            for one, record in zip(typed, records, strict=True)
        ]
        exact = [
            record
            for record, one, is_trained in zip(records, typed, trained, strict=True)
            if is_trained and one.keys() <= settings.keys()
        ]
        if not self._reads_grids(runs) and exact:  # what it does not give has one value
            for place, (one, record) in enumerate(zip(typed, records, strict=True)):
                for key in one.keys() - settings.keys():
                    trained[place] &= _configured(record, key) in {_configured(other, key) for other in exact}
        return pd.Series(trained, runs.index)

    def _confirms(self, typed: dict[str, str], repeated: set[str]) -> bool:
        """Whether a run is of a selected setting, with what the command changes of it, and on one of its seeds."""
        assert self.confirms
        changed = {
            key: value
            for key, value in self.given.items()
            if about_run([f"{key}="]) and key not in repeated and len(_listed(value)) == 1
        }
        setting = {key: value for key, value in typed.items() if key not in repeated}
        settings = [_typed(shlex.join(one.overrides)) for one in self.confirms.selected]
        seeds, seed = self.given.get("sweep.seeds", ""), typed.get("seed", "")
        first = max(self.confirms.seeds, default=-1) + 1
        new = not (seeds.isdecimal() and seed.isdecimal()) or int(seed) < first + int(seeds)
        return new and setting in [one | changed for one in settings]

    def _reads_grids(self, runs: pd.DataFrame) -> bool:
        """Whether a file gives its runs more keys than the command itself, and perhaps not all of them the same."""
        grids = runs.get("config.sweep.grids", pd.Series(dtype=object)).dropna()
        return "experiment" in self.given or "--config-name" in self.text or bool((grids != "[]").any())


def _typed(command: object) -> dict[str, str]:
    """What the command of a single run gives each key; nothing if it cannot be read."""
    try:
        words = shlex.split(command) if isinstance(command, str) else []
    except ValueError:
        return {}
    return dict(word.lstrip("+~").split("=", 1) for word in about_run(words) if "=" in word)


def _configured(record: dict[Any, Any], key: str) -> str:
    return _plain(text(record.get(f"config.{key}", record.get(f"config.{key}.name"))))


def _among(value: str, values: str) -> bool:
    """Whether a value is one of those typed for a sweep; of what is no plain list any value may be."""
    if re.search(r"[(){}'\"*$]|\[\[", values):
        return True
    return _plain(value) in map(_plain, _listed(values))


def _listed(values: str) -> list[str]:
    """The values of a sweep, "[4,8],[8]"."""
    return re.split(r",(?![^\[]*\])", values)


def _plain(value: str) -> str:
    """Without what does not matter: 1e-3 is 0.001."""
    return _NUMBER.sub(lambda match: str(float(match[0])), value.replace(" ", "").lower())


def _in_words(value: str) -> str:
    match = _INTERVAL.fullmatch(value.strip())
    if not match:
        return ""
    return f"from {match['low']} to {match['high']}" + ", on a logarithmic scale" * bool(match["log"])
