"""Conclusions from the replicates: the picked settings against the next best, paired by seed, as sentences to copy."""

import bisect

import numpy as np
import pandas as pd

from pipeline.report.comparison import Comparison
from pipeline.report.formats import p_value
from pipeline.report.statistics.replicates import FEWEST, LEVEL, Replicates
from pipeline.report.statistics.shares import EQUAL
from pipeline.report.vocabulary import listed

_RIVALS = 4  # compared with the picked settings; more comparisons mean less power
ALPHA = 0.05  # 1 − LEVEL
_SMALLEST, _POWER = 0.005, 0.8  # the difference that may matter, and how surely it should show


def compare_best(replicates: Replicates) -> pd.DataFrame:
    """The picked settings against the next best on test, paired by seed; indexed by the rivals' rows.

    Columns: n (seeds that both have), difference (by how much the picked are better, mean), half (of its 95 %
    confidence interval), sd (of the differences), effect (Cohen's d_z = mean / sd), p of the paired t test, p_adjusted
    by Holm's correction for all tests made. With differences d of n seeds t = mean(d) / (sd(d) √(1/n + overlap)) has
    n − 1 degrees of freedom. half, effect and p are NaN for n < 3, and where the difference is the same on every seed:
    then it is no sample.

    Sources: Student (W. Gosset), "The probable error of a mean", Biometrika 6 (1908); S. Holm, "A simple sequentially
    rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979); J. Cohen, "Statistical Power
    Analysis for the Behavioral Sciences", 1988.
    """
    names = ["n", "difference", "half", "sd", "effect", "p", "p_adjusted"]
    if not (replicates.picked and replicates.replicated):
        return pd.DataFrame(columns=names, dtype=float)
    from scipy.special import stdtr, stdtrit  # scipy.stats imports slowly

    test, rows = replicates.scores["test"], {}
    sign = 1 if replicates.comparison.metric.higher_is_better else -1
    for rival in test.index[replicates.n > 0][1 : 1 + _RIVALS]:
        pairs = sign * test.loc[[0, rival]].dropna(axis=1).to_numpy()
        n, differences = pairs.shape[1], pairs[0] - pairs[1]
        mean = differences.mean() if n else np.nan
        half = deviation = effect = p = np.nan
        if n >= FEWEST and np.ptp(differences) > EQUAL:
            deviation = differences.std(ddof=1)
            error = deviation * np.sqrt(1 / n + replicates.overlap)
            half, effect = stdtrit(n - 1, (1 + LEVEL) / 2) * error, mean / deviation
            p = 2 * stdtr(n - 1, -abs(mean) / error)
        rows[rival] = [n, mean, half, deviation, effect, p, np.nan]
    compared = pd.DataFrame.from_dict(rows, orient="index", columns=names)
    compared["p_adjusted"] = _holm(compared["p"].dropna())
    return compared


def _holm(p: "pd.Series[float]") -> "pd.Series[float]":
    """p-values adjusted for their number m: that of rank i is max_{j ≤ i} (m − j + 1) p_j, at most 1.

    statsmodels has it, and collects garbage at every call, which takes a tenth of a second and more. Source: S. Holm,
    "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    ascending = p.sort_values()
    return (ascending * np.arange(len(p), 0, -1)).cummax().clip(upper=1.0)


def conclusions(comparison: Comparison) -> list[str]:
    """Conclusions about the settings, a sentence or two each, with their caveats."""
    return conclude(Replicates.of(comparison))


def conclude(replicates: Replicates) -> list[str]:
    """`conclusions`, for replicates that are already grouped."""
    finished = int((replicates.n > 0).sum())
    if not finished or (finished == 1 and not replicates.replicated):
        return []
    if not replicates.replicated:
        settings, noun = len(replicates.settings), replicates.noun.removesuffix("s")
        trained = f"each of the {settings} settings was trained on one {noun}"
        if finished < settings or replicates.comparison.replicated:
            trained = f"{finished} of {settings} settings finished, each on one {noun}"
        winner = ", least of all the winner's" * replicates.picked
        return [
            f"n = 1: {trained}, so no difference between them can be distinguished from luck{winner}. Sweep "
            "seed=0,1,2,3,4 as well for means, intervals and tests."
        ]
    if not replicates.picked:
        return [f"Without a validation score no settings are picked or compared: see the means over {replicates.noun}."]
    compared = compare_best(replicates)
    sentences = [_winner(replicates, finished)]
    few = compared["n"] < FEWEST
    sentences += [_verdict(replicates, int(rival), compared) for rival in compared.index[~few]]
    sentences = [_capital(sentence) for sentence in (*sentences, *_too_few(replicates, compared[few]))]
    if replicates.n.iloc[0] >= FEWEST:
        of_two = ", of the difference where two are compared" if len(compared) else ""
        sentences.append(
            f"± is half of the {100 * LEVEL:.0f} % confidence interval of the mean over n {replicates.noun}{of_two} (t "
            f"distribution, scores taken as normal). {replicates.population}: ± covers that and nothing else."
        )
    if tests := int(compared["p"].notna().sum()):
        adjusted = f"adjusted for {tests} tests (Holm)" if tests > 1 else "the only one, so not adjusted"
        sentences.append(f"p is by the paired t test on test figures, {adjusted}; d is the effect size, mean / sd.")
    return sentences + power(replicates, compared) + _warnings(replicates, compared)


def power(replicates: Replicates, compared: pd.DataFrame) -> list[str]:
    """How many seeds would show half a point between the first two, where the test could not."""
    if not len(compared) or not replicates.comparison.metric.share or replicates.overlap:
        return []
    rival = compared.iloc[0]
    if not rival["p_adjusted"] >= ALPHA:
        return []
    seeds = seeds_that_show(_SMALLEST / rival["sd"])
    deviation = f"{100 * rival['sd']:.2f} points"
    return [
        f"Where differences vary as between the first two (sd {deviation}), {seeds:,} "
        f"{replicates.noun} would show a difference of {100 * _SMALLEST:g} points in {100 * _POWER:.0f} % of such "
        "sweeps (power of the paired t test)."
    ]


def seeds_that_show(effect: float) -> int:
    """The fewest pairs n, from FEWEST, of which the two-sided t test at ALPHA shows an effect d = mean / sd.

    Its power 1 − F(t), F the noncentral t distribution of n − 1 degrees of freedom around d √n and t its critical value
    around 0, is then at least `_POWER`; the other side, F(−t), is less than a millionth there.

    Source: J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988.
    """
    from scipy.special import nctdtr, stdtrit

    def power_of(n: int) -> float:
        return float(1 - nctdtr(n - 1, effect * np.sqrt(n), stdtrit(n - 1, 1 - ALPHA / 2)))

    enough = FEWEST
    while power_of(enough) < _POWER:
        enough *= 2
    return bisect.bisect_left(range(enough), _POWER, lo=FEWEST, key=power_of)


def _winner(replicates: Replicates, finished: int) -> str:
    label, best = replicates.comparison.metric.label, replicates.comparison.metric.best_word
    test = replicates.summary("test").iloc[0]
    n, noun, form = int(test["n"]), replicates.noun, replicates.comparison.score_format
    if n >= FEWEST:
        spread = f", n = {n} {noun} (sd {form.deviation(test['sd'], test['half'])})"
    else:
        of_each = ", ".join(map(form.score, replicates.scores["test"].iloc[0].dropna()))
        spread = f", n = {n}: {of_each}; too few for an interval" if n > 1 else ", n = 1: no interval"
    setting = f"{replicates.name(0)}: test" if len(replicates.settings) > 1 else "Test"
    sentence = f"{setting} {label} {form.score(test['mean'], test['half'])}{spread}."
    dropped = replicates.comparison.dropped.any()
    if finished == 1 and dropped:
        return f"{sentence} No other setting was trained to the end. {_by_halving(replicates)}"
    if finished > 1:
        means = replicates.summary("validation")["mean"].where(replicates.n >= n)
        validation, candidates = means.iloc[0], int((replicates.n >= n).sum())
        if candidates == 1:
            sentence += f" No other setting finished on as many {noun}"
            return sentence + (
                f". {_by_halving(replicates)}" if dropped else ", so that there was no choice by validation."
            )
        tied = [replicates.name(int(row)) for row in means.index[1:][(means[1:] - validation).abs() < EQUAL]]
        if len(tied) == candidates - 1:
            which = f"all {candidates} settings" if candidates > 2 else "both settings"
            of = " that finished" if candidates < len(replicates.n) else ""
            of += f" on {n} {noun if n > 1 else noun.removesuffix('s')}" if candidates < finished else ""
            return (
                f"{sentence} On validation {which}{of} have the same mean {label}, {form.score(validation)}: nothing "
                f"there tells them apart, and the first is taken."
            )
        if tied:
            more = [f"{len(tied) - _RIVALS} more"] if len(tied) > _RIVALS else []
            named = listed([*tied[:_RIVALS], *more])
            sentence += (
                f" On validation it is tied with {named}: nothing there tells them apart, and the first is taken."
            )
        sentence += (
            f" Picked among {candidates} settings for the {best} mean validation {label}, {form.score(validation)}, "
            f"which makes that figure look better than it is: report the test figure{_advice(replicates)}."
        )
    return sentence


def _by_halving(replicates: Replicates) -> str:
    return (
        f"Halving picked it among {len(replicates.settings)} settings on validation, which makes its figure there look "
        f"better than it is: report the test figure{_advice(replicates)}."
    )


def _advice(replicates: Replicates) -> str:
    """What a selection asks for, unless these runs are it already."""
    kinds = set(replicates.comparison.runs.get("config.sweep.kind", []))
    return "" if "confirm" in kinds or replicates.noun != "seeds" else ", and confirm it on new seeds (sweep=confirm)"


def _too_few(replicates: Replicates, compared: pd.DataFrame) -> list[str]:
    """Which rivals have too few seeds in common with the picked settings."""
    noun, sentences = replicates.noun, []
    for n, rivals in compared.groupby("n", sort=False):
        common = f"{n:.0f} {noun if n != 1 else noun.removesuffix('s')}"
        names = listed([replicates.name(int(row)) for row in rivals.index])
        sentences.append(
            f"{replicates.name(0)} has {common} in common with {names}: too few to compare them, it takes {FEWEST}."
        )
    return sentences


def _verdict(replicates: Replicates, rival: int, compared: pd.DataFrame) -> str:
    """One comparison as a sentence: which is better, or why that cannot be said."""
    n, difference, half, _, effect, p, adjusted = (float(value) for value in np.asarray(compared.loc[rival]))
    first, second, noun = replicates.name(0), replicates.name(rival), replicates.noun
    written = replicates.comparison.score_format.difference
    if np.isnan(p):
        on_each = f"on each of {n:.0f} {noun}"
        if abs(difference) < EQUAL:
            return f"{first} and {second} have equal test scores {on_each}, so there is no difference to test."
        if difference < 0:
            first, second = second, first
        return (
            f"{first} is ahead of {second} by {written(abs(difference))} on test, {on_each}: a difference that does "
            "not vary is no sample, so no test is made."
        )
    apart = written(abs(difference), half)
    label = "adjusted p" if compared["p"].notna().sum() > 1 else "p"
    tail = f"(n = {n:.0f}, d = {abs(effect):.2f}, {p_value(adjusted, label)})"
    note = ""
    if difference < 0:
        first, second, note = second, first, ", on test, though it was not picked on validation"
    if adjusted < ALPHA:
        return f"{first} beats {second} by {apart} {tail}{note}."
    if abs(difference) > half:
        return (
            f"{first} is ahead of {second} by {apart}, but among all comparisons together one such difference may be "
            f"chance {tail}."
        )
    return (
        f"No difference between {first} and {second} can be shown: the former is ahead by {apart}, an interval that "
        f"holds zero {tail}. That does not show that they are equal either."
    )


def _warnings(replicates: Replicates, compared: pd.DataFrame) -> list[str]:
    sentences, n = [], replicates.n
    fewer = int(((n < n.max()) & (n > 0)).sum())
    if fewer:
        single = int((n == 1).sum())
        of_them = f"{single} of them" if fewer > 1 else "only"
        alone = f", {of_them} on one (n = 1, no interval)" if single else ""
        those = "setting finished" if fewer == 1 else "settings finished"
        sentences.append(
            f"{fewer} {those} on fewer {replicates.noun} than the others{alone}: not "
            f"{'a candidate' if fewer == 1 else 'candidates'}."
        )
    sentences += _diverged(replicates)
    sentences += _survivors(replicates)
    count = int((~replicates.comparison.runs["status"].isin(["finished", "dropped"])).sum())
    if count:
        sentences.append(
            f"Not finished, and not in any mean: {count} run{'s' * (count > 1)}. Where a setting's runs diverge, the "
            "mean of the rest is too optimistic."
        )
    if FEWEST <= n.max() < 6:
        few, least = f"n = {n.max()} is few: the interval is wide", 2.0 ** (1 - int(n.max()))
        sentences.append(
            f"{few}, normality cannot be checked, and the test that does without it, that of Wilcoxon, cannot give "
            f"less than p = {least:.3g}."
            if compared["p"].notna().any()
            else f"{few}, and normality cannot be checked."
        )
    return sentences


def _survivors(replicates: Replicates) -> list[str]:
    """Settings of which halving dropped some runs and not others, as version 0.1 did."""
    comparison = replicates.comparison
    dropped = comparison.dropped.groupby(comparison.setting).sum()
    count = int(((dropped > 0) & (replicates.n > 0)).sum())
    if not count:
        return []
    of = "one setting" if count == 1 else f"{count} settings"
    return [
        f"Of {of} halving dropped some {replicates.noun} and kept the better ones: the mean of the survivors is too "
        "optimistic."
    ]


def _diverged(replicates: Replicates) -> list[str]:
    """Settings of which every run diverged."""
    comparison = replicates.comparison
    diverged = (comparison.runs["status"] == "diverged").groupby(comparison.setting).agg(["all", "size"])
    rows = [int(row) for row in diverged.index[diverged["all"] & (diverged["size"] > 1)]]
    all_of = {row: f"all {size}" if (size := diverged["size"][row]) > 2 else "both" for row in rows}
    return [_capital(f"{replicates.name(row)} diverged on {all_of[row]} {replicates.noun}.") for row in rows]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
