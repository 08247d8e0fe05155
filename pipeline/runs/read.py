"""Run folders read into data frames: one row per run, and one row per epoch of each run."""

import itertools
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError

from pipeline.config.schema import Config
from pipeline.errors import UserError, one_line
from pipeline.files import HISTORY, write_whole
from pipeline.flatten import flatten
from pipeline.runs.folders import is_run, run_folders
from pipeline.runs.history import History, read_history
from pipeline.runs.latest import read_latest
from pipeline.runs.metrics import best_row, run_metrics, task_of
from pipeline.runs.problem import Problem
from pipeline.runs.result import Result, read_result
from pipeline.runs.spreadsheet import to_csv
from pipeline.yaml_files import read_yaml

_FACTS = ("status", "message", "dropped_at_epoch", "task")
_SECTIONS = {"config": "config", "metrics": "metric", "seconds": "seconds", "provenance": "provenance"}
_CONFIG_BYTES = 2**20
_WHOLE = 2**53  # float64 holds all whole numbers up to here


@dataclass(frozen=True)
class Collected:
    """What run folders hold, as tidy data frames, and what could not be read.

    `runs`: one row per run. Columns: `run`, its name; `status`: finished, diverged, failed, interrupted, or dropped (by
    successive halving, at `dropped_at_epoch`); `message`, why it did not finish; `task`; `identity`, a hash of all that
    determines its figures; `config.*`,
    every key of its configuration (lists as JSON: "[256,128]"); `metric.final_*` of its last epoch, `metric.best_*` of
    the epoch that was best on validation, and `metric.parameters`; `seconds.*`; `provenance.*`. Keys that a run's model
    or optimizer does not have are NaN.

    `history`: one row per epoch of each run. Columns: `run`, `epoch` (0 is before training), `train_loss`,
    `train_accuracy` (`train_r2` for regression), the same for validation and test, `penalty`, `objective`, `lr` and
    `seconds`.

    `history.merge(runs, on="run")` puts each run's settings beside its epochs.
    """

    runs: pd.DataFrame
    history: pd.DataFrame
    problems: list[Problem]
    origins: list[tuple[Path, str]]  # of each row of `runs`: the folder that was given, the run's path in it

    @cached_property
    def folders(self) -> list[Path]:
        """The run folder of each row of `runs`."""
        return [folder if is_run(folder) else folder / name for folder, name in self.origins]

    @cached_property
    def folder_of(self) -> dict[str, Path]:
        """The run folder of each run by its name."""
        return dict(zip(self.runs["run"], self.folders, strict=True))


def collect(folders: Sequence[Path]) -> Collected:
    """Read every run in `folders`, each a sweep folder or a run folder; bad ones are reported, not raised."""
    unique = list(dict.fromkeys(map(Path, folders)))
    records: list[dict[str, Any]] = []
    histories: list[tuple[str, History]] = []
    problems: list[Problem] = []
    origins: dict[Path, tuple[Path, str]] = {}  # by resolved run folder: none is counted twice
    for folder, label in zip(unique, _labels(unique), strict=True):
        latest = read_latest(folder)
        said = dict(flatten("config", {"sweep": latest.sweep})) if latest and latest.sweep else {}
        for path in run_folders(folder, problems):
            if path.resolve() in origins:
                continue
            inner = "" if path == folder else path.relative_to(folder).as_posix()
            name = inner if inner and len(unique) == 1 else "/".join(filter(None, (label, inner)))
            result, history = _read_run(path, problems)
            if result is not None:
                records.append({"run": name, **_record(result), **said})
                origins[path.resolve()] = (folder, inner or path.resolve().name)
                if history is not None:
                    histories.append((name, history))
    if not records:
        names = ", ".join(map(str, unique)) or "(no folder given)"
        reason = f" ({problems[0]})" if problems else ""
        remedy = "give a sweep's folder, which holds 0/, 1/, …, or a run's own folder, which holds result.json"
        raise UserError(f"no runs found in {names}{reason}; {remedy}")
    return Collected(_frame(records), _tidy(histories), problems, list(origins.values()))


def load(folders: Sequence[Path]) -> Collected:
    """What `pipeline.load` returns: the runs with typed columns; warns of problems."""
    collected = collect(folders)
    if problems := collected.problems:
        warnings.warn(f"{len(problems)} folders could not be read in full; first {problems[0]}", stacklevel=3)
    return replace(collected, runs=collected.runs.apply(_typed))


def _typed(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """A column as Int64, boolean, float64 or text; missing values are <NA> or NaN. Objects where kinds are mixed."""
    if values.dtype != object:
        return values
    kinds = {type(value) for value in values if not (isinstance(value, float) and value != value)}
    if kinds == {int}:
        return values.astype("Int64")
    if kinds == {bool}:
        return values.astype("boolean")
    return values.astype(float) if kinds and kinds <= {int, float} else values.infer_objects()


def write_results(folder: Path, collected: Collected | None = None) -> Path:
    """Write `results.csv`, one row per run, into the sweep folder; pass `collected` to avoid reading it again."""
    collected = collect([folder]) if collected is None else collected
    rows = [index for index, (origin, _) in enumerate(collected.origins) if origin == folder]
    runs = collected.runs.iloc[rows].assign(run=[collected.origins[index][1] for index in rows])
    write_whole(folder / "results.csv", to_csv(runs))
    return folder / "results.csv"


def _labels(folders: Sequence[Path]) -> list[str]:
    """The shortest path suffixes that distinguish the folders."""
    parts = [folder.resolve().parts[1:] for folder in folders]
    length = 1
    while len({part[-length:] for part in parts}) < len(set(parts)):
        length += 1
    return ["/".join(part[-length:]) for part in parts]


def _read_run(folder: Path, problems: list[Problem]) -> tuple[Result | None, History | None]:
    """A run's record, reconstructed from its history if it left none, and its epochs."""
    epochs, result = read_history(folder), read_result(folder)
    history = epochs if isinstance(epochs, History) else None
    if isinstance(epochs, Problem) and epochs.kind != "no_history":  # a run that failed immediately has none
        problems.append(epochs)
    elif history and history.damage:
        problems.append(Problem("bad_history", folder, history.damage))
    if isinstance(result, Result):
        return result, history
    if history is None:
        words = f"{result.words}, and there is no history to read instead; the run is omitted"
        problems.append(replace(result, words=words))
        return None, None
    words = f"{result.words}; counted as interrupted, with figures from {HISTORY}"
    problems.append(replace(result, words=words))
    return _from_history(folder, history, problems), history


def _from_history(folder: Path, history: History, problems: list[Problem]) -> Result:
    """The record that the run would have left if interrupted after its last epoch."""
    rows, task = history.rows, task_of(history.names)
    seconds = {"total": float(np.nansum([row.get("seconds", np.nan) for row in rows]))}
    facts: dict[str, Any] = {"format": 1, "status": "interrupted", "message": None, "task": task, "seconds": seconds}
    facts["metrics"] = {}
    path = folder / ".hydra" / "config.yaml"
    try:  # through JSON, which has no dates and only text keys
        config = json.loads(json.dumps(read_yaml(path, _CONFIG_BYTES)))
        result = Result.model_validate(facts | {"config": _as_recorded(config)})
    except (OSError, ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        reason = one_line(getattr(error, "strerror", None) or error)
        problems.append(Problem("bad_config", folder, f".hydra/config.yaml cannot be read ({reason})"))
        result = Result.model_validate(facts | {"config": {}})
    return result.model_copy(update={"metrics": run_metrics(rows, best_row(rows, result.metric))})


def _as_recorded(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration as a record has it, to compare with other runs; as it is where that has become impossible."""
    try:
        resolved = OmegaConf.to_container(OmegaConf.create(config), resolve=True)
        return Config.model_validate(resolved).model_dump()
    except (OmegaConfBaseException, ValidationError):
        return config


def _tidy(histories: Sequence[tuple[str, History]]) -> pd.DataFrame:
    """The epochs of all runs below each other; one frame for each stretch of equal columns, as frames are slow."""
    frames = [pd.DataFrame(columns=["run", "epoch"])] if not histories else []
    for names, group in itertools.groupby(histories, lambda one: one[1].names):
        runs, tables = zip(*((run, history.table) for run, history in group), strict=True)
        frame = pd.DataFrame(np.concatenate(tables), columns=names)
        frame.insert(0, "run", np.repeat(np.array(runs, object), [len(table) for table in tables]))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _record(result: Result) -> dict[str, Any]:
    record = {name: getattr(result, name) for name in _FACTS}
    if result.status == "interrupted" and result.dropped_at_epoch is not None:
        record["status"] = "dropped"
    record["identity"] = (result.identity or {}).get("run")
    for section, prefix in _SECTIONS.items():
        record |= dict(flatten(prefix, getattr(result, section)))
    return record


def _frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    names = list(dict.fromkeys(name for record in records for name in record))
    order = [name for prefix in _SECTIONS.values() for name in names if name.startswith(f"{prefix}.")]
    columns: dict[str, pd.Series[Any]] = {}
    for name in ("run", *_FACTS, "identity", *order):
        values = pd.Series([record.get(name, float("nan")) for record in records], dtype=object, name=name)
        if name.startswith(("metric.", "seconds.")) or name == "dropped_at_epoch":
            numbers = values.astype(float)
            whole = bool(((numbers.dropna() % 1 == 0) & (numbers.dropna().abs() < _WHOLE)).all())
            counts = name.endswith(("_epoch", ".parameters")) and whole
            columns[name] = numbers.astype("Int64") if counts else numbers
        else:  # objects: whole numbers stay whole and null stays null next to a run that lacks the key
            columns[name] = values
    return pd.DataFrame(columns)
