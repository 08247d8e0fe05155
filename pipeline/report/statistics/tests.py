"""Conclusions from the replicates: the picked settings against the next best, paired by seed, as sentences to copy."""

import numpy as np
import pandas as pd

from pipeline.report.comparison import Comparison
from pipeline.report.statistics.replicates import LEVEL, Replicates

_RIVALS = 4  # compared with the picked settings; more comparisons mean less power
ALPHA = 0.05  # 1 − LEVEL


def compare_best(replicates: Replicates) -> pd.DataFrame:
    """The picked settings against the next best on test, paired by seed; indexed by the rivals' rows.

    Columns: n (seeds that both have), difference (by how much the picked are better, mean), half (of its 95 %
    confidence interval), p of the paired t test, p_adjusted by Holm's correction for all comparisons made. With
    differences d of n seeds t = mean(d) / (sd(d) / √n) has n − 1 degrees of freedom. half and p are NaN for n < 2, and
    where the difference is the same on every seed: then the seeds change nothing, and are no sample.

    Sources: Student (W. Gosset), "The probable error of a mean", Biometrika 6 (1908); S. Holm, "A simple sequentially
    rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    names = ["n", "difference", "half", "p", "p_adjusted"]
    if not (replicates.picked and replicates.replicated):
        return pd.DataFrame(columns=names, dtype=float)
    from scipy import stats
    from statsmodels.stats.multitest import multipletests

    test, rows = replicates.scores["test"], {}
    sign = 1 if replicates.comparison.metric.higher_is_better else -1
    for rival in test.index[1 : 1 + _RIVALS]:
        pairs = sign * test.loc[[0, rival]].dropna(axis=1).to_numpy()
        n, differences = pairs.shape[1], pairs[0] - pairs[1]
        half = p = np.nan
        if n > 1 and np.ptp(differences) > 1e-9:  # scores are shares of thousands of examples
            t_test = stats.ttest_rel(*pairs)
            low, high = t_test.confidence_interval(LEVEL)
            half, p = (high - low) / 2, t_test.pvalue
        rows[rival] = [n, differences.mean() if n else np.nan, half, p, np.nan]
    compared = pd.DataFrame.from_dict(rows, orient="index", columns=names)
    tested = compared["p"].notna()
    if tested.any():
        compared.loc[tested, "p_adjusted"] = multipletests(compared.loc[tested, "p"], method="holm")[1]
    return compared


def conclusions(comparison: Comparison) -> list[str]:
    """Conclusions about the settings, a sentence or two each, with their caveats."""
    return conclude(Replicates.of(comparison))


def conclude(replicates: Replicates) -> list[str]:
    """`conclusions`, for replicates that are already grouped."""
    finished = int((replicates.n > 0).sum())
    if not finished or (finished == 1 and not replicates.replicated):
        return []
    if not replicates.replicated:
        return [
            f"n = 1: each of the {finished} settings was trained on one seed, so no difference between them can be "
            "distinguished from luck, least of all the winner's. Sweep seed=0,1,2,3,4 as well for means, intervals and "
            "tests."
        ]
    if not replicates.picked:
        return ["Without a validation score no settings are picked or compared: see the means over seeds."]
    compared = compare_best(replicates)
    sentences = [_winner(replicates, finished)]
    sentences += [_verdict(replicates, int(rival), compared) for rival in compared.index]
    if len(compared):
        sentences.append(
            "± is half of the 95 % confidence interval of the mean over n seeds, of the difference where two are "
            f"compared (t distribution, scores taken as normal). The seeds draw {replicates.drawn}; p by the paired t "
            f"test on test figures, adjusted for {len(compared)} comparison{'s' * (len(compared) > 1)} (Holm)."
        )
    return sentences + _warnings(replicates)


def _winner(replicates: Replicates, finished: int) -> str:
    label, best = replicates.comparison.metric.label, replicates.comparison.metric.best_word
    test = replicates.summary("test").iloc[0]
    sentence = (
        f"{replicates.name(0)}: test {label} {test['mean']:.4f} ± {test['half']:.4f}, "
        f"n = {test['n']:.0f} seeds (sd {test['sd']:.4f})."
    )
    if finished > 1:
        validation = replicates.summary("validation")["mean"].iloc[0]
        sentence += (
            f" Picked among {finished} settings for the {best} mean validation {label}, {validation:.4f}, which "
            "makes that figure look better than it is: report the test figure, and confirm it on new seeds."
        )
    return sentence


def _verdict(replicates: Replicates, rival: int, compared: pd.DataFrame) -> str:
    """One comparison as a sentence: which is better, or why that cannot be said."""
    n, difference, half, p, adjusted = (float(value) for value in np.asarray(compared.loc[rival]))
    first, second = replicates.name(0), replicates.name(rival)
    if n < 2:
        return f"{first} and {second} have {n:.0f} seeds in common: too few to compare them."
    if np.isnan(p):
        return (
            f"{first} and {second} differ by {_points(replicates, difference)} on each of {n:.0f} seeds: the seed "
            "changes nothing here, so these are not a sample, and no test is made."
        )
    apart = _points(replicates, abs(difference), half)
    tail = f"(n = {n:.0f}, adjusted {_p(adjusted)})"
    if difference < 0:
        first, second = second, first
    if adjusted < ALPHA:
        note = ", on test, though it was not picked on validation" if difference < 0 else ""
        return f"{first} beats {second} by {apart} {tail}{note}."
    if abs(difference) > half:
        return (
            f"{first} is ahead of {second} by {apart}, but among all comparisons together one such difference may be "
            f"chance {tail}."
        )
    return (
        f"No difference between {first} and {second} can be shown: the first is ahead by {apart}, an interval that "
        f"holds zero {tail}. That does not show that they are equal either."
    )


def _warnings(replicates: Replicates) -> list[str]:
    sentences, n = [], replicates.n
    fewer = int(((n < n.max()) & (n > 0)).sum())
    if fewer:
        single = int((n == 1).sum())
        alone = f", {single} of them on one (n = 1, no interval)" if single else ""
        sentences.append(f"{fewer} settings finished on fewer seeds than the others{alone}; these are not candidates.")
    if replicates.unfinished.any():
        count = int(replicates.unfinished.sum())
        sentences.append(
            f"Not finished, and not in any mean: {count} run{'s' * (count > 1)}. Where a setting's runs diverge, the "
            "mean of the rest is too optimistic."
        )
    if 1 < n.max() < 5:
        sentences.append(f"n = {n.max()} is few: the interval is wide, and normality cannot be checked.")
    return sentences


def _points(replicates: Replicates, difference: float, half: float | None = None) -> str:
    """A difference of shares in points (hundredths), of any other score as it is."""
    metric = replicates.comparison.metric
    scale, digits, unit = (100, 2, "points") if metric.share else (1, 4, f"in {metric.label}")
    spread = "" if half is None else f" ± {scale * half:.{digits}f}"
    return f"{scale * difference:.{digits}f}{spread} {unit}"


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
