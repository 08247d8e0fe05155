"""What is said of settings that were trained on several seeds, word for word."""

import math

import pandas as pd
import pytest
from replicated import comparison

from pipeline.report.comparison import Comparison
from pipeline.report.page._headline import tiles
from pipeline.report.paper._methods import _selection
from pipeline.report.statistics import tests
from pipeline.report.statistics.replicates import Replicates, replicates_table
from pipeline.report.statistics.tests import compare_best, conclusions, power, seeds_that_show
from pipeline.report.vocabulary import listed

STATUS = {"f": "finished", "d": "dropped", "x": "diverged"}
COMPARED = ["n", "difference", "half", "sd", "effect", "p", "p_adjusted"]

CONFIRM = ", and confirm it on new seeds (sweep=confirm)"
NO_SAMPLE = "a difference that does not vary is no sample, so no test is made."
TOO_FEW = "too few to compare them, it takes 3."
DRAWN = "The seed draws the initial weights (and dropout): ± covers that and nothing else."
ALONE = "No other setting finished on as many seeds, so that there was no choice by validation."
UNFINISHED = "Where a setting's runs diverge, the mean of the rest is too optimistic."


def picked(settings: int, score: str, advice: str = CONFIRM) -> str:
    return (
        f"Picked among {settings} settings for the highest mean validation accuracy, {score}, which makes that figure "
        f"look better than it is: report the test figure{advice}."
    )


def few(n: int, p: float) -> str:
    return (
        f"n = {n} is few: the interval is wide, normality cannot be checked, and the test that does without it, that "
        f"of Wilcoxon, cannot give less than p = {p}."
    )


def untested(n: int) -> str:
    return f"n = {n} is few: the interval is wide, and normality cannot be checked."


def pair(difference: float, half: float, adjusted: float) -> pd.DataFrame:
    """A comparison of the first two settings over five seeds."""
    return pd.DataFrame([[5, difference, half, 0.125, 1.0, adjusted, adjusted]], [1], COMPARED)


def test_three_settings_on_four_seeds() -> None:
    scores = {"relu": [0.80, 0.90, 0.85, 0.87], "tanh": [0.70, 0.71, 0.72, 0.69], "gelu": [0.86, 0.83, 0.84, 0.81]}
    assert conclusions(comparison(scores)) == [
        "Activation ReLU: test accuracy 85.5 ± 6.7 %, n = 4 seeds (sd 4.2 points). " + picked(3, "85.5 %"),
        "No difference between activation ReLU and activation GELU can be shown: the former is ahead by 2.0 ± 9.5 "
        "points, an interval that holds zero (n = 4, d = 0.34, adjusted p = 0.549). That does not show that they are "
        "equal either.",
        "Activation ReLU beats activation tanh by 15.0 ± 6.8 points (n = 4, d = 3.54, adjusted p = 0.012).",
        "± is half of the 95 % confidence interval of the mean over n seeds, of the difference where two are compared "
        f"(t distribution, scores taken as normal). {DRAWN}",
        "p is by the paired t test on test figures, adjusted for 2 tests (Holm); d is the effect size, mean / sd.",
        "Where differences vary as between the first two (sd 5.94 points), 1,112 seeds would show a difference of 0.5 "
        "points in 80 % of such sweeps (power of the paired t test).",
        few(4, 0.125),
    ]


def test_one_setting_on_three_seeds() -> None:
    assert conclusions(comparison({"relu": [0.9000, 0.9001, 0.9002]})) == [
        "Test accuracy 90.01 ± 0.02 %, n = 3 seeds (sd 0.01 points).",
        "± is half of the 95 % confidence interval of the mean over n seeds (t distribution, scores taken as normal). "
        + DRAWN,
        untested(3),
    ]


def test_three_settings_on_one_seed_each() -> None:
    made = comparison({"relu": [0.9], "tanh": [0.8], "gelu": [0.7]})
    assert conclusions(made) == [
        "n = 1: each of the 3 settings was trained on one seed, so no difference between them can be distinguished "
        "from luck, least of all the winner's. Sweep seed=0,1,2,3,4 as well for means, intervals and tests."
    ]
    some = conclusions(comparison({"relu": [0.9], "tanh": [0.8], "gelu": [0.7]}, status={("gelu", 0): "dropped"}))
    assert some[0].startswith("n = 1: 2 of 3 settings finished, each on one seed, so no difference between them")
    no_choice = comparison({"relu": [0.9], "tanh": [0.8]}, {"relu": [math.nan], "tanh": [math.nan]})
    assert "from luck. Sweep" in conclusions(no_choice)[0]
    none = pd.DataFrame({name: pd.Series(dtype=float) for name in COMPARED})
    pd.testing.assert_frame_equal(compare_best(Replicates.of(made)), none, check_index_type=False)


def test_a_setting_of_which_no_run_has_finished_is_no_rival() -> None:
    scores = {"relu": [0.5, 0.7], "tanh": [0.5, 0.6], "gelu": [0.4, 0.4]}
    made = comparison(scores, status=dict.fromkeys([("tanh", 1), ("gelu", 0), ("gelu", 1)], "diverged"))
    assert conclusions(made) == [
        f"Activation ReLU: test accuracy 60.0 %, n = 2: 50.0 %, 70.0 %; too few for an interval. {ALONE}",
        f"Activation ReLU has 1 seed in common with activation tanh: {TOO_FEW}",
        "1 setting finished on fewer seeds than the others, only on one (n = 1, no interval): not a candidate.",
        "Activation GELU diverged on both seeds.",
        f"Not finished, and not in any mean: 3 runs. {UNFINISHED}",
    ]


def test_what_halving_picked_among_settings_is_said_to_be_picked() -> None:
    by_halving = (
        f"Halving picked it among 2 settings on validation, which makes its figure there look better than it is: "
        f"report the test figure{CONFIRM}."
    )
    scores = {"relu": [0.5, 0.7], "tanh": [0.4, 0.4]}
    alone = conclusions(comparison(scores, status=dict.fromkeys([("tanh", 0), ("tanh", 1)], "dropped")))
    assert alone[0].endswith(f"No other setting was trained to the end. {by_halving}")
    fewer = conclusions(comparison(scores, status={("tanh", 0): "dropped"}))
    assert fewer[0].endswith(f"No other setting finished on as many seeds. {by_halving}")


def test_of_losses_the_lower_is_better() -> None:
    losses = {"relu": [0.5, 0.75, 1.0], "tanh": [1.0, 1.25, 1.75]}  # differences of mean 7/12 and sd √3/12
    said = conclusions(comparison(losses, score="loss", **{"config.training.select": "validation_loss"}))
    half, t = 4.303 / 12, 7.0
    p = 1 - t / math.sqrt(t**2 + 2)  # of two degrees of freedom
    assert said[1] == (
        f"Activation ReLU beats activation tanh by 0.58 ± {half:.2f} in loss (n = 3, d = {7 / math.sqrt(3):.2f}, "
        f"p = {p:.3f})."
    )


def test_one_setting_on_one_seed_of_two() -> None:
    scores = {"relu": [0.9, math.nan], "tanh": [0.5, 0.6]}
    assert conclusions(comparison(scores, {"relu": [0.9, 0.9], "tanh": [0.5, 0.6]}))[:2] == [
        f"Activation ReLU: test accuracy 90.0 %, n = 1: no interval. {picked(2, '90.0 %')}",
        f"Activation ReLU has 1 seed in common with activation tanh: {TOO_FEW}",
    ]


@pytest.mark.parametrize(
    ("settings", "tied"),
    [
        (2, "b"),
        (5, "b, activation c, activation d and activation e"),
        (6, "b, activation c, activation d, activation e and 1 more"),
    ],
)
def test_a_tie_on_validation_names_up_to_four(settings: int, tied: str) -> None:
    scores = {"abcdef"[i]: [0.5, 0.7] for i in range(settings)} | {"z": [0.1, 0.1]}
    rivals = f"{'bcdef'[: settings - 1]}z"[:4]
    said = conclusions(comparison(scores, **{"config.sweep.kind": "confirm"}))
    assert said == [
        f"Activation a: test accuracy 60.0 %, n = 2: 50.0 %, 70.0 %; too few for an interval. On validation it is tied "
        f"with activation {tied}: nothing there tells them apart, and the first is taken. "
        f"{picked(settings + 1, '60.0 %', '')}",
        f"Activation a has 2 seeds in common with {listed([f'activation {one}' for one in rivals])}: {TOO_FEW}",
    ]


def test_scores_a_billionth_apart_are_no_tie_and_not_equal() -> None:
    sentences = conclusions(comparison({"a": [1e-9] * 4, "b": [0.0] * 4}))
    assert sentences[0].startswith("Activation a: test accuracy 0.0 %, n = 4 seeds (sd 0.0 points). Picked among")
    assert (
        sentences[1] == f"Activation a is ahead of activation b by 0.0 points on test, on each of 4 seeds: {NO_SAMPLE}"
    )


@pytest.mark.parametrize("more", [0.0, 1e-9])
def test_equal_scores_are_no_sample(more: float) -> None:
    equal = (
        "Activation a and activation b have equal test scores on each of 3 seeds, so there is no difference to test."
    )
    assert conclusions(comparison({"a": [more, 0.0, 0.0], "b": [0.0, 0.0, 0.0]}))[1] == equal


def test_of_equal_means_the_first_is_named_first() -> None:
    [_, verdict, _, method, *_] = conclusions(comparison({"a": [0.75, 0.875, 0.75], "b": [0.875, 0.75, 0.75]}))
    assert verdict == (
        "No difference between activation a and activation b can be shown: the former is ahead by 0.0 ± 31.1 points, "
        "an interval that holds zero (n = 3, d = 0.00, p = 1.000). That does not show that they are equal either."
    )
    assert method == (
        "p is by the paired t test on test figures, the only one, so not adjusted; d is the effect size, mean / sd."
    )


def test_what_is_at_a_limit_is_not_beyond_it() -> None:
    made = Replicates.of(comparison({"a": [0.8] * 5, "b": [0.7] * 5}))
    assert tests._verdict(made, 1, pair(-0.02, 0.01, 0.049)) == (
        "activation b beats activation a by 2.0 ± 1.0 points (n = 5, d = 1.00, p = 0.049), on test, though it was not "
        "picked on validation."
    )
    assert tests._verdict(made, 1, pair(0.02, 0.01, 0.05)) == (
        "activation a is ahead of activation b by 2.0 ± 1.0 points, but among all comparisons together one such "
        "difference may be chance (n = 5, d = 1.00, p = 0.050)."
    )
    assert tests._verdict(made, 1, pair(0.01, 0.01, 0.051)) == (
        "No difference between activation a and activation b can be shown: the former is ahead by 1.0 ± 1.0 points, an "
        "interval that holds zero (n = 5, d = 1.00, p = 0.051). That does not show that they are equal either."
    )


def test_seeds_are_counted_where_shares_from_seeds_do_not_differ() -> None:
    scores = {"a": [0.8, 0.9], "b": [0.7, 0.6]}
    shares = comparison(scores)
    assert power(Replicates.of(shares), pair(0.01, 0.02, 0.05)) == [  # (1.960 + 0.842)² / 0.04² + 1.960² / 2 = 4,907.5
        "Where differences vary as between the first two (sd 12.50 points), 4,908 seeds would show a difference of 0.5 "
        "points in 80 % of such sweeps (power of the paired t test)."
    ]
    assert power(Replicates.of(shares), pair(0.01, 0.02, 0.049)) == []
    assert power(Replicates.of(comparison(scores, score="r2")), pair(0.01, 0.02, 0.5)) == []
    folds = shares.runs.rename(columns={"config.seed": "config.dataset.fold"}).assign(**{"config.dataset.folds": 2})
    assert power(Replicates.of(Comparison.of(folds)), pair(0.01, 0.02, 0.5)) == []


@pytest.mark.parametrize(("effect", "seeds"), [(0.04, 4908), (1.44, 6), (2.11, 5), (2.13, 4), (3.22, 4), (10.0, 3)])
def test_so_many_seeds_show_an_effect(effect: float, seeds: int) -> None:
    assert seeds_that_show(effect) == seeds  # as TTestPower().solve_power of statsmodels, and 3 or more


@pytest.mark.parametrize(
    ("outcomes", "sentences"),
    [
        (
            {"relu": "fff", "tanh": "ffx"},
            [
                "1 setting finished on fewer seeds than the others: not a candidate.",
                f"Not finished, and not in any mean: 1 run. {UNFINISHED}",
                untested(3),
            ],
        ),
        (
            {"relu": "fff", "tanh": "ffx", "gelu": "ffx", "elu": "fxx", "selu": "xxx"},
            [
                "3 settings finished on fewer seeds than the others, 1 of them on one (n = 1, no interval): not "
                "candidates.",
                "Activation selu diverged on all 3 seeds.",
                f"Not finished, and not in any mean: 7 runs. {UNFINISHED}",
                untested(3),
            ],
        ),
        (
            {"relu": "fff", "tanh": "fdd", "gelu": "ddd"},
            [
                "1 setting finished on fewer seeds than the others, only on one (n = 1, no interval): not a candidate.",
                "Of one setting halving dropped some seeds and kept the better ones: the mean of the survivors is too "
                "optimistic.",
                untested(3),
            ],
        ),
        (
            {"relu": "fff", "tanh": "ffd", "gelu": "fdd", "elu": "ddd"},
            [
                "2 settings finished on fewer seeds than the others, 1 of them on one (n = 1, no interval): not "
                "candidates.",
                "Of 2 settings halving dropped some seeds and kept the better ones: the mean of the survivors is too "
                "optimistic.",
                untested(3),
            ],
        ),
        (
            {"relu": "ff", "tanh": "xx"},
            [
                "Activation tanh diverged on both seeds.",
                f"Not finished, and not in any mean: 2 runs. {UNFINISHED}",
            ],
        ),
        ({"relu": "ff", "tanh": "x"}, [f"Not finished, and not in any mean: 1 run. {UNFINISHED}"]),
        ({"relu": "fffff"}, [untested(5)]),
        ({"relu": "ffffff"}, []),
    ],
)
def test_what_is_missing_is_warned_of(outcomes: dict[str, str], sentences: list[str]) -> None:
    scores = {setting: [0.9 - 0.1 * i] * len(ends) for i, (setting, ends) in enumerate(outcomes.items())}
    status = {(setting, seed): STATUS[end] for setting, ends in outcomes.items() for seed, end in enumerate(ends)}
    made = Replicates.of(comparison(scores, status=status))
    assert tests._warnings(made, compare_best(made)) == sentences


@pytest.mark.parametrize(("settings", "which"), [(2, "both settings"), (3, "all 3 settings")])
def test_where_all_are_tied_nothing_was_selected(settings: int, which: str) -> None:
    scores = {"abc"[i]: [0.5, 0.7] for i in range(settings)}
    assert conclusions(comparison(scores))[0] == (
        "Activation a: test accuracy 60.0 %, n = 2: 50.0 %, 70.0 %; too few for an interval. On validation "
        f"{which} have the same mean accuracy, 60.0 %: nothing there tells them apart, and the first is taken."
    )


def test_a_setting_on_fewer_seeds_is_no_candidate_in_any_sentence() -> None:
    scores = {"a": [0.9] * 3, "b": [0.8] * 3, "c": [0.95] * 3}
    first, *_, fewer, unfinished, _ = conclusions(comparison(scores, status={("c", 0): "diverged"}))
    assert picked(2, "90.0 %") in first
    assert fewer == "1 setting finished on fewer seeds than the others: not a candidate."
    assert unfinished.startswith("Not finished, and not in any mean: 1 run.")


def test_a_rival_that_is_better_by_the_same_everywhere_is_named_first() -> None:
    validation = {"a": [0.9] * 3, "b": [0.8] * 3}
    assert conclusions(comparison({"a": [0.7] * 3, "b": [0.75] * 3}, validation))[1] == (
        f"Activation b is ahead of activation a by 5.0 points on test, on each of 3 seeds: {NO_SAMPLE}"
    )


@pytest.mark.parametrize(("key", "noun"), [("dataset.fold", "fold"), ("dataset.seed", "replicate")])
def test_what_is_no_seed_is_not_called_one(key: str, noun: str) -> None:
    scores = {"a": [0.9, 0.8], "b": [0.7, 0.6]}
    runs = comparison(scores, **{"config.sweep.replicates": f'["{key}"]', "config.dataset.folds": 2}).runs
    made = Comparison.of(runs.rename(columns={"config.seed": f"config.{key}"}))
    said = [*conclusions(made), *_selection(Replicates.of(made))]
    assert f"Activation a has 2 {noun}s in common with activation b: too few to compare them, it takes 3." in said
    assert "new seeds" not in " ".join(said)
    assert f"highest mean over {noun}s of the validation accuracy" in said[-1]
    assert "mean over seeds" not in " ".join(said)
    table = replicates_table(Replicates.of(made), compare_best(Replicates.of(made)))
    assert table is not None
    assert f"on validation among those on the most {noun}s." in table.caption
    assert f"too few {noun}s to tell the lead from luck" in tiles(made, Replicates.of(made))[3].words
