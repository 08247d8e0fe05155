"""The runs that a sweep's folder already holds, and which of the requested jobs they are."""

import hashlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.files import RESULT, write_whole
from pipeline.runs.identity import Identity
from pipeline.runs.provenance import about_run
from pipeline.runs.result import Result, ended_result, read_result

_PARTS = {
    "config": "the configuration",
    "data": "the data",
    "engine": "the engine's version",
    "parts": "the code of its own parts",
}


@dataclass(frozen=True)
class Entry:
    """One run of the sweep, planned or trained."""

    number: int
    overrides: tuple[str, ...]
    identity: Identity


@dataclass(frozen=True)
class Request:
    """One job of the command: its overrides and its identity."""

    overrides: tuple[str, ...]
    identity: Identity


class Ledger:
    """The runs of one sweep's folder, kept in .sweep/plan.json."""

    def __init__(self, sweep: Path) -> None:
        self.sweep, self.path = sweep, sweep / ".sweep" / "plan.json"
        self.entries: list[Entry] = []
        self.folders: dict[int, str] = {}  # of runs whose folder is not named by their number
        damaged = not self._read_plan()
        known = {entry.number for entry in self.entries}
        for path in sweep.glob(f"*/{RESULT}"):  # left by another launcher, or by a lost plan
            if path.parent.name.isdecimal() and int(path.parent.name) not in known:
                result = read_result(path.parent)
                if isinstance(result, Result):
                    with suppress(KeyError):  # a result without an identity is ignored
                        self.entries.append(_entry(int(path.parent.name), result.overrides, result.identity or {}))
        if damaged:
            aside = self.path.with_name("plan.json.damaged")
            self.path.replace(aside)
            print(f"{self.path}: damaged; moved to {aside.name}, and rebuilt from the runs' results", file=sys.stderr)
            for number in {int(name) for name in self._folders()} - {entry.number for entry in self.entries}:
                self._archive(number)  # started, but no longer identifiable

    def _read_plan(self) -> bool:
        """Load the plan; False if the file is not what was written."""
        try:
            plan = json.loads(self.path.read_text(encoding="utf-8"))
            runs = plan["runs"]
            if plan.get("sha256", _digest(runs)) != _digest(runs):  # version 0.1.0 wrote none
                return False
            self.entries = [_entry(run["number"], run["overrides"], run["identity"]) for run in runs]
            self.folders = {run["number"]: run["folder"] for run in runs}
        except FileNotFoundError:
            pass
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            self.entries, self.folders = [], {}
            return False
        return True

    def numbers(self, requests: Sequence[Request], first: int, mismatch: str) -> list[int]:
        """The number of each job: that of the existing run with its identity, else the next free number.

        Jobs of equal identity share a number. Raises UserError if a run in the folder has the same overrides or the
        same configuration as a job but another identity, unless `mismatch` says what to do.
        """
        by_identity = {entry.identity: entry.number for entry in self.entries}
        by_words = {_words(entry.overrides): entry for entry in self.entries}
        by_config = {entry.identity.config: entry for entry in self.entries}
        used = {entry.number for entry in self.entries} | {int(n) for n in self._folders()}
        numbers: dict[Identity, int] = {}
        changed: dict[int, str] = {}
        for job in requests:
            old = by_words.get(_words(job.overrides)) or by_config.get(job.identity.config)
            if job.identity in numbers:
                continue
            if job.identity in by_identity:
                numbers[job.identity] = by_identity[job.identity]
            elif old is not None and old.number not in numbers.values():
                numbers[job.identity] = old.number
                changed[old.number] = _difference(old.identity, job.identity)
            else:
                number = next(n for n in range(first + len(used) + 1) if n >= first and n not in used)
                used.add(number)
                numbers[job.identity] = number
        if changed and mismatch == "stop":
            raise UserError(_explain(self.sweep, changed))
        if mismatch == "keep":
            finished = {number for number in changed if self.ended(number)}
            changed = {number: why for number, why in changed.items() if number not in finished}
        for number in changed:
            self._archive(number)
        self._add(requests, numbers, set(changed))
        return [numbers[job.identity] for job in requests]

    def folder(self, number: int) -> Path:
        """The run's folder."""
        return self.sweep / self.folders.get(number, str(number))

    def ended(self, number: int) -> bool:
        """Whether the run has ended and need not be trained again."""
        return ended_result(self.folder(number)) is not None

    def write(self) -> None:
        """Save the plan, before any of it is trained."""
        runs = [
            {
                "number": entry.number,
                "folder": self.folders.get(entry.number, str(entry.number)),
                "overrides": list(entry.overrides),
                "identity": entry.identity.facts(),
            }
            for entry in sorted(self.entries, key=lambda entry: entry.number)
        ]
        write_whole(self.path, json.dumps({"format": 1, "sha256": _digest(runs), "runs": runs}, indent=1) + "\n")

    def _add(self, requests: Sequence[Request], numbers: dict[Identity, int], replaced: set[int]) -> None:
        self.entries = [entry for entry in self.entries if entry.number not in replaced]
        known = {entry.number for entry in self.entries}
        for job in requests:
            number = numbers[job.identity]
            if number not in known:
                known.add(number)
                self.entries.append(Entry(number, job.overrides, job.identity))

    def _folders(self) -> list[str]:
        return [path.name for path in self.sweep.glob("*") if re.fullmatch(r"\d+", path.name)]

    def _archive(self, number: int) -> None:
        """Move the run to .sweep/replaced/: nothing that was trained is deleted."""
        folder = self.folder(number)
        if not folder.exists():
            return
        aside = self.sweep / ".sweep" / "replaced"
        aside.mkdir(parents=True, exist_ok=True)
        place = next(place for i in range(10**6) if not (place := aside / f"{number}-{i}").exists())
        folder.rename(place)


def _digest(runs: Sequence[Mapping[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(runs, sort_keys=True).encode()).hexdigest()


def _words(overrides: Sequence[str]) -> frozenset[str]:
    """The overrides of the run itself, in any order."""
    return frozenset(about_run(overrides))


def _entry(number: int, overrides: Sequence[str], identity: Mapping[str, str]) -> Entry:
    return Entry(number, tuple(overrides), Identity.read(identity))


def _difference(old: Identity, new: Identity) -> str:
    """The parts in which two identities differ, in words."""
    return " and ".join(words for part, words in _PARTS.items() if getattr(old, part) != getattr(new, part))


def _explain(sweep: Path, changed: dict[int, str]) -> str:
    """One line: which runs do not match this command, why, and what to do."""
    reasons: dict[str, list[str]] = {}
    for number, why in changed.items():
        reasons.setdefault(why, []).append(str(number))
    runs = "; ".join(
        f"{why} of {len(numbers)} runs ({', '.join(numbers[:8])}{', …' if len(numbers) > 8 else ''}) changed"
        for why, numbers in reasons.items()
    )
    return (
        f"{sweep}: {runs} since they were trained; old and new figures do not belong in one table: give another "
        "sweep.name, or sweep.mismatch=retrain (the old runs move to .sweep/replaced/), or sweep.mismatch=keep"
    )
