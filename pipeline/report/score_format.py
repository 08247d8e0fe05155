"""How scores are written for people: shares in percent, their differences in points, with digits that say something."""

import math
from dataclasses import dataclass

import pandas as pd

from pipeline.metrics import Metric
from pipeline.report.formats import NOTHING, minus

_MANY_EXAMPLES = 10_000  # of a test split, from which a hundredth of a percent says something


@dataclass(frozen=True)
class ScoreFormat:
    """Of one metric. `examples`: the size of the test split, by which percents without an interval have decimals."""

    metric: Metric
    examples: float = math.nan

    @property
    def scale(self) -> int:
        """By what a score is multiplied: shares are written in percent."""
        return 100 if self.metric.share else 1

    @property
    def percent(self) -> str:
        """ " %" behind a share, else nothing."""
        return " %" if self.metric.share else ""

    def heading(self, split: str) -> str:
        """What a column or an axis of such scores is called: "validation accuracy, %"."""
        return self.metric.heading(split) + (", %" if self.metric.share else "")

    def digits(self, half: float = math.nan, value: float = math.nan) -> int:
        """Decimals beside an interval's half-width: one or two of percents, else up to its second digit.

        Without an interval, percents of few examples have one, other scores those that make four digits.
        """
        known = math.isfinite(half) and half > 0
        if self.metric.share:
            if known:
                return min(max(-math.floor(math.log10(100 * half)), 1), 2)
            return 2 if self.examples >= _MANY_EXAMPLES else 1
        if known:
            return min(max(1 - math.floor(math.log10(half)), 0), 4)
        size = abs(value)
        return min(max(3 - math.floor(math.log10(size)), 0), 4) if math.isfinite(size) and size > 0 else 4

    def score(self, value: float, half: float = math.nan) -> str:
        """ "83.1 ± 0.5 %", "0.452 ± 0.021"."""
        return self._number(value, half) + self.percent if math.isfinite(value) else NOTHING

    def said(self, value: float, half: float = math.nan) -> str:
        """The same in a sentence: "undefined" without a value."""
        return self.score(value, half) if math.isfinite(value) else "undefined"

    def ends(self, low: float, high: float) -> str:
        """Where an interval goes: "from 79.0 to 83.8 %"."""
        digits = self.digits((high - low) / 2)
        return minus(f"from {self.scale * low:.{digits}f} to {self.scale * high:.{digits}f}{self.percent}")

    def difference(self, value: float, half: float = math.nan, sign: str = "") -> str:
        """ "1.1 ± 0.8 points", "0.031 in R²"; `sign` is "+" where that of the value is to be said."""
        unit = "" if self.metric.share else f" in {self.metric.label}"
        return self.distance(value, half, sign) + unit if math.isfinite(value) else NOTHING

    def distance(self, value: float, half: float = math.nan, sign: str = "") -> str:
        """A difference where the metric has been named: "1.1 points", "0.031"."""
        return self._number(value, half, sign) + (" points" if self.metric.share else "")

    def deviation(self, value: float, half: float = math.nan) -> str:
        """The standard deviation of scores, with the digits of their mean: "0.7 points"."""
        digits = self.digits(half, value)
        return f"{self.scale * value:.{digits}f}" + (" points" if self.metric.share else "")

    def _number(self, value: float, half: float, sign: str = "") -> str:
        digits = self.digits(half, value)
        number = minus(f"{self.scale * value:{sign}z.{digits}f}")
        return f"{number} ± {self.scale * half:.{digits}f}" if math.isfinite(half) and half > 0 else number


def size_of_test(runs: pd.DataFrame) -> float:
    """The size of the smallest test split; NaN where no run says."""
    sizes = pd.to_numeric(runs.get("provenance.examples.test", pd.Series(dtype=float)), errors="coerce")
    return float(sizes.min())
