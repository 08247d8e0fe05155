"""Packages that only some users need, and how to get them."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import UserError


@contextmanager
def needed(extra: str, purpose: str) -> Iterator[None]:
    """Wrap the import of a package that `extra` installs. Raises UserError if it is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("pipeline", "scratchnet"):
            raise
        raise UserError(_missing(package, extra, purpose)) from error


def missing(package: str, extra: str, purpose: str) -> str | None:
    """One line if the package is not installed, else None; imports nothing."""
    return None if importlib.util.find_spec(package) else _missing(package, extra, purpose)


def _missing(package: str, extra: str, purpose: str) -> str:
    return f"{purpose}: the package {package} is missing; pip install 'scratchnet-sweeps[{extra}]'"
