"""Scores as shares of finitely many examples."""

import math

EQUAL = 1e-9  # below which two scores are one: they are shares of thousands of examples


def wilson(score: float, examples: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share p of n `examples`; NaN for a score that is none.

    (p + z²/2n ± z √(p (1 − p)/n + z²/4n²)) / (1 + z²/n) with the quantile z of the normal distribution. Source:
    E. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if not (math.isfinite(score) and examples > 0):
        return math.nan, math.nan
    from scipy.special import ndtri  # scipy.stats imports slowly

    right, z = round(score * examples), float(ndtri(0.975))
    p, square = right / examples, z * z / examples
    middle, half = p + square / 2, z * math.sqrt(p * (1 - p) / examples + square / examples / 4)
    low, high = (middle - half) / (1 + square), (middle + half) / (1 + square)
    return (low if right > 0 else 0.0), (high if right < examples else 1.0)
