"""Metrics beside loss and score: scikit-learn is the oracle, and what is undefined is NaN."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn import metrics as sk

from pipeline.datasets import Task
from pipeline.errors import UserError
from pipeline.metrics import FURTHER, METRICS, SCORES, metric_of, selected
from pipeline.metrics.checks import metric_mistakes
from pipeline.metrics.scoring import SHIPPED, Predictions, _log_odds, figures, further_of

RNG = np.random.default_rng(3)


def classes(count: int, k: int, scale: float = 1.0) -> Predictions:
    return Predictions("classification", scale * RNG.normal(size=(count, k)), RNG.integers(0, k, count))


def fitting(predictions: Predictions) -> dict[str, float]:
    """All that ship for the task, however many classes there are."""
    return figures(
        predictions, {name: SHIPPED[name] for name, metric in FURTHER.items() if predictions.task in metric.tasks}
    )


@pytest.mark.parametrize("k", [2, 3, 12])
def test_of_classes(k: int) -> None:
    predictions = classes(400, k)
    found = fitting(predictions)
    y, predicted, p = predictions.targets, predictions.outputs.argmax(1), softmax(predictions.outputs, axis=1)
    np.testing.assert_allclose(predictions.probabilities, p)
    assert found["balanced_accuracy"] == sk.balanced_accuracy_score(y, predicted)
    assert found["macro_f1"] == sk.f1_score(y, predicted, average="macro")
    auc = sk.roc_auc_score(y, p[:, 1]) if k == 2 else sk.roc_auc_score(y, p, multi_class="ovr", average="macro")
    assert found["roc_auc"] == pytest.approx(auc, abs=1e-12)
    if k > 5:
        assert found["top5"] == sk.top_k_accuracy_score(y, p, k=5)
    else:
        assert math.isnan(found["top5"])


def test_of_labels() -> None:
    outputs = RNG.normal(size=(300, 4))
    truth = (outputs + RNG.normal(size=(300, 4)) > 0.5).astype(float)
    predictions = Predictions("multilabel", outputs, truth)
    found = figures(predictions, further_of("multilabel", 4))
    assert found == {
        "macro_f1": sk.f1_score(truth, outputs > 0, average="macro"),
        "roc_auc": pytest.approx(sk.roc_auc_score(truth, expit(outputs)), abs=1e-12),
    }
    np.testing.assert_allclose(predictions.probabilities, expit(outputs))


@pytest.mark.parametrize("outputs", [1, 3])
def test_of_values(outputs: int) -> None:
    truth = RNG.normal(size=(50, outputs))
    guess = truth + RNG.normal(size=(50, outputs))
    found = figures(Predictions("regression", guess, truth), further_of("regression", outputs))
    assert found == {
        "mae": sk.mean_absolute_error(truth, guess),
        "rmse": sk.root_mean_squared_error(truth, guess),
    }


@pytest.mark.filterwarnings("ignore::UserWarning")  # scikit-learn's, of classes that are nowhere
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 40),
    k=st.integers(2, 12),
    levels=st.integers(1, 5),
    task=st.sampled_from(["classification", "multilabel", "regression"]),
)
def test_of_any_predictions(seed: int, count: int, k: int, levels: int, task: Task) -> None:
    """Few levels make ties, few examples classes that are nowhere."""
    rng = np.random.default_rng(seed)
    outputs = rng.integers(-levels, levels, (count, k)).astype(float)
    if task == "classification":
        y = rng.integers(0, k, count)
        predicted, outcomes = outputs.argmax(1), np.eye(k)[y]
        expected = {
            "balanced_accuracy": sk.balanced_accuracy_score(y, predicted),
            "macro_f1": sk.f1_score(y, predicted, average="macro", zero_division=0),
            "top5": sk.top_k_accuracy_score(y, outputs, k=5, labels=np.arange(k)) if k > 5 else math.nan,
        }
        scores = _log_odds(outputs)
    elif task == "multilabel":
        y = outcomes = (rng.random((count, k)) < 0.3).astype(float)
        expected = {"macro_f1": sk.f1_score(y, outputs > 0, average="macro", zero_division=0)}
        scores = outputs
    else:
        y = rng.normal(size=(count, k))
        expected = {"mae": sk.mean_absolute_error(y, outputs), "rmse": sk.root_mean_squared_error(y, outputs)}
    if task != "regression":
        defined = not (outcomes == outcomes[0]).all(0).any()
        expected["roc_auc"] = sk.roc_auc_score(outcomes, scores, average="macro") if defined else math.nan
    assert fitting(Predictions(task, outputs, y)) == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_ranks_are_not_lost_where_probabilities_are_rounded_to_one() -> None:
    """Of logits that differ by hundreds the softmax is 1 in every row: only their order tells the classes apart."""
    margin = np.array([300.0, 200.0, 100.0, 50.0])
    predictions = Predictions("classification", np.stack([0 * margin, margin], 1), np.array([1, 1, 0, 0]))
    assert (predictions.probabilities[:, 1] == 1).all()
    assert fitting(predictions)["roc_auc"] == 1.0
    three = Predictions("classification", np.stack([0 * margin, margin, -margin], 1), np.array([1, 1, 0, 2]))
    by_hand = [sk.roc_auc_score([0, 0, 1, 0], -margin), sk.roc_auc_score([1, 1, 0, 0], margin)]
    by_hand.append(sk.roc_auc_score([0, 0, 0, 1], -2 * margin))
    assert fitting(three)["roc_auc"] == pytest.approx(np.mean(by_hand))


def test_a_class_that_a_split_lacks_makes_roc_auc_undefined_and_nothing_else() -> None:
    predictions = Predictions("classification", RNG.normal(size=(40, 3)), RNG.integers(0, 2, 40))
    found = fitting(predictions)
    assert math.isnan(found["roc_auc"])
    assert found["balanced_accuracy"] == pytest.approx(
        np.mean([(predictions.predicted == k)[predictions.targets == k].mean() for k in (0, 1)])
    )
    assert 0 < found["macro_f1"] < 1
    flags = np.eye(3)[predictions.targets]  # the third label is nowhere
    assert math.isnan(fitting(Predictions("multilabel", predictions.outputs, flags))["roc_auc"])


@pytest.mark.parametrize("constant", [0, 1])
def test_a_constant_predictor(constant: int) -> None:
    outputs = np.zeros((30, 2))
    outputs[:, constant] = 1
    found = fitting(Predictions("classification", outputs, np.arange(30) % 2))
    assert (found["balanced_accuracy"], found["roc_auc"]) == (0.5, 0.5)
    assert found["macro_f1"] == pytest.approx(1 / 3)
    values = fitting(Predictions("regression", np.full((4, 1), 2.0), np.arange(4.0)[:, None]))
    assert (values["mae"], values["rmse"]) == (1.0, pytest.approx(math.sqrt(1.5)))


@pytest.mark.parametrize(
    ("outputs", "targets"),
    [
        (np.zeros((0, 2)), np.zeros(0, np.int64)),
        (np.full((4, 2), np.nan), np.arange(4) % 2),
        (np.array([[np.inf, 0.0]] * 4), np.arange(4) % 2),
        (np.ones((4, 2)), np.zeros(4, np.int64)),
    ],
    ids=["empty", "nan", "infinity", "one class"],
)
def test_what_is_undefined_is_nan(outputs: np.ndarray, targets: np.ndarray) -> None:
    found = figures(Predictions("classification", outputs, targets), {"roc_auc": SHIPPED["roc_auc"]})
    assert math.isnan(found["roc_auc"])


def test_a_metric_of_ones_own_that_fails_is_told() -> None:
    predictions = classes(10, 2)
    assert figures(predictions, {"mine": lambda p: float((p.predicted == p.targets).mean())})["mine"] <= 1
    assert math.isnan(figures(predictions, {"mine": lambda p: math.inf})["mine"])
    for broken in (lambda p: 1 / 0, lambda p: "much", lambda p: None):
        with pytest.raises(UserError, match=r"the metric mine: raised .* it takes Predictions and returns a number"):
            figures(predictions, {"mine": broken})  # type: ignore[dict-item]


def test_which_ones_mean_something() -> None:
    assert list(further_of("classification", 10)) == ["balanced_accuracy", "macro_f1", "roc_auc"]
    assert "top5" in further_of("classification", 11)
    assert list(further_of("multilabel", 20)) == ["macro_f1", "roc_auc"]
    assert list(further_of("regression", 1)) == ["mae", "rmse"]
    assert set(SHIPPED) == set(FURTHER)
    assert all(metric.definition for metric in METRICS.values())


def test_select_names_a_metric_in_its_direction() -> None:
    assert selected("auto", "regression") == SCORES["regression"]
    assert selected(None, "multilabel") == SCORES["multilabel"]  # runs of earlier versions
    assert selected(math.nan, "classification") == SCORES["classification"]
    assert selected("validation_macro_f1", "classification").rank(0.5) == 0.5
    assert selected("validation_rmse", "regression").rank(0.5) == -0.5
    assert metric_of("my_metrics:quadratic_kappa").label == "quadratic kappa"
    assert selected("validation_quadratic_kappa", "classification") == metric_of("my_metrics:quadratic_kappa")


@pytest.mark.parametrize(
    ("metrics", "select", "task", "said"),
    [
        ([], "validation_f1", None, "training.select=validation_f1: no such metric; there are loss, accuracy, "),
        ([], "validation_f1_macro", None, "did you mean macro_f1?"),
        ([], "validation_mae", "classification", "training.select=validation_mae: means nothing for classification"),
        (
            ["roc_auc"],
            "auto",
            "regression",
            "training.metrics=[roc_auc]: means nothing for regression; take one of loss",
        ),
        (["accuracy"], "auto", None, "training.metrics=[accuracy]: every run records it; leave it out"),
        (["mae", "mae"], "auto", None, "stands there twice"),
        (["my:mae"], "auto", None, "training.metrics=[my:mae]: there is a metric mae already; give yours another name"),
        (["top5"], "auto", "classification", "training.metrics=[top5]: all of 3 classes are among the five largest"),
    ],
)
def test_names_that_mean_nothing_are_told(metrics: list[str], select: str, task: str | None, said: str) -> None:
    lines = metric_mistakes(metrics, select, task, 3)  # type: ignore[arg-type]
    assert any(said in line for line in lines), lines
