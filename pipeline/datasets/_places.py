"""Paths that a user gives, from the current folder or from home."""

import os
from contextlib import suppress
from pathlib import Path

from pipeline.errors import UserError


def place(key: str, text: str) -> Path:
    """The whole path of what `dataset.KEY` names. Raises UserError where there is no such thing."""
    path = Path(text)
    with suppress(RuntimeError):  # ~ of an unknown user stays as it is: no such file
        path = path.expanduser()
    path = path.absolute()
    try:
        there = os.path.lexists(path) and path.exists()
    except (OSError, ValueError) as error:
        raise UserError(f"dataset.{key}={text!r}: cannot be looked at ({error}); give the path of a file") from None
    if not there:
        near = _alike(path)
        raise UserError(f"dataset.{key}={text}: no such file or folder{near}; the current folder is {Path.cwd()}")
    return path


def folder(key: str, text: str) -> Path:
    """The whole path of the folder that `dataset.KEY` names. Raises UserError where it is none."""
    path = place(key, text)
    if not path.is_dir():
        raise UserError(f"dataset.{key}={text}: not a folder; give the folder that the files are in")
    try:
        next(path.iterdir(), None)
    except OSError as error:
        raise UserError(f"dataset.{key}={text}: cannot be read ({error.strerror}); check that it is readable") from None
    return path


def _alike(path: Path) -> str:
    import difflib

    with suppress(OSError):
        names = [child.name for child in path.parent.iterdir()]
        if near := difflib.get_close_matches(path.name, names, n=1):
            return f"; did you mean {near[0]}?"
    return ""


def stamp(key: str, text: str | None) -> str:
    """When the file or folder was last changed, and how large it is; "" where there is none."""
    if text is None:
        return ""
    path = place(key, text)
    status = path.stat()
    return f" {path} {status.st_mtime_ns} {status.st_size}"
