"""Tables as people read them: what they call the keys, shares in percent, as many digits as say something."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from pipeline.metrics import SELECTION, SPLITS
from pipeline.report.comparison import Comparison
from pipeline.report.data_sets import DataSets
from pipeline.report.formats import Table
from pipeline.report.score_format import ScoreFormat
from pipeline.report.statistics.shares import EQUAL
from pipeline.report.vocabulary import value_name

_BEHIND = "behind the first"  # a difference
_OF_SCORES = (_BEHIND, "on test there", "confirmed on test", f"selected by {SELECTION}")
_SD = ", sd"


def presented(table: Table, comparison: Comparison) -> Table:
    """A table of runs or settings of one data set."""
    formats = {
        metric.heading(split): comparison.format_of(metric)
        for metric in (comparison.metric, *comparison.beside)
        for split in SPLITS
    }
    formats |= {f"{name}{_SD}": made for name, made in formats.items()}
    formats |= {name: comparison.score_format for name in map(str, table.data) if name.startswith(_OF_SCORES)}
    keys = comparison.swept | comparison.replicating
    return _with_units(table, formats, {short: comparison.names[key] for key, short in keys.items()})


def presented_across(table: Table, data_sets: DataSets) -> Table:
    """The table of several data sets, a column for each."""
    formats = {
        f"{title}, {comparison.metric.label}": comparison.score_format
        for title, comparison in data_sets.comparisons.items()
    }
    return _with_units(table, formats, {})


def _with_units(table: Table, formats: Mapping[str, ScoreFormat], keys: Mapping[str, str]) -> Table:
    """With the scores of some columns in their formats, and columns of settings by their names."""
    data, digits, names = table.data.copy(), dict(table.digits), dict(keys)
    footer: dict[str, Any] = dict(table.footer)
    for name in map(str, data):
        if name in keys:
            data[name] = data[name].map(value_name)
        if name not in digits or name not in formats:
            continue
        form, half = formats[name], table.halves.get(name)
        width = table.halves.get(name.removesuffix(_SD))  # a deviation has the digits of its mean
        widths = table.data[width].astype(float) if width else pd.Series(dtype=float)
        values = table.data[name].astype(float).abs()
        widths = widths[widths > EQUAL]
        digits[name] = form.digits(widths.median(), values.max())
        least = form.scale * float(widths.min())
        most = 2 if form.metric.share else 4
        while digits[name] < most and round(least, digits[name]) == 0:  # not 0.0 ± 0.0 for what is more
            digits[name] += 1
        for column in filter(None, (name, half)):
            data[column] = form.scale * data[column].astype(float)
        if isinstance(footer.get(name), float):
            footer[name] *= form.scale
        if form.metric.share:
            names[name] = f"{name}, {'points' if name == _BEHIND or name.endswith(_SD) else '%'}"
    return replace(
        table,
        data=data.rename(columns=names),
        digits=_renamed(digits, names),
        halves={names.get(name, name): half for name, half in table.halves.items()},
        footer=_renamed(footer, names),
    )


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in values.items()}
