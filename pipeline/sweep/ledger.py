"""The runs that a sweep's folder already holds, and which of the requested jobs they are."""

import itertools
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.config.schema import Sweep
from pipeline.errors import UserError
from pipeline.files import HISTORY, RESULT
from pipeline.runs.folder import altered_files
from pipeline.runs.identity import Identity
from pipeline.runs.problem import Problem
from pipeline.runs.provenance import about_run
from pipeline.runs.result import Result, ended_result, read_result
from pipeline.sweep._plan_file import Entry, archive, listed, numbered, read_entries, write_entries

_PARTS = {
    "config": "the configuration",
    "data": "the data",
    "engine": "the engine's version",
    "parts": "the code of its own parts",
}


@dataclass(frozen=True)
class Request:
    """One job of the command: its overrides and its identity."""

    overrides: tuple[str, ...]
    identity: Identity


class Ledger:
    """The runs of one sweep's folder, by their numbers, kept in .sweep/plan.json."""

    def __init__(self, sweep: Path) -> None:
        self.sweep = sweep
        self.entries = {entry.number: entry for entry in read_entries(sweep)}
        self._holders = {entry.folder: entry.number for entry in self.entries.values()}

    def numbers(self, requests: Sequence[Request], first: int, mismatch: str) -> list[int]:
        """The number of each job: that of the existing run with its identity, else the next free number.

        Jobs of equal identity share a number. Raises UserError if a run in the folder has the same overrides or the
        same configuration as a job but another identity, unless `mismatch` says what to do.
        """
        by_identity = {entry.identity: entry.number for entry in self.entries.values()}
        by_words = {_words(entry.overrides): entry for entry in self.entries.values()}
        by_config = {entry.identity.config: entry for entry in self.entries.values()}
        used = set(self.entries) | numbered(self.sweep)
        free = (number for number in itertools.count(first) if number not in used)
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
                numbers[job.identity] = next(free)
        if changed and mismatch == "stop":
            raise UserError(_explain(self.sweep, changed))
        replaced = {number for number in changed if mismatch != "keep" or not self.ended(number)}
        for number in replaced:
            self._archive(number)
        for job in requests:
            number = numbers[job.identity]
            entry = self.entries.get(number)
            if entry is None or number in replaced:
                replaced.discard(number)
                self.entries[number] = Entry(number, entry.folder if entry else None, job.overrides, job.identity)
            elif entry.identity == job.identity:  # as it is typed now; a state does not know
                self.entries[number] = replace(entry, overrides=job.overrides)
        return [numbers[job.identity] for job in requests]

    def folder(self, number: int) -> Path:
        """The run's folder."""
        return self.sweep / self._name(number)

    def place(self, number: int, name: str) -> Path:
        """The folder of a job: the one it had before, else `name`. Raises UserError if another run has that one."""
        entry = self.entries[number]
        if entry.folder is None:
            entry = self.entries[number] = replace(entry, folder=name)
        if self._holders.setdefault(entry.folder, number) != number:
            raise UserError(
                f"{self.sweep / name}: holds another run of this sweep, which would be overwritten; include every "
                "swept key in hydra.sweep.subdir, or give another sweep.name"
            )
        return self.folder(number)

    def ended(self, number: int) -> bool:
        """Whether the run has ended and need not be trained again."""
        return ended_result(self.folder(number)) is not None

    def numbers_of(self, jobs: Iterable[Sequence[str]]) -> list[int]:
        """The numbers of those of the jobs, given by overrides, that the sweep has."""
        numbers = {_words(entry.overrides): number for number, entry in self.entries.items()}
        return [numbers[words] for job in jobs if (words := _words(job)) in numbers]

    def decided(self, jobs: Sequence[Sequence[str]]) -> bool:
        """Whether each of the jobs has a run that is over, or that halving has dropped."""
        numbers = self.numbers_of(jobs)
        results = [read_result(self.folder(number)) for number in numbers]
        return len(numbers) == len(jobs) and all(isinstance(one, Result) and one.decided for one in results)

    def check_files(self, numbers: Sequence[int], options: Sweep) -> None:
        """Move runs aside whose files are not what they have written, and say so; say which files are missing.

        A run that has ended counts as finished without its files, unless `sweep.mismatch` is "retrain" or it has no
        history and the sweep is a halving, which compares by that.
        """
        incomplete: dict[int, list[str]] = {}
        for number in dict.fromkeys(numbers):
            folder = self.folder(number)
            result = read_result(folder)
            if isinstance(result, Problem):
                if result.kind == "bad_result":
                    self._reject(number, result.words)
                continue
            entry = self.entries.get(number)
            if entry and result.identity and Identity.read(result.identity) != entry.identity:
                self._reject(number, f"{RESULT} is of another run")
                continue
            missing, altered = altered_files(folder, result)
            unranked = options.kind == "halving" and not (folder / HISTORY).exists()
            if unranked and not missing:  # of a version that kept no checksums
                missing = [HISTORY]
            if altered or (missing and not result.ended) or unranked:
                reasons = ((altered, "changed since it was written"), (missing, "missing"))
                self._reject(number, ", ".join(f"{' and '.join(names)} {what}" for names, what in reasons if names))
            elif missing:
                incomplete[number] = missing
        if incomplete and options.mismatch == "retrain":
            for number in incomplete:
                self._archive(number)
        elif incomplete:
            names = ", ".join(sorted({name for missing in incomplete.values() for name in missing}))
            print(
                f"{self.sweep}: {names} missing in {listed(list(map(self._name, incomplete)))}, which count as "
                "finished; sweep.mismatch=retrain trains them again",
                file=sys.stderr,
            )

    def _reject(self, number: int, reason: str) -> None:
        folder = self.folder(number)
        moved = self._archive(number)
        print(f"{folder}: {reason}; {f'{moved}, and ' if moved else ''}trains again", file=sys.stderr)

    def _name(self, number: int) -> str:
        entry = self.entries.get(number)
        return (entry and entry.folder) or str(number)

    def _archive(self, number: int) -> str | None:
        return archive(self.sweep, self._name(number), number)

    def write(self) -> None:
        """Save the plan, before any of it is trained."""
        write_entries(self.sweep, self.entries.values())


def _words(overrides: Sequence[str]) -> frozenset[str]:
    """The overrides of the run itself, in any order."""
    return frozenset(about_run(overrides))


def _difference(old: Identity, new: Identity) -> str:
    """The parts in which two identities differ, in words."""
    return " and ".join(words for part, words in _PARTS.items() if getattr(old, part) != getattr(new, part))


def _explain(sweep: Path, changed: dict[int, str]) -> str:
    """One line: which runs do not match this command, why, and what to do."""
    reasons: dict[str, list[str]] = {}
    for number, why in changed.items():
        reasons.setdefault(why, []).append(str(number))
    runs = "; ".join(f"{why} of {listed(numbers)} changed" for why, numbers in reasons.items())
    return (
        f"{sweep}: {runs} since they were trained; old and new figures do not belong in one table: give another "
        "sweep.name, or sweep.mismatch=retrain (the old runs move to .sweep/replaced/), or sweep.mismatch=keep"
    )
