"""Numbers for the page's scripts: six digits are enough to draw, and JSON has neither NaN nor infinity."""

from typing import Any

import numpy as np
import pandas as pd


def short(value: Any) -> float | None:
    """Six digits; None for what is missing or not finite."""
    if value is None or pd.isna(value) or not np.isfinite(value):
        return None
    number = float(f"{value:.6g}")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def shorts(values: Any) -> list[float | None]:
    """`short` of each, at once."""
    array = np.asarray(values, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = 10.0 ** (5 - np.floor(np.log10(np.abs(array))))
        rounded = np.where(array == 0, 0.0, np.round(array * scale) / scale)
    whole = np.isfinite(array) & (np.abs(array) < 2**53) & (array == np.floor(array))
    rounded = np.where(whole, array, rounded)
    return [
        int(number) if is_whole else (number if np.isfinite(number) else None)
        for number, is_whole in zip(rounded.tolist(), whole.tolist(), strict=True)
    ]
