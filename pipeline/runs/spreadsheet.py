"""Frames as CSV: whole numbers whole, and no text that a spreadsheet would run as a formula."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(frame: pd.DataFrame, whole: Iterable[str] = ()) -> str:
    """CSV at full precision; `whole` names columns of counts, which pandas holds as floats where values are missing.

    Text that begins as a formula does gets an apostrophe before it. Source: OWASP, "CSV Injection".
    """
    safe = frame.copy(deep=False)
    for name in frame:
        if not pd.api.types.is_numeric_dtype(frame[name].dtype):
            safe[name] = frame[name].map(_harmless)
    for name in whole:
        safe[name] = frame[name].astype("Int64")
    return str(safe.to_csv(index=False, lineterminator="\n"))


def _harmless(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value
