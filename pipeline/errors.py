"""Exceptions for errors that a user can fix."""


class UserError(Exception):
    """Says in one line what is wrong, where, and what to do; shown without a traceback."""


class RunFailed(UserError):
    """A run of a sweep failed; its folder says why."""


def one_line(error: object, length: int = 150) -> str:
    """An error's text on one line, truncated to `length` characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= length else f"{text[:length]} …"
