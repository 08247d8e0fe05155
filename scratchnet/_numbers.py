"""Numbers that people give: of the right kind and in range, or one line that names them."""

import math
from numbers import Integral, Real
from typing import TypeGuard

LEAST_EPSILON = 1e-30  # what is added to a divisor must stay above 0 in float32, where denormal numbers count as 0
LARGEST = 1e30  # float32 ends at 3.4e38, and what is multiplied by such a number needs room


def check_real(owner: str, name: str, value: object, least: float, below: float = math.inf) -> None:
    """Raise ValueError unless least <= value < below (so that it is finite)."""
    if not _is_real(value) or not least <= float(value) < below:
        limit = f"from {least:g} up to, but not including, {below:g}"
        allowed = f"a finite number of {least:g} or more" if below == math.inf else limit
        raise ValueError(f"{owner}: {name}={value!r}; allowed: {allowed}")


def check_finite(owner: str, name: str, value: object) -> None:
    """Raise ValueError unless value is finite."""
    if not _is_real(value) or not math.isfinite(value):
        raise ValueError(f"{owner}: {name}={value!r}; allowed: a finite number")


def check_positive(owner: str, name: str, value: object) -> None:
    """Raise ValueError unless value is finite and above 0."""
    if not _is_real(value) or not 0 < float(value) < math.inf:
        raise ValueError(f"{owner}: {name}={value!r}; allowed: a finite number above 0")


def check_count(owner: str, name: str, value: object, least: int, below: int | None = None) -> None:
    """Raise ValueError unless value is a whole number of at least `least`, and less than `below`."""
    number = int(value) if isinstance(value, Integral) and not isinstance(value, bool) else least - 1
    if number < least or (below is not None and number >= below):
        limit = "" if below is None else f", below {below}"
        raise ValueError(f"{owner}: {name}={value!r}; allowed: a whole number of {least} or more{limit}")


def _is_real(value: object) -> TypeGuard[Real]:
    return isinstance(value, Real) and not isinstance(value, bool)
