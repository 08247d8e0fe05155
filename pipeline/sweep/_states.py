"""The states of stacks in training, in .sweep/stacks: what stopped and killed commands have left there."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.files import discard, is_dry
from pipeline.training.checkpoint import Checkpoint, reject
from pipeline.training.part import part_of

Facts = Mapping[str, Any]  # of a `Checkpoint`

_LONG = 100  # characters; a file system allows 255 bytes


def state_path(folder: Path, run: str, *, alone: bool = False) -> Path:
    """Where the state of a stack is kept, by the name of its first run; `alone`: of runs that left their stack."""
    plain = len(run) < _LONG and "/" not in run
    name = run if plain else hashlib.sha256(run.encode()).hexdigest()[:16]
    return folder / f"{name}{'.alone' * alone}.safetensors"


def states(folder: Path) -> list[tuple[Path, Facts]]:
    """The facts of every state in the folder, the largest first. Of two with a run in common the smaller goes."""
    known: list[tuple[Path, Facts]] = []
    for path in sorted(folder.glob("*.safetensors")):
        state = Checkpoint.read(path)
        if state is not None and _is_named(path, state.facts):
            known.append((path, state.facts))
    seen: set[str] = set()
    disjoint: list[tuple[Path, Facts]] = []
    for path, facts in sorted(known, key=lambda item: -len(item[1]["runs"])):
        runs = {run["folder"] for run in facts["runs"]}
        if seen.isdisjoint(runs):
            disjoint.append((path, facts))
        else:  # a part of one that was being split
            discard(path)
        seen |= runs
    return disjoint


def split(path: Path, groups: Sequence[Sequence[int]]) -> list[tuple[Path, Facts]]:
    """Divide the state in a file among groups of its runs, each with a file of its own; -> those, with their facts.

    The file goes last. A command that is killed before leaves runs in two, and the next goes on from the undivided.
    """
    state = Checkpoint.read(path)
    if state is None:
        return []
    parts = [part_of(state, group) for group in groups]
    places = [state_path(path.parent, part.facts["runs"][0]["folder"], alone=True) for part in parts]
    divided = list(zip(places, parts, strict=True))
    if not is_dry():
        for place, part in sorted(divided, key=lambda item: item[0] == path):
            part.write(place)
        path.with_suffix(".started").unlink(missing_ok=True)
    if path not in places:
        discard(path)
    return [(place, part.facts) for place, part in divided]


def _is_named(path: Path, facts: Facts) -> bool:
    first = facts["runs"][0]["folder"]
    if path in (state_path(path.parent, first), state_path(path.parent, first, alone=True)):
        return True
    reject(path, "the state of other runs than its name says")
    return False
