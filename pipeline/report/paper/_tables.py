"""Tables as a reader wants them: what people call the keys, shares in percent, as many digits as say something."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from pipeline.metrics import LOSS, SELECTION, SPLITS
from pipeline.report.comparison import Comparison
from pipeline.report.formats import Table
from pipeline.report.vocabulary import names_of, value_name

_BEST = 10  # settings in the main table
_MANY_EXAMPLES = 10_000  # of a test split, from which a hundredth of a percent says something
_OF_SHARES = ("behind the first", "on test there", "confirmed on test", f"selected by {SELECTION}")


def main_table(comparison: Comparison, tables: Sequence[Table]) -> Table:
    """Settings with their means where there are replicates, else the best runs, which are the settings."""
    for table in tables:
        if table.name == "replicates":
            deviations = [name for name in table.columns if name.endswith(", sd")]
            return presented(replace(_narrow(table, deviations), name="results"), comparison)
    listing = comparison.listing
    most = f" The best {_BEST} of {len(listing.data)}." if len(listing.data) > _BEST else ""
    narrow = _narrow(listing, ["best epoch", "seconds", "status", LOSS.heading(SELECTION)])
    table = replace(narrow, name="results", data=narrow.data.head(_BEST), caption=listing.caption + most)
    return presented(table, comparison)


def all_runs(comparison: Comparison) -> Table:
    """Every run, for an appendix."""
    return presented(replace(_narrow(comparison.listing, [LOSS.heading(SELECTION)]), name="runs"), comparison)


def _narrow(table: Table, left_out: Sequence[str]) -> Table:
    """Without some columns, and the training score, that a page has no room for."""
    columns = [name for name in table.data if name not in left_out and not str(name).startswith("train ")]
    return replace(table, data=table.data[columns])


def presented(table: Table, comparison: Comparison) -> Table:
    """The table with human names and values; shares in percent, by decimals that fit their intervals."""
    keys = names_of(comparison.swept | comparison.replicating)
    data, digits, names = table.data.copy(), dict(table.digits), dict(keys)
    footer: dict[str, Any] = dict(table.footer)
    for name in map(str, data):
        if name in keys:
            data[name] = data[name].map(value_name)
        if name in digits and _is_share(name, comparison):
            half = table.halves.get(name)
            for column in filter(None, (name, half)):
                data[column] = 100 * data[column].astype(float)
            digits[name] = _digits(data[half] if half else None, comparison)
            if isinstance(footer.get(name), float):
                footer[name] *= 100
            names[name] = f"{name}, points" if name == _OF_SHARES[0] else f"{name}, %"
    return replace(
        table,
        data=data.rename(columns=names),
        digits=_renamed(digits, names),
        halves={names.get(name, name): half for name, half in table.halves.items()},
        footer=_renamed(footer, names),
    )


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in values.items()}


def _is_share(name: str, comparison: Comparison) -> bool:
    metrics = [metric for metric in (comparison.metric, *comparison.beside) if metric.share]
    if any(name.startswith(metric.heading(split)) for metric in metrics for split in SPLITS):
        return True
    return comparison.metric.share and name.startswith(_OF_SHARES)


def _digits(half: "pd.Series[float] | None", comparison: Comparison) -> int:
    """Decimals of percents: the first digit of the typical half-width, one or two."""
    widths = half[half > 0].dropna() if half is not None else pd.Series(dtype=float)
    if len(widths):
        return min(max(-math.floor(math.log10(widths.median())), 1), 2)
    examples = pd.to_numeric(comparison.runs.get("provenance.examples.test", pd.Series(dtype=float)), errors="coerce")
    return 2 if examples.min() >= _MANY_EXAMPLES else 1
