"""How the values of a swept key are placed along an axis."""

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from pipeline.report.swept import levels


@dataclass(frozen=True)
class Scale:
    """`kind` is "log" for magnitudes, "value" for numbers, "category" for all else, which lies evenly spaced."""

    kind: Literal["log", "value", "category"]
    levels: list[str]

    @classmethod
    def of(cls, values: "pd.Series[Any]") -> "Scale":
        """Words, lists, or a zero beside magnitudes are categories."""
        names = levels(values)
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.notna().all() and not values.map(lambda value: isinstance(value, bool)).any():
            if (numbers > 0).all() and numbers.max() > 20 * numbers.min():
                return cls("log", names)
            if (numbers >= 0).all() and len(names) > 2 and numbers.max() <= 20 * numbers[numbers > 0].min():
                return cls("value", names)
        return cls("category", names)

    @property
    def place(self) -> dict[str, float]:
        """Level -> its position: the number itself, or its index among the categories."""
        if self.kind == "category":
            return {level: float(i) for i, level in enumerate(self.levels)}
        return {level: float(level) for level in self.levels}
