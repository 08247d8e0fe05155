"""Every setting of the runs: fixed or swept, and whether the methods mention it."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from pipeline.report.comparison import Comparison
from pipeline.report.formats import Table
from pipeline.report.swept import levels
from pipeline.report.vocabulary import value_name

_WORDS = ("root", "path", "test_path", "targets_path", "title", "licence", "citation")  # of the data
_NOT_SETTINGS = (  # they train nothing
    "config.sweep",
    "config.tracking",
    "config.report",
    "config.training.log_every",
    "config.training.predictions",
    *(f"config.dataset.{key}" for key in _WORDS),
)


_LISTED = 8  # more values than this are given as a range


class Settings:
    """The values that each key has in the runs, as text. Remembers which keys were used."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.told: set[str] = set()
        self._known: dict[str, list[str]] = {}

    def values(self, key: str) -> list[str]:
        """The distinct values of a key ("optimizer.lr"), sorted; empty if no run has it."""
        self.told.add(key)
        if key not in self._known:
            values = self.comparison.runs.get(f"config.{key}", pd.Series(dtype=object))
            self._known[key] = levels(values[[value is None or value == value for value in values]])  # NaN: no such key
        return self._known[key]

    def said(self, key: str) -> str:
        """The values in words: "0.1", "0.1 or 0.3", "0.1, 0.2 or 0.3"."""
        values = self.values(key)
        names = list(map(value_name, values))
        return either(values if any(", " in name for name in names) else names)

    def has(self, key: str, *but: str) -> bool:
        """Whether any run has another value than these for the key."""
        return any(value not in but for value in self.values(key))

    def keys(self) -> Iterator[str]:
        """All keys of the runs in the order of the configuration."""
        for column in map(str, self.comparison.runs.columns):
            if column.startswith("config.") and not column.startswith(_NOT_SETTINGS):
                yield column.removeprefix("config.")

    def rest(self) -> dict[str, str]:
        """The settings not used yet: key -> its values."""
        return {key: self.said(key) for key in list(self.keys()) if key not in self.told and self.values(key)}

    def table(self) -> Table:
        """One row per key."""
        rows = [
            (key, either(values), "swept" if len(values) > 1 else "fixed")
            for key in self.keys()
            if (values := self.values(key))
        ]
        caption = "All settings of the runs. A key applies only to the models and optimizers that have it."
        return Table("settings", pd.DataFrame(rows, columns=["key", "values", ""]), {}, caption)


def either(values: Sequence[str]) -> str:
    """Values in words: "0.1", "0.1 or 0.3", "0.1, 0.2 or 0.3", "0.1 … 0.9 (9 values)"."""
    if len(values) > _LISTED:
        return f"{values[0]} … {values[-1]} ({len(values)} values)"
    *first, last = values or ["unknown"]
    return f"{', '.join(first)} or {last}" if first else last


def named(settings: Settings, key: str, words: Mapping[str, str]) -> str:
    """The values of a key, by the phrases that there are for them."""
    return either([words.get(value, value) for value in settings.values(key)])
