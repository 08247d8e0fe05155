"""The exceptions for what a user can mend."""


class UserError(Exception):
    """Says in one line what is wrong, where, and what to do; shown without a traceback."""


class RunFailed(UserError):
    """A run of a sweep failed; its folder says how."""
