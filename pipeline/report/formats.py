"""Values as people read them: settings and figures."""

import math
from typing import Any

import pandas as pd

MISSING = "–"


def setting(value: Any) -> str:
    """A value of the configuration, short: 0.1, 1e-4, [256], relu, true, null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, float):
        return str(value)
    if math.isnan(value):
        return MISSING
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.6g}"
    mantissa, _, exponent = f"{value:.5e}".partition("e")
    return f"{float(mantissa):g}e{int(exponent)}" if exponent else mantissa


def figure(value: Any) -> str:
    """A loss or a score: four decimals, or four digits where those would hide the number."""
    if _is_missing(value):
        return MISSING
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.3e}"


def count(value: Any) -> str:
    """A whole number."""
    return MISSING if _is_missing(value) else f"{int(value)}"


def seconds(value: Any) -> str:
    """A run's seconds, to three digits."""
    if _is_missing(value):
        return MISSING
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def _is_missing(value: Any) -> bool:
    return bool(pd.isna(value)) or not math.isfinite(value)
