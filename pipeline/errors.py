"""The exceptions for what a user can mend."""


class UserError(Exception):
    """Says in one line what is wrong, where, and what to do; shown without a traceback."""


class RunFailed(UserError):
    """A run of a sweep failed; its folder says how."""


def one_line(error: object, length: int = 150) -> str:
    """An error's text on one line, cut off where it is longer than `length`."""
    text = " ".join(str(error).split())
    return text if len(text) <= length else f"{text[:length]} …"
