"""Damage to the state of a sweep: a file cut, flipped, swapped, gone, or something else in its place."""

import os
import random
from collections.abc import Callable
from pathlib import Path


def state_files(sweep: Path) -> list[Path]:
    """Every file that a later command reads."""
    names = ("result.json", "history.csv", "model.safetensors")
    runs = [path for path in sweep.glob("*/*") if path.name in names]
    return sorted([*runs, *(path for path in sweep.glob(".sweep/**/*") if path.is_file())])


def damage(sweep: Path, moments: random.Random) -> str:
    """Damage a file of state, or a folder that holds some; -> what was done, in words."""
    files = state_files(sweep)
    if not files:
        return "nothing there yet"
    if moments.random() < 0.1:
        folder = moments.choice(sorted({path.parent for path in files}))
        aside = folder.rename(sweep.parent / "lost")
        if moments.random() < 0.5:
            return f"{folder.relative_to(sweep)}/: deleted"
        folder.write_bytes(b"a file")
        return f"{folder.relative_to(sweep)}/: a file in its place, {aside.name}"
    path, (how, change) = moments.choice(files), moments.choice(sorted(_DAMAGES.items()))
    if how == "swap":
        other = moments.choice(files)
        content = other.read_bytes()
        other.write_bytes(path.read_bytes())
        path.write_bytes(content)
        return f"{path.relative_to(sweep)} swapped with {other.relative_to(sweep)}"
    change(path, bytearray(path.read_bytes()), moments)
    return f"{path.relative_to(sweep)}: {how}"


def _flip(path: Path, data: bytearray, moments: random.Random) -> None:
    if data:
        data[moments.randrange(len(data))] ^= 1 << moments.randrange(8)
        path.write_bytes(data)


def _replaced(make: Callable[[Path], object]) -> Callable[[Path, bytearray, random.Random], object]:
    def change(path: Path, data: bytearray, moments: random.Random) -> None:
        path.unlink()
        make(path)

    return change


_DAMAGES: dict[str, Callable[[Path, bytearray, random.Random], object]] = {
    "flip": _flip,
    "cut": lambda path, data, moments: path.write_bytes(data[: moments.randrange(len(data) + 1)]),
    "empty": lambda path, data, moments: path.write_bytes(b""),
    "zeros": lambda path, data, moments: path.write_bytes(bytes(len(data))),  # as power failures leave files
    "longer": lambda path, data, moments: path.write_bytes(data + data[-100:]),
    "delete": lambda path, data, moments: path.unlink(),
    "pipe": _replaced(os.mkfifo),
    "folder": _replaced(Path.mkdir),
    "full folder": _replaced(lambda path: (path / "inner").mkdir(parents=True)),
    "loop": _replaced(lambda path: path.symlink_to(path.name)),
    "link to nothing": _replaced(lambda path: path.symlink_to("nothing")),
    "device": _replaced(lambda path: path.symlink_to("/dev/zero")),
    "swap": lambda path, data, moments: None,
}
