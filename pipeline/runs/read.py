"""Run folders read into data frames: one row a run, and one row an epoch of each run."""

import csv
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from pipeline.errors import UserError
from pipeline.files import write_whole
from pipeline.flatten import flatten

Problem = tuple[Path, str]  # where, and what is wrong
DROPPED = "dropped by halving"  # how the message begins of a run that sweep=halving did not train on
STATUSES = ("finished", "diverged", "failed", "interrupted")
_SECTIONS = {"config": "config", "metrics": "metric", "seconds": "seconds", "provenance": "provenance"}


@dataclass(frozen=True)
class Collected:
    """What run folders hold, as tidy data frames, and what could not be read.

    `runs`: a row a run. Columns: `run`, its name; `status`; `message`, why it did not finish; `task`; `identity`, a
    hash of all that determines its figures; `config.*`, every key of its configuration (lists as JSON: "[256,128]");
    `metric.final_*` of its last epoch, `metric.best_*` of the epoch that was best on validation, and
    `metric.parameters`; `seconds.*`; `provenance.*`. A run lacks (NaN) what its model or optimizer does not have.

    `history`: a row an epoch of a run. Columns: `run`, `epoch` (0 is before training), `train_loss`, `train_accuracy`
    (for regression `train_r2`), the same of validation and test, `penalty`, `objective`, `lr` and `seconds`.

    `history.merge(runs, on="run")` puts each run's settings beside its epochs.
    """

    runs: pd.DataFrame
    history: pd.DataFrame
    problems: list[Problem]
    origins: list[tuple[Path, str]]  # of each row of `runs`: the folder that was asked for, the run's path in it

    @property
    def folders(self) -> list[Path]:
        """The run folder of each row of `runs`."""
        return [asked if is_run(asked) else asked / name for asked, name in self.origins]


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sort key that puts 10 after 9."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]


def collect(folders: Sequence[Path]) -> Collected:
    """Read every run in `folders`, each a sweep folder or a run folder; never stops at a bad one."""
    given = list(dict.fromkeys(map(Path, folders)))
    records: list[dict[str, Any]] = []
    histories: list[pd.DataFrame] = []
    problems: list[Problem] = []
    origins: dict[Path, tuple[Path, str]] = {}  # by the run's resolved folder: none is counted twice
    for folder, label in zip(given, _labels(given), strict=True):
        for path in run_folders(folder, problems):
            if path.resolve() in origins:
                continue
            inner = "" if path == folder else path.name
            name = inner if inner and len(given) == 1 else "/".join(filter(None, (label, inner)))
            history = _read_history(path, problems)
            record = _read_run(path, history, problems)
            if record is not None:
                records.append({"run": name, **record})
                origins[path.resolve()] = (folder, inner or path.resolve().name)
                if history is not None:
                    history.insert(0, "run", name)
                    histories.append(history)
    if not records:
        names = ", ".join(map(str, given)) or "(no folder given)"
        reason = f" ({problems[0][0]}: {problems[0][1]})" if problems else ""
        remedy = "give a sweep's folder, which holds 0/, 1/, …, or a run's own folder, which holds result.json"
        raise UserError(f"no runs found in {names}{reason}; {remedy}")
    tidy = pd.concat(histories, ignore_index=True) if histories else pd.DataFrame(columns=["run", "epoch"])
    return Collected(_frame(records), tidy, problems, list(origins.values()))


def load(folders: Sequence[Path]) -> Collected:
    """What `pipeline.load` gives: the runs with a type of its own for each column, and a warning of problems."""
    found = collect(folders)
    if found.problems:
        first = ": ".join(map(str, found.problems[0]))
        warnings.warn(f"{len(found.problems)} folders could not be read in full; first {first}", stacklevel=3)
    return replace(found, runs=found.runs.infer_objects())


def write_results(folder: Path, collected: Collected | None = None) -> Path:
    """Write `results.csv`, one row a run, into the sweep folder; `collected` saves reading it again."""
    found = collect([folder]) if collected is None else collected
    rows = [index for index, (origin, _) in enumerate(found.origins) if origin == folder]
    runs = found.runs.iloc[rows].assign(run=[found.origins[index][1] for index in rows])
    write_whole(folder / "results.csv", runs.to_csv(index=False, lineterminator="\n"))
    return folder / "results.csv"


def is_run(folder: Path) -> bool:
    """Whether `folder` is a run's own folder."""
    return any((folder / name).exists() for name in ("result.json", "history.csv", ".hydra"))


def _labels(folders: Sequence[Path]) -> list[str]:
    """The shortest ends of the folders' paths that tell them apart."""
    parts = [folder.resolve().parts[1:] for folder in folders]
    length = 1
    while len({part[-length:] for part in parts}) < len(set(parts)):
        length += 1
    return ["/".join(part[-length:]) for part in parts]


def run_folders(folder: Path, problems: list[Problem] | None = None) -> Iterator[Path]:
    """The runs in a sweep's folder, or the run itself; what else is there is put into `problems`."""
    problems = [] if problems is None else problems
    try:
        children = sorted(folder.iterdir(), key=lambda child: natural(child.name))
        if is_run(folder):
            yield folder
            return
        for child in children:
            if not child.is_dir() or child.name.startswith("."):
                continue
            if is_run(child):
                yield child
            elif child.name != "report" and not (child / "table.csv").exists():  # a report with a name of its own
                problems.append((child, "not a run folder: holds neither result.json nor history.csv"))
    except OSError as error:
        problems.append((folder, f"cannot be read: {error.strerror or error}"))


def _read_run(path: Path, history: pd.DataFrame | None, problems: list[Problem]) -> dict[str, Any] | None:
    result, fault = _read_result(path / "result.json")
    if result is None:
        if history is None:
            problems.append((path, f"{fault}, and there is no history to read instead; the run is left out"))
            return None
        problems.append((path, f"{fault}; counted as interrupted, with figures from history.csv"))
        result = _from_history(path, history, problems)
    record = {key: result.get(key) for key in ("status", "message", "task")}
    record["identity"] = (result.get("identity") or {}).get("run")
    for section, prefix in _SECTIONS.items():
        record |= dict(flatten(prefix, result.get(section) or {}))
    return record


def _read_result(path: Path) -> tuple[dict[str, Any] | None, str]:
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        return None, "result.json is missing" if missing else f"result.json cannot be read ({error.strerror})"
    except ValueError as error:
        return None, f"result.json is not whole JSON ({error})"
    if not isinstance(result, dict) or not all(isinstance(result.get(key) or {}, dict) for key in _SECTIONS):
        return None, "result.json does not describe a run"
    for key, known in (("format", (1,)), ("status", STATUSES)):
        if result.get(key) not in known:
            return None, f"result.json has {key} {result.get(key)!r}, where known is {'|'.join(map(str, known))}"
    return result, ""


def _read_history(path: Path, problems: list[Problem]) -> pd.DataFrame | None:
    try:
        return read_history(path / "history.csv")
    except (OSError, ValueError):
        pass  # slower, and with what is wrong in words
    try:
        history = pd.read_csv(path / "history.csv")
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        if not isinstance(error, FileNotFoundError):  # a run that failed at once has none
            problems.append((path, f"history.csv cannot be read ({str(error).splitlines()[0]})"))
        return None
    numbers = history.apply(pd.to_numeric, errors="coerce").astype(float).drop(columns="run", errors="ignore")
    if "epoch" not in numbers or numbers["epoch"].isna().all():
        problems.append((path, "history.csv holds no epoch"))
        return None
    spoilt = [name for name in numbers.columns if numbers[name].isna().sum() > history[name].isna().sum()]
    if spoilt:
        problems.append((path, f"history.csv holds text among the numbers of {', '.join(spoilt)}"))
    complete: pd.DataFrame = numbers.dropna(subset=["epoch"])
    return complete


def read_history(path: Path) -> pd.DataFrame:
    """A run's history.csv that is as it should be. Raises ValueError for all else, OSError where there is none."""
    with path.open(encoding="utf-8", newline="") as stream:
        names, *rows = csv.reader(stream)
    table = np.array([[float(value) if value else np.nan for value in row] for row in rows])
    if "epoch" not in names or "run" in names or table.shape != (len(rows), len(names)) or not len(rows):
        raise ValueError("not a history")
    frame = pd.DataFrame(table, columns=names)
    if frame["epoch"].isna().any():
        raise ValueError("a row without its epoch")
    return frame


def _from_history(path: Path, history: pd.DataFrame, problems: list[Problem]) -> dict[str, Any]:
    """The figures of a run that left no result: its last epoch, and its best by the validation score."""
    try:
        config = yaml.safe_load((path / ".hydra" / "config.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        problems.append((path, f".hydra/config.yaml cannot be read ({str(error).splitlines()[0]})"))
        config = {}
    names = [str(name) for name in history.columns if name not in ("lr", "seconds")]
    metrics: dict[str, Any] = {f"final_{name}": history[name].iloc[-1] for name in names}
    score = "r2" if any(name.endswith("_r2") for name in names) else "accuracy"
    trained = history[(history["epoch"] > 0) & np.isfinite(history.get("objective", 0.0))]
    scores = trained.get(f"validation_{score}", pd.Series(dtype=float)).dropna()
    if len(trained):  # the first of equals, and the last epoch without validation, as in a result
        picked = trained.loc[scores.index[int(scores.argmax())] if len(scores) else trained.index[-1]]
        metrics |= {f"best_{name}": picked[name] for name in names}
    return {
        "status": "interrupted",
        "task": "regression" if score == "r2" else "classification",
        "config": config if isinstance(config, dict) else {},
        "metrics": metrics,
        "seconds": {"total": history["seconds"].sum()} if "seconds" in history else {},
    }


def _frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    names = list(dict.fromkeys(name for record in records for name in record))
    order = [name for prefix in _SECTIONS.values() for name in names if name.startswith(f"{prefix}.")]
    columns: dict[str, pd.Series[Any]] = {}
    for name in ("run", "status", "message", "task", "identity", *order):
        values = pd.Series([record.get(name, float("nan")) for record in records], dtype=object, name=name)
        if name.startswith(("metric.", "seconds.")):
            numbers = pd.to_numeric(values, errors="coerce").astype(float)
            count = name.endswith(("_epoch", ".parameters")) and bool((numbers.dropna() % 1 == 0).all())
            columns[name] = numbers.astype("Int64") if count else numbers
        else:  # kept as objects: a whole number stays whole, null stays null, beside a run that lacks the key
            columns[name] = values
    return pd.DataFrame(columns)
