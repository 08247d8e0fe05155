"""Scores as shares of finitely many examples."""

import math

EQUAL = 1e-9  # below which two scores are one: they are shares of thousands of examples


def wilson(score: float, examples: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of `examples` (E. Wilson, JASA 22, 1927); NaN for a score that is none."""
    if not (math.isfinite(score) and examples > 0):
        return math.nan, math.nan
    from scipy import stats

    interval = stats.binomtest(round(score * examples), examples).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)
