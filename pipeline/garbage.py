"""Python's search for cyclic garbage, in processes that are ours: rarer, and not once more at the end.

torch, pandas and the rest make a million objects that stay. Looking through them again and again takes a quarter of the
time that their import takes, and a second when the interpreter ends.
"""

import gc

_OBJECTS = 100_000  # new ones before the youngest are looked through; Python's own figure is 700


def rarely() -> None:
    """To be called before the imports."""
    gc.set_threshold(_OBJECTS)


def never_again() -> None:
    """To be called before the end."""
    gc.freeze()
