"""The runs that a sweep's folder already holds, and which of the requested jobs they are."""

import errno
import itertools
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError
from pipeline.files import digest, read_whole, set_aside, write_whole
from pipeline.runs.folder import altered_files
from pipeline.runs.folders import run_folders
from pipeline.runs.identity import Identity
from pipeline.runs.problem import Problem
from pipeline.runs.provenance import about_run
from pipeline.runs.result import Result, ended_result, read_result

_MOST_BYTES = 2**30  # a hundred thousand runs
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

    def __init__(self, sweep: Path, *, dry_run: bool = False) -> None:
        self.sweep, self.path, self.dry_run = sweep, sweep / ".sweep" / "plan.json", dry_run
        self.entries: list[Entry] = []
        self.folders: dict[int, str] = {}  # of each run, by its number: the path below the sweep's folder
        damaged = not self._read_plan()
        known = set(self.folders.values())
        for folder in run_folders(sweep) if sweep.is_dir() else ():  # left by another launcher, or by a lost plan
            name = folder.relative_to(sweep).as_posix()
            result = read_result(folder) if name not in known and folder != sweep else None
            if isinstance(result, Result):
                with suppress(KeyError):  # a result without an identity is ignored
                    self._found(name, result.overrides, Identity.read(result.identity or {}))
        if damaged and not dry_run:
            aside = set_aside(self.path)
            print(f"{self.path}: damaged; moved to {aside.name}, and rebuilt from the runs' results", file=sys.stderr)
            for number in self._numbered() - {entry.number for entry in self.entries}:
                self._archive(number)  # started, but no longer identifiable

    def _read_plan(self) -> bool:
        """Load the plan; False if the file is not what was written."""
        try:
            plan = json.loads(read_whole(self.path, _MOST_BYTES))
            runs = plan["runs"]
            if plan.get("sha256", digest(runs)) != digest(runs):  # version 0.1.0 wrote none
                return False
            self.entries = [_entry(run["number"], run["overrides"], run["identity"]) for run in runs]
            self.folders = {run["number"]: run["folder"] for run in runs}
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EFBIG):  # what is not such a file is damaged too
                raise
            return False
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            self.entries, self.folders = [], {}
            return False
        return True

    def _found(self, name: str, overrides: Sequence[str], identity: Identity) -> None:
        used = {entry.number for entry in self.entries} | self._numbered()
        number = int(name) if name.isdecimal() else next(n for n in itertools.count() if n not in used)
        if number not in self.folders:
            self.entries.append(Entry(number, tuple(overrides), identity))
            self.folders[number] = name

    def numbers(self, requests: Sequence[Request], first: int, mismatch: str) -> list[int]:
        """The number of each job: that of the existing run with its identity, else the next free number.

        Jobs of equal identity share a number. Raises UserError if a run in the folder has the same overrides or the
        same configuration as a job but another identity, unless `mismatch` says what to do.
        """
        by_identity = {entry.identity: entry.number for entry in self.entries}
        by_words = {_words(entry.overrides): entry for entry in self.entries}
        by_config = {entry.identity.config: entry for entry in self.entries}
        used = {entry.number for entry in self.entries} | self._numbered()
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

    def place(self, number: int, name: str) -> Path:
        """The folder of a job: the one it had before, else `name`. Raises UserError if another run has that one."""
        name = self.folders.setdefault(number, name)
        others = [other for other, folder in self.folders.items() if folder == name and other != number]
        if others:
            raise UserError(
                f"{self.sweep / name}: holds another run of this sweep, which would be overwritten; include every "
                "swept key in hydra.sweep.subdir, or give another sweep.name"
            )
        return self.sweep / name

    def ended(self, number: int) -> bool:
        """Whether the run has ended and need not be trained again."""
        return ended_result(self.folder(number)) is not None

    def check_files(self, numbers: Sequence[int], mismatch: str) -> None:
        """Move runs aside whose files are not what they have written, and say so; say which files are missing.

        A run with missing files counts as finished unless `mismatch` is "retrain".
        """
        incomplete: dict[int, list[str]] = {}
        for number in dict.fromkeys(numbers):
            folder = self.folder(number)
            result = read_result(folder)
            if isinstance(result, Problem):
                if result.kind == "bad_result":
                    self._reject(number, result.words)
                continue
            missing, altered = altered_files(folder, result)
            if altered or (missing and not result.ended):
                self._reject(number, f"{' and '.join(altered + missing)} changed since it was written")
            elif missing:
                incomplete[number] = missing
        if incomplete and mismatch == "retrain":
            for number in incomplete:
                self._archive(number)
        elif incomplete:
            names = ", ".join(sorted({name for missing in incomplete.values() for name in missing}))
            print(
                f"{self.sweep}: {names} missing in {_listed(list(map(self._name, incomplete)))}, which count as "
                "finished; sweep.mismatch=retrain trains them again",
                file=sys.stderr,
            )

    def _reject(self, number: int, reason: str) -> None:
        folder = self.folder(number)
        aside = self._archive(number)
        where = "trains again" if aside is None else f"moved to {aside.relative_to(self.sweep)}, and trains again"
        print(f"{folder}: {reason}; {where}", file=sys.stderr)

    def _name(self, number: int) -> str:
        return self.folders.get(number, str(number))

    def write(self) -> None:
        """Save the plan, before any of it is trained."""
        runs = [
            {
                "number": entry.number,
                "folder": self._name(entry.number),
                "overrides": list(entry.overrides),
                "identity": entry.identity.facts(),
            }
            for entry in sorted(self.entries, key=lambda entry: entry.number)
        ]
        write_whole(self.path, json.dumps({"format": 1, "sha256": digest(runs), "runs": runs}, indent=1) + "\n")

    def _add(self, requests: Sequence[Request], numbers: dict[Identity, int], replaced: set[int]) -> None:
        self.entries = [entry for entry in self.entries if entry.number not in replaced]
        known = {entry.number for entry in self.entries}
        for job in requests:
            number = numbers[job.identity]
            if number not in known:
                known.add(number)
                self.entries.append(Entry(number, job.overrides, job.identity))

    def _numbered(self) -> set[int]:
        """The numbers that are names of folders."""
        return {int(path.name) for path in self.sweep.glob("*") if re.fullmatch(r"\d+", path.name)}

    def _archive(self, number: int) -> Path | None:
        """Move the run to .sweep/replaced/, where nothing that was trained is deleted; -> its place there."""
        folder = self.folder(number)
        if self.dry_run or not os.path.lexists(folder):
            return None
        aside = self.sweep / ".sweep" / "replaced"
        aside.mkdir(parents=True, exist_ok=True)
        place = next(place for i in itertools.count() if not (place := aside / f"{number}-{i}").exists())
        return folder.rename(place)


def _words(overrides: Sequence[str]) -> frozenset[str]:
    """The overrides of the run itself, in any order."""
    return frozenset(about_run(overrides))


def _entry(number: int, overrides: Sequence[str], identity: Mapping[str, str]) -> Entry:
    return Entry(number, tuple(overrides), Identity.read(identity))


def _difference(old: Identity, new: Identity) -> str:
    """The parts in which two identities differ, in words."""
    return " and ".join(words for part, words in _PARTS.items() if getattr(old, part) != getattr(new, part))


def _listed(names: Sequence[str]) -> str:
    return f"{len(names)} runs ({', '.join(names[:8])}{', …' if len(names) > 8 else ''})"


def _explain(sweep: Path, changed: dict[int, str]) -> str:
    """One line: which runs do not match this command, why, and what to do."""
    reasons: dict[str, list[str]] = {}
    for number, why in changed.items():
        reasons.setdefault(why, []).append(str(number))
    runs = "; ".join(f"{why} of {_listed(numbers)} changed" for why, numbers in reasons.items())
    return (
        f"{sweep}: {runs} since they were trained; old and new figures do not belong in one table: give another "
        "sweep.name, or sweep.mismatch=retrain (the old runs move to .sweep/replaced/), or sweep.mismatch=keep"
    )
