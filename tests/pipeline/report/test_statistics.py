"""Means, intervals and tests against textbook data and formulas written out here, and what is made of them in words."""

import itertools
import math
import re
from random import Random
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replicated import comparison
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from pipeline.report.comparison import Comparison
from pipeline.report.presented import presented
from pipeline.report.statistics import tests
from pipeline.report.statistics.replicates import Replicates, replicates_table
from pipeline.report.statistics.tests import compare_best, conclusions, seeds_that_show

# Hours of sleep gained by ten patients with two drugs: A. Cushny, A. Peebles, J. Physiology 32 (1905), which Student
# tested in 1908 and R ships as `sleep`: t = 4.0621, 9 degrees of freedom, p = 0.002833, interval 0.7001 to 2.4599.
SLEEP = {
    "dextro": [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    "laevo": [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
}
T_TABLE = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 9: 2.262}  # two-sided, 5 %, as printed in tables


SCORES = st.lists(
    st.lists(st.floats(0.1, 0.9).map(lambda x: round(x, 3)), min_size=4, max_size=4), min_size=2, max_size=4
)


def test_paired_test_and_interval_are_those_of_the_textbook() -> None:
    made = compare_best(Replicates.of(comparison(SLEEP, score="r2")))
    assert list(made["n"]) == [10]
    assert made["difference"].iloc[0] == pytest.approx(1.58)
    assert made["p"].iloc[0] == pytest.approx(0.002833, abs=5e-7)
    assert made["difference"].iloc[0] - made["half"].iloc[0] == pytest.approx(0.7001142, abs=1e-6)
    assert made["difference"].iloc[0] + made["half"].iloc[0] == pytest.approx(2.4598858, abs=1e-6)
    assert made["p_adjusted"].iloc[0] == made["p"].iloc[0]  # of one comparison


@pytest.mark.parametrize("n", [3, 4, 5, 10])
def test_interval_of_a_mean_by_the_printed_table(n: int) -> None:
    scores = [0.8 + 0.013 * ((3 * seed) % 7) for seed in range(n)]
    test = Replicates.of(comparison({"relu": scores})).summary("test").iloc[0]
    mean = sum(scores) / n
    sd = math.sqrt(sum((score - mean) ** 2 for score in scores) / (n - 1))
    assert (test["n"], test["mean"]) == (n, pytest.approx(mean))
    assert test["sd"] == pytest.approx(sd)
    assert test["half"] == pytest.approx(T_TABLE[n - 1] * sd / math.sqrt(n), rel=2e-4)


def test_two_seeds_make_no_interval_and_no_test() -> None:
    made = Replicates.of(comparison({"relu": [0.9, 0.8], "tanh": [0.5, 0.7]}))
    assert made.summary("test")["half"].isna().all()
    assert compare_best(made)[["half", "effect", "p"]].isna().all(axis=None)
    text = " ".join(conclusions(made.comparison))
    assert "n = 2: 90.0 %, 80.0 %; too few for an interval" in text
    assert "has 2 seeds in common with activation tanh: too few to compare them, it takes 3" in text
    assert "±" not in text
    assert "Holm" not in text
    table = replicates_table(made, compare_best(made))
    assert table is not None
    assert "p (Holm)" not in table.data
    assert "±" not in table.caption.replace("sd covers", "")


def test_the_text_counts_the_tests_that_were_made() -> None:
    # Two of four rivals differ by the same on every seed: of these no test can be made.
    base = [0.80, 0.82, 0.84]
    scores = {"base": base, "same": [s - 0.1 for s in base], "less": [s - 0.2 for s in base]}
    scores |= {"a": [0.5, 0.51, 0.55], "b": [0.4, 0.42, 0.45]}
    made = Replicates.of(comparison(scores))
    compared = compare_best(made)
    assert compared["p"].notna().sum() == 2
    assert "adjusted for 2 tests (Holm)" in " ".join(conclusions(made.comparison))
    table = replicates_table(made, compared)
    assert table is not None
    assert "adjusted for 2 tests (Holm)" in table.caption


def test_power_is_that_of_the_paired_t_test() -> None:
    made = Replicates.of(comparison({"relu": [0.80, 0.90, 0.85, 0.83], "tanh": [0.84, 0.82, 0.83, 0.80]}))
    text = " ".join(conclusions(made.comparison))
    sd = compare_best(made)["sd"].iloc[0]
    seeds = int(re.search(r"(\d+) seeds would show a difference of 0.5 points in 80 %", text)[1])  # type: ignore[index]
    noncentrality = [0.005 / sd * math.sqrt(n) for n in (seeds - 1, seeds)]
    power = [
        1 - stats.nct.cdf(stats.t.ppf(0.975, n - 1), n - 1, d) + stats.nct.cdf(-stats.t.ppf(0.975, n - 1), n - 1, d)
        for n, d in zip((seeds - 1, seeds), noncentrality, strict=True)
    ]
    assert power[0] < 0.8 <= power[1]


@given(st.floats(0.02, 2))
def test_as_many_seeds_as_statsmodels_says_show_an_effect(effect: float) -> None:
    assert seeds_that_show(effect) == max(math.ceil(TTestPower().solve_power(effect, power=0.8, alpha=0.05)), 3)


def test_three_seeds_make_an_interval() -> None:
    text = " ".join(conclusions(comparison({"relu": [0.9, 0.8, 0.85], "tanh": [0.5, 0.7, 0.6]})))
    assert "Activation ReLU: test accuracy 85.0 ± 12.4 %, n = 3 seeds (sd 5.0 points)." in text  # 4.303 · 5 / √3


@pytest.mark.parametrize("n", [3, 4, 5])
def test_what_the_test_of_wilcoxon_can_give_at_best_is_said(n: int) -> None:
    made = comparison({"relu": [0.9 + 0.01 * seed for seed in range(n)], "tanh": [0.1 * seed for seed in range(n)]})
    least = stats.wilcoxon([1 + 0.1 * seed for seed in range(n)], method="exact").pvalue  # all ranks on one side
    assert f"that of Wilcoxon, cannot give less than p = {least:.3g}." in " ".join(conclusions(made))


def test_intervals_over_folds_are_those_of_nadeau_and_bengio() -> None:
    scores = {"relu": [0.80, 0.90, 0.85, 0.83, 0.88], "tanh": [0.74, 0.82, 0.83, 0.80, 0.79]}
    runs = comparison(scores).runs
    folds = runs.assign(**{"config.dataset.fold": runs["config.seed"], "config.seed": 0, "config.dataset.folds": 5})
    made = Replicates.of(Comparison.of(folds))
    assert made.noun == "folds"
    d = np.array(scores["relu"]) - scores["tanh"]
    error = d.std(ddof=1) * math.sqrt(1 / 5 + 1 / 4)  # n2 / n1 = 1 / (k - 1)
    compared = compare_best(made).iloc[0]
    assert compared["p"] == pytest.approx(2 * stats.t.sf(d.mean() / error, 4))
    assert compared["half"] == pytest.approx(stats.t.ppf(0.975, 4) * error)
    half = made.summary("test")["half"].iloc[0]
    assert half == pytest.approx(stats.t.ppf(0.975, 4) * np.std(scores["relu"], ddof=1) * math.sqrt(0.45))
    assert "Nadeau & Bengio 2003" in " ".join(conclusions(made.comparison))
    assert "n = 5 folds" in conclusions(made.comparison)[0]


def test_a_setting_that_diverges_on_every_seed_is_told() -> None:
    scores = {"relu": [0.9, 0.8, 0.7], "tanh": [0.5, 0.6, 0.55]}
    made = comparison(scores, status={("tanh", seed): "diverged" for seed in range(3)})
    assert "Activation tanh diverged on all 3 seeds." in conclusions(made)


@settings(max_examples=15, deadline=None)
@given(SCORES, st.permutations(range(4)))
def test_names_of_seeds_change_no_conclusion(scores: list[list[float]], names: list[int]) -> None:
    table = {f"s{i}": [value + i for value in values] for i, values in enumerate(scores)}
    renamed = comparison(table).runs
    renamed["config.seed"] = [100 + 7 * names[seed] for seed in renamed["config.seed"]]
    sides = [" ".join(conclusions(one)) for one in (comparison(table), Comparison.of(renamed))]
    number = re.compile(r"\d+\.\d+")
    assert number.sub("#", sides[0]) == number.sub("#", sides[1])
    first, second = ([float(text) for text in number.findall(side)] for side in sides)
    assert first == pytest.approx(second, abs=0.15)  # last digits, of points with a decimal


@settings(max_examples=15, deadline=None)
@given(SCORES)
def test_a_worse_setting_of_constant_score_changes_no_p(scores: list[list[float]]) -> None:
    table = {f"s{i}": [value + i + 1 for value in values] for i, values in enumerate(scores[:3])}
    more = table | {"constant": [0.0] * 4}
    before, after = (compare_best(Replicates.of(comparison(one))) for one in (table, more))
    names = ["n", "difference", "half", "p"]
    pd.testing.assert_frame_equal(before[names], after[names].iloc[: len(before)])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_adjusted_p_values_are_holms(p: list[float]) -> None:
    with patch("gc.collect"):  # which it calls each time
        expected = multipletests(p, method="holm")[1]
    assert list(tests._holm(pd.Series(p)).sort_index()) == pytest.approx(list(expected))


@settings(max_examples=25, deadline=None)
@given(SCORES, st.floats(-0.05, 0.05))
def test_a_common_shift_changes_means_and_nothing_else(scores: list[list[float]], shift: float) -> None:
    table = {f"s{i}": values for i, values in enumerate(scores)}
    moved = {name: [value + shift for value in values] for name, values in table.items()}
    before, after = (compare_best(Replicates.of(comparison(test, validation=table))) for test in (table, moved))
    pd.testing.assert_frame_equal(before, after, rtol=1e-6, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(SCORES, st.permutations(range(16)))
def test_the_order_of_the_runs_does_not_matter(scores: list[list[float]], order: list[int]) -> None:
    # Means that differ: which of two equal settings comes first does depend on the order of the runs.
    table = {f"s{i}": [value + i for value in values] for i, values in enumerate(scores)}
    runs = comparison(table).runs
    mixed = runs.iloc[[i for i in order if i < len(runs)]].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        compare_best(Replicates.of(Comparison.of(runs))), compare_best(Replicates.of(Comparison.of(mixed)))
    )


@settings(max_examples=25, deadline=None)
@given(SCORES)
def test_the_interval_holds_zero_exactly_where_p_is_above_its_level(scores: list[list[float]]) -> None:
    made = compare_best(Replicates.of(comparison({f"s{i}": values for i, values in enumerate(scores)}))).dropna()
    assert ((made["difference"].abs() > made["half"]) == (made["p"] < 0.05)).all()


def test_who_beats_whom_is_said_with_its_interval_and_p() -> None:
    better = [0.850, 0.853, 0.848, 0.855, 0.851]
    worse = [0.844, 0.846, 0.843, 0.848, 0.846]  # 0.6, 0.7, 0.5, 0.7, 0.5 points: mean 0.6, sd 0.1
    sentences = conclusions(comparison({"tanh": worse, "relu": better}))
    half = T_TABLE[4] * 0.1 / math.sqrt(5)
    assert f"{half:.2f}" == "0.12"
    assert sentences[1] == "Activation ReLU beats activation tanh by 0.6 ± 0.1 points (n = 5, d = 6.00, p < 0.001)."
    assert sentences[0].startswith("Activation ReLU: test accuracy 85.1 ± 0.3 %, n = 5 seeds (sd 0.3 points)")
    assert "Picked among 2 settings" in sentences[0]
    assert "report the test figure" in sentences[0]
    assert "± is half of the 95 % confidence interval" in sentences[2]


def test_an_interval_that_holds_zero_is_no_victory() -> None:
    sentences = conclusions(comparison({"relu": [0.80, 0.90, 0.85], "tanh": [0.84, 0.82, 0.83]}))
    assert sentences[1].startswith("No difference between activation ReLU and activation tanh can be shown")
    assert "holds zero" in sentences[1]
    assert not [sentence for sentence in sentences if " beats " in sentence]
    assert "n = 3 is few" in sentences[-1]


def test_what_holds_alone_but_not_among_many_is_not_said_to_beat() -> None:
    base = [0.80, 0.82, 0.84, 0.83, 0.81]
    close = [score - less for score, less in zip(base, (0.030, 0.003, 0.032, 0.012, 0.008), strict=True)]
    rng = np.random.default_rng(0)
    noise = {f"noise{i}": list(rng.normal(0.80, 0.05, 5)) for i in range(3)}
    validation = {name: [0.5 - 0.1 * i] * 5 for i, name in enumerate(["base", "close", *noise])}
    made = Replicates.of(comparison({"base": base, "close": close, **noise}, validation))
    row = compare_best(made).loc[1]
    assert row["p"] < 0.05 < row["p_adjusted"]
    sentences = conclusions(made.comparison)
    assert sentences[1].startswith("Activation base is ahead of activation close by 1.7 ± ")
    assert "may be chance" in sentences[1]


def test_the_picked_may_lose_on_test() -> None:
    validation = {"relu": [0.9, 0.9, 0.9], "tanh": [0.8, 0.8, 0.8]}
    sentences = conclusions(comparison({"relu": [0.50, 0.51, 0.52], "tanh": [0.701, 0.709, 0.72]}, validation))
    assert sentences[1].startswith("Activation tanh beats activation ReLU by 20.0 ± ")
    assert "though it was not picked on validation" in sentences[1]


def test_r2_is_no_percentage() -> None:
    sentences = conclusions(comparison(SLEEP, score="r2"))
    assert sentences[1].startswith("Activation laevo beats activation dextro by 1.58 ± 0.88 in R² (n = 10")


def test_one_seed_is_warned_of_and_not_tested() -> None:
    made = comparison({"relu": [0.9], "tanh": [0.8], "gelu": [0.7]})
    (sentences,) = conclusions(made)
    assert sentences.startswith("n = 1: each of the 3 settings was trained on one seed")
    replicates = Replicates.of(made)
    assert compare_best(replicates).empty
    assert replicates_table(replicates, compare_best(replicates)) is None
    assert replicates.summary("test")[["sd", "half"]].isna().all(axis=None)


def test_one_run_concludes_nothing() -> None:
    assert conclusions(comparison({"relu": [0.9]})) == []


def test_seeds_that_change_nothing_are_no_sample() -> None:
    sentences = conclusions(comparison({"relu": [0.9, 0.9, 0.9], "tanh": [0.8, 0.8, 0.8]}))
    assert (
        "is ahead of activation tanh by 10.0 points on test, on each of 3 seeds: a difference that does not vary"
        in sentences[1]
    )
    assert not [sentence for sentence in sentences if "beats" in sentence]


def test_runs_that_have_not_finished_are_in_no_mean() -> None:
    scores = {"relu": [0.9, 0.1, 0.8], "tanh": [0.5, 0.6, 0.7]}
    made = Replicates.of(comparison(scores, status={("relu", 1): "diverged"}))
    # Of the settings on the most seeds the best is picked: two seeds may be luck.
    assert made.name(0) == "activation tanh"
    assert list(made.n) == [3, 2]
    assert made.summary("test")["mean"].iloc[1] == pytest.approx(0.85)
    assert list(made.unfinished) == [0, 1]
    sentences = " ".join(conclusions(made.comparison))
    assert "Not finished, and not in any mean: 1 run." in sentences
    assert "fewer seeds than the others" in sentences
    assert list(compare_best(made)["n"]) == [2]  # seeds that both have


def test_the_same_seed_twice_counts_once() -> None:
    runs = comparison({"relu": [0.9, 0.8], "tanh": [0.5, 0.6]}).runs
    twice = pd.concat([runs, runs.assign(run=[f"again/{run}" for run in runs["run"]])], ignore_index=True)
    once, both = (Replicates.of(Comparison.of(table)) for table in (runs, twice))
    assert list(both.n) == [2, 2]
    pd.testing.assert_frame_equal(once.summary("test"), both.summary("test"))


def test_without_seeds_in_common_nothing_is_compared() -> None:
    runs = comparison({"relu": [0.9, 0.8], "tanh": [0.5, 0.6]}).runs
    runs.loc[runs["config.model.activation"] == "tanh", "config.seed"] += 2
    sentences = conclusions(Comparison.of(runs))
    assert "0 seeds in common" in sentences[1]


def test_without_validation_nothing_is_picked() -> None:
    scores = {"relu": [0.9, 0.8], "tanh": [0.5, 0.6]}
    made = comparison(scores, {name: [math.nan] * 2 for name in scores})
    assert conclusions(made) == [
        "Without a validation score no settings are picked or compared: see the means over seeds."
    ]
    replicates = Replicates.of(made)
    table = replicates_table(replicates, compare_best(replicates))
    assert table is not None
    assert not table.picked
    assert [name for name in table.data if name.startswith("validation")] == []


def test_what_follows_the_seed_does_not_split_replicates() -> None:
    runs = comparison({"relu": [0.9, 0.8, 0.7], "tanh": [0.5, 0.6, 0.4]}).runs
    runs["config.training.order_seed"] = runs["config.seed"]
    runs = runs[["run", "config.training.order_seed", *runs.columns.drop(["run", "config.training.order_seed"])]]
    made = Replicates.of(Comparison.of(runs))
    assert list(made.n) == [3, 3]
    assert made.drawn == "the initial weights (and dropout) and the order of the examples"


def test_rates_that_look_alike_are_two_settings() -> None:
    runs = comparison({"relu": [0.9, 0.8]}).runs
    rates = [0.1, math.nextafter(0.1, 1), 0.2]  # the first two are written 0.1
    table = pd.concat([runs.assign(**{"config.optimizer.lr": rate}) for rate in rates], ignore_index=True)
    made = Replicates.of(Comparison.of(table.assign(run=list("abcdef"))))
    assert list(made.n) == [2, 2, 2]


def test_table_in_all_formats_says_what_was_computed() -> None:
    scores = {
        name: [0.8 + 0.01 * i + 0.001 * ((seed * (i + 2)) % 5) for seed in range(5)] for i, name in enumerate("ab")
    }
    replicates = Replicates.of(comparison(scores))
    table = replicates_table(replicates, compare_best(replicates))
    assert table is not None
    test = replicates.summary("test").iloc[0]
    assert table.data["test accuracy"].iloc[0] == test["mean"]
    read = presented(table, replicates.comparison)
    half = 100 * test["half"]
    assert 0.1 < half < 1
    assert f"{100 * test['mean']:.1f} ± {half:.1f}" in read.markdown()
    assert "| test accuracy, % " in read.markdown()
    assert "**b**" in read.markdown().splitlines()[2]
    assert f"{100 * test['mean']:.1f} +- {half:.1f}" in read.latex()
    for line, row in itertools.zip_longest(table.csv().splitlines()[1:], table.data.itertuples(index=False)):
        assert line.startswith(f"{row[0]},{row[1]}")


@settings(max_examples=40)
@given(SCORES, st.randoms(use_true_random=False), st.permutations(range(4)))
def test_neither_the_order_of_runs_nor_the_names_of_seeds_change_a_conclusion(
    scores: list[list[float]], random: Random, names: list[int]
) -> None:
    scores = [[round(64 * score) / 64 for score in row] for row in scores]  # sums are exact in any order
    test = {f"a{i}": row for i, row in enumerate(scores)}
    before = comparison(test)
    runs = before.runs.assign(**{"config.seed": before.runs["config.seed"].map(lambda seed: 100 + names[seed])})
    order = list(runs.index)
    random.shuffle(order)
    after = Comparison.of(runs.loc[order].reset_index(drop=True))
    tied = len({round(sum(row), 9) for row in scores}) < len(scores)
    if not tied:  # of equal means the first is the one that came first
        assert conclusions(after) == conclusions(before)
    table, again = (replicates_table(one := Replicates.of(c), compare_best(one)) for c in (before, after))
    assert table is not None
    assert again is not None
    assert sorted(table.data["test accuracy"].round(12)) == sorted(again.data["test accuracy"].round(12))


@settings(max_examples=40)
@given(SCORES)
def test_a_setting_that_always_scores_the_same_changes_no_p(scores: list[list[float]]) -> None:
    """It comes last, and its difference to the first varies with that one: a test of its own, and no other's."""
    test = {f"a{i}": row for i, row in enumerate(scores[:3])}
    before = compare_best(Replicates.of(comparison(test)))
    after = compare_best(Replicates.of(comparison(test | {"constant": [0.05] * 4})))
    assert list(after["p"].head(len(before))) == pytest.approx(list(before["p"]), nan_ok=True)
    assert (after["p_adjusted"].head(len(before)).to_numpy() >= before["p_adjusted"].to_numpy() - 1e-12)[
        before["p_adjusted"].notna()
    ].all()
