"""What is said of the best: its lead in examples, ties, the size of the test split, the constant predictor, the end."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from pipeline.metrics import ACCURACY
from pipeline.report.baseline import baseline_of
from pipeline.report.comparison import Comparison
from pipeline.report.statistics.shares import wilson
from pipeline.report.statistics.winner import best_run, trust

NAN = float("nan")
CLASSES = ["inside", "outside"]
COUNTS = {"train": [30, 70], "validation": [40, 60], "test": [45, 155]}


def runs(
    validation: list[float], test: list[float] | None = None, best_epoch: int = 3, **columns: object
) -> Comparison:
    rows = []
    for number, score in enumerate(validation):
        row = {"run": str(number), "status": "finished", "message": None, "task": "classification", "config.seed": 0}
        row |= {"config.optimizer.lr": 0.1 * (number + 1), "config.training.epochs": 5, "metric.best_epoch": best_epoch}
        row |= {"metric.best_validation_accuracy": score, "metric.best_train_accuracy": score + 0.07}
        row |= {"metric.best_test_accuracy": (test or validation)[number]}
        row |= {"provenance.data.classes": json.dumps(CLASSES)}
        row |= {f"provenance.data.examples_of_classes.{split}": json.dumps(n) for split, n in COUNTS.items()}
        row |= {f"provenance.examples.{split}": sum(n) for split, n in COUNTS.items()}
        rows.append(row | columns)
    return Comparison.of(pd.DataFrame(rows))


def test_the_lead_is_told_in_examples() -> None:
    (sentence,) = best_run(runs([0.90, 0.93, 0.80]))
    assert "Best by validation: run 1" in sentence
    assert "It is 3.0 points (3 of 100 examples) above the second on validation." in sentence


def test_a_tie_is_called_so() -> None:
    (sentence,) = best_run(runs([0.93, 0.93, 0.80]))
    assert "tied on validation with run 1: nothing there tells them apart" in sentence
    assert "above the second" not in sentence


def test_the_test_split_is_a_sample() -> None:
    text = " ".join(trust(runs([0.9, 0.8], [0.85, 0.8])))
    low, high = proportion_confint(170, 200, 0.05, method="wilson")
    assert f"170 right of 200 leave a 95 % interval from {100 * low:.1f} to {100 * high:.1f} % (Wilson)" in text


@given(st.integers(1, 20_000), st.floats(0, 1))
def test_the_interval_of_a_share_is_that_of_statsmodels(examples: int, share: float) -> None:
    right = round(share * examples)
    expected = proportion_confint(right, examples, 0.05, method="wilson")
    assert wilson(right / examples, examples) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ([0.6, 0.55, 0.9], "2 of 3 runs are no better than always answering “outside”, the most common class"),
        ([0.61, 0.9], "Both runs are better than always answering “outside”"),
        ([0.6], "The run is no better than always answering “outside”"),
        ([0.6 + 1e-9], "The run is no better than always answering “outside”"),
        ([0.61], "The run is better than always answering “outside”"),
        ([0.6, 0.5, 0.4], "All 3 runs are no better than"),
        ([0.61, 0.9, NAN], "Both runs with a score are better than"),
        ([0.6, 0.9, NAN], "1 of the 2 runs with a score is no better than"),
        ([0.61, NAN, NAN], "The only run with a score is better than"),
    ],
)
def test_the_constant_predictor(scores: list[float], words: str) -> None:
    comparison = runs(scores)
    assert comparison.baseline is not None
    assert comparison.baseline.scores == {"train": 0.7, "validation": 0.6, "test": 0.775}
    assert words in " ".join(trust(comparison))
    assert comparison.listing.markdown().splitlines()[-1].startswith("| baseline ")
    assert "baseline" not in comparison.listing.csv()


def test_examples_of_any_number_of_labels_have_no_constant_answer() -> None:
    """How many have each label does not say how many have which together."""
    of_labels = runs([0.6, 0.9]).runs.assign(task="multilabel")
    assert baseline_of(of_labels, ACCURACY) is None


def test_regression_is_measured_against_the_mean() -> None:
    table = runs([0.9, -0.2]).runs.rename(columns=lambda name: name.replace("accuracy", "r2"))
    comparison = Comparison.of(table.assign(task="regression"))
    text = " ".join(trust(comparison))
    assert "1 of 2 runs is no better than always answering the mean of the targets (validation R² 0.0000)" in text
    assert "Wilson" not in text


def test_best_at_the_last_epoch() -> None:
    assert "The first 2 runs of the table are best at the last epoch" in " ".join(trust(runs([0.9, 0.8], best_epoch=5)))
    assert "last epoch" not in " ".join(trust(runs([0.9, 0.8])))
    assert "On training the accuracy of run 0 is 7.0 points above that on validation." in trust(runs([0.9, 0.8]))


def test_equal_scores_on_training_and_validation_are_called_so() -> None:
    made = runs([0.9], **{"metric.best_train_accuracy": 0.9})
    assert trust(made)[-1] == "On training the accuracy of run 0 is equal to that on validation."


@pytest.mark.parametrize("key", ["config.dataset.seed", "provenance.data_fingerprint"])
def test_examples_are_not_counted_across_different_data(key: str) -> None:
    made = runs([0.90, 0.93]).runs.assign(**{key: ["0", "1"]})
    assert "It is 3.0 points above the second" in best_run(Comparison.of(made))[0]


@pytest.mark.parametrize(
    ("equal", "words"),
    [(2, "run 1"), (3, "runs 1, 2"), (6, "runs 1, 2, 3, 4, 5"), (7, "runs 1, 2, 3, 4, 5 and 1 more")],
)
def test_a_tie_names_up_to_five(equal: int, words: str) -> None:
    [sentence] = best_run(runs([0.93] * equal + [0.8]))
    assert sentence.endswith(f"It is tied on validation with {words}: nothing there tells them apart.")


def test_a_lead_owes_something_to_luck() -> None:
    [sentence] = best_run(runs([0.90, 0.93, 0.80]))
    assert sentence.endswith(
        "It is 3.0 points (3 of 100 examples) above the second on validation. A winner among many also owes "
        "something to luck: its test figure is what counts."
    )


def test_scores_a_billionth_apart_are_no_tie() -> None:
    [sentence] = best_run(runs([0.0, 1e-9]))
    assert "It is 0.0 points (0 of 100 examples) above the second on validation." in sentence


def test_the_best_run_is_given_with_its_setting_and_epoch_and_all_its_figures() -> None:
    further = {"metric.best_test_balanced_accuracy": 0.88, "metric.best_test_macro_f1": 0.8512}
    [sentence] = best_run(runs([0.90, 0.93], [0.90, 0.91], **further))
    assert sentence.startswith(
        "Best by validation: run 1 (learning rate 0.2) at epoch 3, validation accuracy 93.0 %, test accuracy 91.0 %. "
        "Further on test: balanced accuracy 88.0 %, macro F1 0.8512. It is 3.0 points"
    )


def test_all_that_limits_a_claim() -> None:
    sentences = [  # 200 (p − 0.9)² = 1.96² p (1 − p) for p = 0.8506 and 0.9343
        "The test split is a sample as well: 180 right of 200 leave a 95 % interval from 85.1 to 93.4 % (Wilson).",
        "The run is better than always answering “outside”, the most common class (validation accuracy 60.0 %).",
        "The run is best at the last epoch: longer training (training.epochs) may give more.",
        "On training the accuracy of run 0 is 7.0 points above that on validation.",
    ]
    alone = runs([0.9], best_epoch=5)
    assert trust(alone) == sentences
    assert trust(runs([0.9], best_epoch=5, **{"metric.best_train_accuracy": None})) == sentences[:-1]
    on_seeds = pd.concat([alone.runs, alone.runs.assign(**{"run": "1", "config.seed": 1})], ignore_index=True)
    assert trust(Comparison.of(on_seeds)) == [
        "Of one run, the test split is a sample as well: 180 right of 200 leave a 95 % interval from 85.1 to 93.4 % "
        "(Wilson).",
        "Both runs are better than always answering “outside”, the most common class (validation accuracy 60.0 %).",
        "All runs are best at the last epoch: longer training (training.epochs) may give more.",
        "On training the accuracy of run 0 (the replicate nearest to the mean) is 7.0 points above that on validation.",
    ]
