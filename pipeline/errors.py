"""The one exception for what a user can mend."""


class UserError(Exception):
    """Says in one line what is wrong, where, and what to do; shown without a traceback."""
