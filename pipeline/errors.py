"""Errors that a user can fix, and their words."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Says in one line what is wrong, where, and what to do; shown without a traceback."""


class RunFailed(UserError):
    """A run of a sweep failed; its folder says why."""


def one_line(error: object, length: int = 150) -> str:
    """An error's text on one line, truncated to `length` characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= length else f"{text[:length]} …"


def no_such(what: str, name: str, names: Iterable[str], besides: str = "") -> str:
    """`no such …`, the names that exist and what else is taken, and the closest of the names."""
    names = list(names)
    nearest = difflib.get_close_matches(str(name), names, n=1)
    listed = ", ".join(names) + (f", and {besides}" if besides else "")
    return f"no such {what}; there are {listed}" + (f"; did you mean {nearest[0]}?" if nearest else "")
