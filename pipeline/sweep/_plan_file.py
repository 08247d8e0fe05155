"""The runs of a sweep as its folder has them: .sweep/plan.json, or what the runs themselves say where that is lost."""

import errno
import itertools
import json
import os
import re
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.files import CHECKPOINT, digest, is_gone, move, read_whole, set_aside, write_whole
from pipeline.runs.folders import is_run, run_folders
from pipeline.runs.identity import Identity
from pipeline.runs.result import Result, read_result
from pipeline.training.checkpoint import Checkpoint

_MOST_BYTES = 2**30  # a hundred thousand runs


@dataclass(frozen=True)
class Entry:
    """One run of the sweep, planned or trained; `folder`: its path below the sweep's, None until it has one."""

    number: int
    folder: str | None
    overrides: tuple[str, ...]
    identity: Identity


def read_entries(sweep: Path) -> list[Entry]:
    """Every run that is known: by the plan, and by the results that another launcher or a lost plan has left.

    Where the plan is lost, deleted or damaged, states in training name their runs too. Runs that nothing identifies any
    more move to .sweep/replaced/, or their numbers would be taken and the same runs trained beside them.
    """
    path = sweep / ".sweep" / "plan.json"
    entries, whole = _read(path)
    known = {entry.number: entry for entry in entries}
    lost = not whole or not path.exists()
    used = set(known) | numbered(sweep)
    free = (number for number in itertools.count() if number not in used)
    folders = {entry.folder for entry in entries}
    for folder, overrides, identity in [*_of_results(sweep, folders), *(_of_states(sweep) if lost else ())]:
        if folder not in folders:
            folders.add(folder)
            number = int(folder) if folder.isdecimal() else next(free)
            known.setdefault(number, Entry(number, folder, tuple(overrides), identity))
    if lost:
        unknown = [number for number in sorted(numbered(sweep) - set(known)) if _was_started(sweep / str(number))]
        for number in unknown:
            archive(sweep, str(number), number)
        state = "missing" if whole else f"damaged; {set_aside(path)}"
        away = f"; runs that only it could name go to .sweep/replaced: {listed(unknown)}" if unknown else ""
        if unknown or not whole:
            print(f"{path}: {state}, and rebuilt from the runs' own files{away}", file=sys.stderr)
    return list(known.values())


def write_entries(sweep: Path, entries: Iterable[Entry]) -> None:
    """Save the plan, before any of it is trained."""
    runs = [
        {
            "number": entry.number,
            "folder": entry.folder or str(entry.number),
            "overrides": list(entry.overrides),
            "identity": entry.identity.facts(),
        }
        for entry in sorted(entries, key=lambda entry: entry.number)
    ]
    facts = {"format": 1, "sha256": digest(runs), "runs": runs}
    write_whole(sweep / ".sweep" / "plan.json", json.dumps(facts, indent=1) + "\n")


def numbered(sweep: Path) -> set[int]:
    """The numbers that are names of folders."""
    return {int(path.name) for path in sweep.glob("*") if re.fullmatch(r"\d+", path.name) and not is_gone(path)}


def archive(sweep: Path, folder: str, number: int) -> str | None:
    """Move the run to .sweep/replaced/, where nothing that was trained is deleted; -> that in words."""
    if not os.path.lexists(sweep / folder):
        return None
    aside = sweep / ".sweep" / "replaced"
    place = next(place for i in itertools.count() if not os.path.lexists(place := aside / f"{number}-{i}"))
    return move(sweep / folder, place, place.relative_to(sweep).as_posix())


def listed(numbers: Sequence[object]) -> str:
    """How many runs, and which, on one line."""
    names = ", ".join(map(str, numbers[:8]))
    return f"{len(numbers)} {'run' if len(numbers) == 1 else 'runs'} ({names}{', …' if len(numbers) > 8 else ''})"


def _read(path: Path) -> tuple[list[Entry], bool]:
    """The plan, empty where there is none, and whether the file is what was written."""
    try:
        plan = json.loads(read_whole(path, _MOST_BYTES))
        runs = plan["runs"]
        if plan.get("sha256", digest(runs)) != digest(runs):  # version 0.1.0 wrote none
            return [], False
        return [
            Entry(run["number"], run["folder"], tuple(run["overrides"]), Identity.read(run["identity"])) for run in runs
        ], True
    except FileNotFoundError:
        return [], True
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EFBIG):  # what is not such a file is damaged too
            raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass
    return [], False


def _of_results(sweep: Path, known: Container[str | None]) -> Iterator[tuple[str, Sequence[str], Identity]]:
    """Of runs outside the plan that say what they are: left by another launcher, or by a lost plan."""
    for folder in run_folders(sweep) if sweep.is_dir() else ():
        name = folder.relative_to(sweep).as_posix()
        result = read_result(folder) if name not in known and folder != sweep else None
        if isinstance(result, Result):
            with suppress(KeyError):  # a result without an identity is ignored
                yield name, result.overrides, Identity.read(result.identity or {})


def _of_states(sweep: Path) -> Iterator[tuple[str, Sequence[str], Identity]]:
    """Of runs in training, whose overrides only a plan or a result has."""
    for path in sorted((sweep / ".sweep" / "stacks").glob("*.safetensors")):
        if checkpoint := Checkpoint.read(path):
            for run in checkpoint.facts["runs"]:
                yield run["folder"], (), Identity.read(run["identity"])


def _was_started(folder: Path) -> bool:
    """Whether this is, or was to be, the folder of a run of this launcher: others keep their states beside results."""
    if not folder.is_dir() or (folder / CHECKPOINT).exists() or isinstance(read_result(folder), Result):
        return False
    return is_run(folder) or not any(folder.iterdir())
