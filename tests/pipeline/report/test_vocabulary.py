"""What people read in place of keys, values and shares, by absolute expectations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.metrics import ACCURACY, R2, RMSE
from pipeline.report.paper import _model
from pipeline.report.paper._vocabulary import ACTIVATIONS, INITIALIZERS
from pipeline.report.score_format import ScoreFormat
from pipeline.report.vocabulary import column_name, described, key_name, names_of, value_name
from scratchnet.networks import initializer_rule


@pytest.mark.parametrize(
    ("value", "half", "examples", "words"),
    [
        (0.8312, 0.0049, 1000, "83.1 ± 0.5 %"),
        (0.8312, 0.00049, 1000, "83.12 ± 0.05 %"),
        (0.8312, 0.12, 1000, "83.1 ± 12.0 %"),
        (0.8312, math.nan, 1000, "83.1 %"),
        (0.8312, math.nan, 10_000, "83.12 %"),
        (0.8312, 0.0, 1000, "83.1 %"),
        (-0.0001, math.nan, 1000, "0.0 %"),
        (math.nan, math.nan, 1000, "–"),
    ],
)
def test_shares_are_written_in_percent(value: float, half: float, examples: int, words: str) -> None:
    assert ScoreFormat(ACCURACY, examples).score(value, half) == words


def test_other_scores_have_the_digits_of_their_interval_or_four() -> None:
    assert ScoreFormat(R2).score(0.45231, 0.0213) == "0.452 ± 0.021"
    assert ScoreFormat(R2).score(0.45231) == "0.4523"
    assert ScoreFormat(RMSE).score(53.1234) == "53.12"
    assert ScoreFormat(RMSE).score(53.1234, 12.3) == "53 ± 12"
    assert ScoreFormat(ACCURACY).difference(0.0112, 0.0079) == "1.1 ± 0.8 points"
    assert ScoreFormat(ACCURACY).difference(0.3, sign="+") == "+30.0 points"
    assert ScoreFormat(R2).difference(-0.031) == "−0.0310 in R²"
    assert ScoreFormat(ACCURACY).ends(0.7901, 0.8379) == "from 79.0 to 83.8 %"


@given(st.floats(0, 1), st.floats(1e-6, 0.5))
def test_what_is_written_is_the_share_to_its_last_digit(value: float, half: float) -> None:
    number, _, rest = ScoreFormat(ACCURACY).score(value, half).partition(" ± ")
    digits = len(number.partition(".")[2])
    assert float(number) == pytest.approx(100 * value, abs=0.501 * 10.0**-digits)
    assert float(rest.removesuffix(" %")) == pytest.approx(100 * half, abs=0.501 * 10.0**-digits)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        *[("[64,32]", "64-32"), ("[256]", "256"), ("[0.5, 0.25]", "0.5, 0.25"), (None, "none"), (True, "yes")],
        *[("relu", "ReLU"), (0.05, "0.05"), ("mine:Layer", "mine:Layer"), ("[]", "none")],
    ],
)
def test_values_have_names(value: object, name: str) -> None:
    assert value_name(value) == name


def test_keys_have_names_that_tell_them_apart() -> None:
    assert key_name("config.optimizer.lr") == "learning rate"
    assert key_name("dataset.samples") == "samples of dataset"
    assert names_of({"config.seed": "seed", "config.dataset.seed": "dataset.seed"}) == {
        "config.seed": "seed",
        "config.dataset.seed": "seed of dataset",
    }
    assert described({"hidden units": "[64,32]", "momentum": math.nan, "learning rate": 0.1}) == (
        "hidden units 64-32, learning rate 0.1"
    )


def test_columns_of_shares_are_in_percent() -> None:
    assert column_name("metric.best_validation_accuracy") == "validation accuracy, %"
    assert column_name("metric.final_test_accuracy") == "test accuracy, last epoch, %"
    assert column_name("metric.best_test_r2") == "test R²"
    assert column_name("metric.parameters") == "parameters"


@pytest.mark.parametrize("activation", [*ACTIVATIONS, "my_module:Swish"])
@pytest.mark.parametrize("initializer", ["auto", *INITIALIZERS])
def test_initial_weights_are_said_to_start_as_the_engine_starts_them(initializer: str, activation: str) -> None:
    assert _model._rule(initializer, activation) == initializer_rule(initializer, activation)
