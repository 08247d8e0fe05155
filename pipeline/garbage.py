"""Python's search for cyclic garbage, in our own processes: less often, and not again at exit.

torch, pandas and the rest create a million permanent objects. Scanning them again and again takes a quarter of their
import time, and a second at exit.
"""

import gc

_OBJECTS = 100_000  # allocations before a collection of the youngest generation; Python's default is 700


def collect_rarely() -> None:
    """Collect less often; call it before the imports."""
    gc.set_threshold(_OBJECTS)


def skip_at_exit() -> None:
    """Skip the collection at exit; call it last."""
    gc.freeze()
