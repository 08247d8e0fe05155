"""Scores as shares of finitely many examples."""

import math

EQUAL = 1e-9  # below which two scores are one: they are shares of thousands of examples


def wilson(score: float, examples: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of `examples`; NaN for a score that is none.

    The shares p for which |score − p| ≤ z √(p (1 − p) / n): (score + z²/2n ± z √(score (1 − score) / n + z²/4n²)) /
    (1 + z²/n). scipy.stats has it, whose import takes as long as a report of small sweeps.

    Source: E. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if not (math.isfinite(score) and examples > 0):
        return math.nan, math.nan
    from scipy.special import ndtri

    z, n, p = float(ndtri(0.975)), examples, round(score * examples) / examples
    middle, half = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = ((middle + side * half) / (1 + z**2 / n) for side in (-1, 1))
    return 0.0 if p == 0 else low, 1.0 if p == 1 else high
