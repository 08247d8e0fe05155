"""The estimators are scikit-learn's: its own checks, its searches and pipelines, and the engine's numbers inside."""

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import scratchnet as sn
from scratchnet.sklearn import ScratchClassifier, ScratchRegressor
from scratchnet.sklearn._estimators import _mean_and_scale

IRIS = load_iris(return_X_y=True)
QUICK: dict[str, Any] = {"hidden": (8,), "epochs": 5, "random_state": 0, "batch_size": 32, "schedule": "constant"}


def scaled() -> tuple[np.ndarray, np.ndarray]:
    return StandardScaler().fit_transform(IRIS[0]), IRIS[1]


@parametrize_with_checks([ScratchClassifier(), ScratchRegressor()])
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def test_the_check_that_needs_its_own_environment() -> None:
    """scikit-learn skips it above: it wants the variable before scipy is imported."""
    program = """
from sklearn.utils.estimator_checks import estimator_checks_generator
from scratchnet.sklearn import ScratchClassifier, ScratchRegressor
for model in (ScratchClassifier(), ScratchRegressor()):
    for estimator, check in estimator_checks_generator(model):
        if check.func.__name__ == "check_array_api_input":
            check(estimator)
            print("passed")
"""
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "passed\npassed\n", "")


def test_a_grid_search_over_a_pipeline_finds_a_good_classifier() -> None:
    X, y = load_digits(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), ScratchClassifier(epochs=15, random_state=0))
    grid = {"scratchclassifier__hidden": [(), (64,)], "scratchclassifier__lr": [1e-5, 1e-2]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X[:1200], y[:1200])
    assert search.best_params_ == {"scratchclassifier__hidden": (64,), "scratchclassifier__lr": 1e-2}
    assert search.score(X[1200:], y[1200:]) > 0.9


def test_probabilities_are_the_softmax_of_the_network() -> None:
    X, y = scaled()
    model = ScratchClassifier(**QUICK, activation="tanh").fit(X, y)
    p = model.params_
    logits = np.tanh(X @ p["0.weight"] + p["0.bias"]) @ p["2.weight"] + p["2.bias"]
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), expected, rtol=1e-12)
    assert (model.predict(X) == expected.argmax(1)).all()
    assert model.network_ == sn.Sequential((sn.Linear(4, 8), sn.Tanh(), sn.Linear(8, 3)))
    assert len(model.loss_curve_) == model.n_iter_ == 5
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_sum_to_one(dtype: str) -> None:
    X, y = scaled()
    found = ScratchClassifier(**QUICK, dtype=dtype).fit(X, y).predict_proba(1e3 * X)
    np.testing.assert_allclose(found.sum(1), 1, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    "names",
    [
        np.array(["b", "a", "c"]),
        np.array(["b", "a", "c"], dtype=object),
        np.array([7, -1, 3]),
        np.array([0.0, 2.0, 1.0]),
        pd.Categorical(["b", "a", "c"]),
    ],
    ids=["text", "objects", "whole numbers", "floats", "categories"],
)
def test_labels_may_be_of_any_type(names: Any) -> None:
    X, y = scaled()
    labels = names[y]
    model = ScratchClassifier(**QUICK | {"epochs": 40}, lr=0.01).fit(X, labels)
    assert list(model.classes_) == sorted(names)
    assert model.score(X, labels) > 0.8
    assert set(model.predict(X)) <= set(names)
    two = ScratchClassifier(**QUICK).fit(X, y == 0)
    assert two.classes_.dtype == bool
    assert two.predict_proba(X).shape == (150, 2)


def test_the_seed_decides_weights_order_and_dropout() -> None:
    X, y = scaled()
    settings = {**QUICK, "dropout": 0.3, "patience": 3}
    first, again = (ScratchClassifier(**settings).fit(X, y).predict_proba(X) for _ in range(2))
    assert (first == again).all()
    other = ScratchClassifier(**settings | {"random_state": 1}).fit(X, y).predict_proba(X)
    assert (first != other).all()
    free = (ScratchClassifier(**settings | {"random_state": None}).fit(X, y).predict_proba(X) for _ in range(2))
    assert (next(free) != next(free)).any()
    state = np.random.RandomState(3)  # as scikit-learn has it: an instance goes on
    assert (ScratchClassifier(**settings | {"random_state": state}).fit(X, y).predict_proba(X) != first).all()


def test_partial_fit_is_an_epoch_of_fit() -> None:
    X, y = scaled()
    whole = ScratchClassifier(**QUICK | {"batch_size": 20}, momentum=0.5, optimizer="sgd", lr=0.1).fit(X, y)
    parts = clone(whole)
    for _ in range(4):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    parts = pickle.loads(pickle.dumps(parts)).partial_fit(X, y)  # with all that it needs to go on
    assert parts.n_iter_ == 5
    assert parts.loss_curve_ == whole.loss_curve_
    assert (parts.predict_proba(X) == whole.predict_proba(X)).all()


def test_partial_fit_takes_classes_that_come_later() -> None:
    X, y = scaled()
    model = ScratchClassifier(**QUICK, lr=0.01)
    for start in range(0, 150, 50):  # sorted by class
        model.partial_fit(X[start : start + 50], y[start : start + 50], classes=[2, 1, 0])
    assert model.predict_proba(X).shape == (150, 3)
    with pytest.raises(ValueError, match=r"y holds \[7\], which are not among the classes \[0, 1, 2\]"):
        model.partial_fit(X[:2], [0, 7])
    with pytest.raises(ValueError, match="are not those of the first call"):
        model.partial_fit(X[:2], [0, 1], classes=[0, 1])
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        ScratchClassifier().partial_fit(X, y)
    assert model.fit(X[:100], y[:100]).classes_.tolist() == [0, 1]  # fit starts anew


def test_patience_stops_and_keeps_the_best_epoch() -> None:
    X, y = scaled()
    settings = {**QUICK, "epochs": 200, "lr": 0.02, "validation_fraction": 0.3}
    model = ScratchClassifier(**settings, patience=4).fit(X, y)
    scores = model.validation_scores_
    assert len(scores) == model.n_iter_ == model.best_epoch_ + 4 < 200
    assert model.best_epoch_ == 1 + int(np.argmax(scores))
    until = ScratchClassifier(**settings | {"epochs": model.best_epoch_}, patience=200).fit(X, y)
    assert (until.predict_proba(X) == model.predict_proba(X)).all()
    regression = ScratchRegressor(**settings, patience=2).fit(X, X[:, :2] @ [[1.0, 2.0], [3.0, 4.0]])
    assert regression.validation_scores_[regression.best_epoch_ - 1] == max(regression.validation_scores_) > 0.9


def test_a_linear_regressor_finds_the_least_squares() -> None:
    X, y = load_diabetes(return_X_y=True)
    X, y = StandardScaler().fit_transform(X), (y - y.mean()) / y.std()
    model = ScratchRegressor(
        (), optimizer="sgd", lr=0.02, batch_size=442, epochs=4000, l2=0, schedule="constant", random_state=0
    )
    model.fit(X, y)
    best = LinearRegression().fit(X, y)
    assert model.score(X, y) == pytest.approx(best.score(X, y), abs=1e-4)
    np.testing.assert_allclose(model.predict(X), best.predict(X), atol=0.02)


def test_regression_of_several_values_and_of_large_ones() -> None:
    X, y = load_diabetes(return_X_y=True)
    wide = np.stack([y, 2 * y], 1)
    inner = ScratchRegressor((16,), epochs=20, lr=0.003, random_state=0)
    model = make_pipeline(StandardScaler(), TransformedTargetRegressor(inner, transformer=StandardScaler()))
    assert cross_val_score(model, X, y, cv=3).min() > 0.3
    assert model.fit(X, wide).predict(X).shape == wide.shape
    direct = clone(inner).fit(X, wide)
    assert direct.predict(X[:3]).shape == (3, 2)
    assert clone(inner).fit(X, wide[:, :1]).predict(X[:3]).shape == (3, 1)
    with pytest.raises(ValueError, match="y has 1 values an example, the first call had 2"):
        direct.partial_fit(X, y)


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd", "momentum": 0.0, "batch_size": 8},  # the compiled steps
        {"optimizer": sn.SGD(nesterov=True), "schedule": sn.Cosine(warmup=1)},
        {"optimizer": sn.Adam(beta1=0.8), "schedule": "one_cycle"},
        {"schedule": "cosine", "layer_norm": True, "activation": "gelu", "dtype": "float32"},
        {"schedule": "step", "activation": "leaky_relu", "input_dropout": 0.1, "initializer": "normal"},
        {"activation": "sigmoid", "l2": 0.01, "weight_decay": 0.01, "label_smoothing": 0.1, "device": "auto"},
        {"hidden": [9, 7], "initializer": "he", "epochs": np.int64(4), "lr": np.float32(0.01)},
        {"hidden": ()},
    ],
    ids=str,
)
def test_all_settings_train_and_survive_a_clone(settings: dict[str, Any]) -> None:
    X, y = scaled()
    model = ScratchClassifier(**QUICK | {"lr": 0.02, **settings})
    again = clone(model).fit(X, y)
    assert again.get_params() == model.get_params()
    assert again.loss_curve_[-1] < again.loss_curve_[0]
    assert (again.predict_proba(X) == model.fit(X, y).predict_proba(X)).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"hidden": 64}, r"hidden=64; allowed: a tuple of widths of 1 or more, such as \(128,\)"),
        ({"hidden": (0,)}, r"hidden=\(0,\); allowed"),
        ({"activation": "swish"}, "activation='swish'; allowed: relu, leaky_relu, tanh, sigmoid, gelu$"),
        ({"optimizer": "lbfgs"}, "optimizer='lbfgs'; allowed: sgd, adam, or a scratchnet.Optimizer"),
        ({"schedule": 3}, "schedule=3; allowed: auto, constant, step, cosine, one_cycle, or a scratchnet.Schedule"),
        ({"lr": 0}, "lr=0; allowed: a number above 0"),
        ({"lr": float("nan")}, "lr=nan; allowed"),
        ({"dropout": 1}, "dropout=1; allowed: from 0 up to, but not including, 1"),
        ({"epochs": 2.5}, r"epochs=2\.5; allowed: a whole number of 1 or more"),
        ({"patience": -1}, "patience=-1; allowed: a whole number of 0 or more"),
        ({"validation_fraction": 0}, "validation_fraction=0; allowed: between 0 and 1"),
        ({"layer_norm": 1}, "layer_norm=1; allowed: True or False"),
        ({"class_weight": np.ones(3)}, r"class_weight=array.*; allowed: None, 'balanced', or a dict of a weight of"),
        ({"class_weight": {0: "a"}}, r"class_weight=\{0: 'a'\}; allowed"),
        ({"class_weight": {0: -1}}, r"class_weight=\{0: -1\}; allowed"),
        ({"lr": 10**400}, r"lr=10*; allowed: a number above 0"),
        ({"l2": 10**400}, r"l2=10*; allowed: 0 or more"),
        ({"dtype": "float16"}, "dtype='float16'; allowed: float32, float64"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_allowed(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^ScratchClassifier: {said}"):
        ScratchClassifier(**wrong).fit(*IRIS)


@pytest.mark.parametrize(
    "model",
    [
        ScratchRegressor(optimizer="sgd", lr=1e3, random_state=0),
        ScratchRegressor(normalize_y=False, random_state=0),  # squares of its gradients overflow, its weights do not
    ],
)
def test_training_that_diverges_is_an_error(model: Any) -> None:
    X, y = scaled()
    with pytest.raises(ValueError, match=r"weights, or their moments, are no longer finite after epoch .*; scale"):
        model.fit(X, 1e200 * y)


def repeated(X: Any, y: Any, counts: np.ndarray) -> tuple[Any, Any]:
    return np.repeat(X, counts, axis=0), np.repeat(y, counts, axis=0)


WHOLE: dict[str, Any] = {"hidden": (6,), "batch_size": 1000, "epochs": 30, "lr": 0.05, "random_state": 0}


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("kernel", ["compiled", "plain"])
def test_a_weight_counts_as_equal_rows(optimizer: str, kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an epoch is one batch, in both kernels, with all that is learned of the targets."""
    if kernel == "plain":
        monkeypatch.setattr("scratchnet.kernels.compiled.refusal", lambda run, device: "not asked")
    rng = np.random.default_rng(0)
    X, y = scaled()
    counts = rng.integers(0, 4, len(X))
    for balanced in (None, "balanced", {0: 3.0, 1: 1.0, 2: 0.5}):
        weighted = ScratchClassifier(**WHOLE, optimizer=optimizer, class_weight=balanced, label_smoothing=0.1)
        rows = clone(weighted).fit(*repeated(X, y, counts))
        weighted.fit(X, y, sample_weight=counts * 7.0)
        np.testing.assert_allclose(weighted.predict_proba(X), rows.predict_proba(X), rtol=1e-6, atol=1e-9)
        assert weighted.loss_curve_ == pytest.approx(rows.loss_curve_, rel=1e-6)
        assert weighted.score(X, y, counts) == pytest.approx(rows.score(*repeated(X, y, counts)))
    values = np.stack([100 * X[:, 0] + 5, X[:, 1]], 1)
    weighted = ScratchRegressor(**WHOLE, optimizer=optimizer)
    rows = clone(weighted).fit(*repeated(X, values, counts))
    weighted.fit(X, values, sample_weight=counts)
    np.testing.assert_allclose(weighted.predict(X), rows.predict(X), rtol=1e-5, atol=1e-6)


def test_weights_reach_small_batches_and_partial_fits() -> None:
    X, y = scaled()
    weight = np.where(y == 2, 0.0, 1.0)
    assert set(ScratchClassifier(**QUICK | {"epochs": 60}, lr=0.05).fit(X, y, weight).predict(X)) == {0, 1}
    model = ScratchClassifier(**QUICK, lr=0.05)
    for _ in range(60):
        model.partial_fit(X, y, classes=[0, 1, 2], sample_weight=weight)
    assert set(model.predict(X)) == {0, 1}
    for wrong, said in (
        ([1.0], "shape"),
        (-weight - 1, "[Nn]egative"),
        (0 * weight, "is 0 for all rows|non-zero"),
    ):
        with pytest.raises(ValueError, match=said):
            ScratchClassifier(**QUICK).fit(X, y, sample_weight=wrong)


def test_class_weights_find_the_rare_class() -> None:
    X, y = scaled()
    keep = np.flatnonzero((y == 1) | ((y == 2) & (np.arange(len(y)) % 10 == 0)))
    X, y = X[keep], y[keep]
    plain, balanced = (
        ScratchClassifier(**QUICK | {"epochs": 40}, lr=0.02, class_weight=weight).fit(X, y)
        for weight in (None, "balanced")
    )
    counts = np.bincount(y)
    weighted = ScratchClassifier(**QUICK | {"epochs": 40}, lr=0.02).fit(X, y, len(y) / (2 * counts[y]))
    np.testing.assert_allclose(balanced.predict_proba(X), weighted.predict_proba(X), rtol=1e-6, atol=1e-9)
    assert balanced.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean()
    assert balanced.score(X[y == 2], y[y == 2]) >= plain.score(X[y == 2], y[y == 2])
    with pytest.raises(ValueError, match="needs all rows at once; for partial_fit give a dict"):
        ScratchClassifier(**QUICK, class_weight="balanced").partial_fit(X, y, classes=[1, 2])


@pytest.mark.parametrize("container", [scipy.sparse.csr_array, scipy.sparse.csc_matrix, scipy.sparse.coo_array])
def test_sparse_rows_train_as_dense_ones(container: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scratchnet.sklearn._base._NUMBERS", 4 * 32 * 2)  # two batches at a time
    X, y = scaled()
    X = np.where(np.abs(X) < 0.5, 0, X)
    dense, sparse = (ScratchClassifier(**QUICK, patience=2).fit(rows, y, np.ones(150)) for rows in (X, container(X)))
    np.testing.assert_allclose(sparse.predict_proba(container(X)), dense.predict_proba(X), rtol=1e-12)
    assert sparse.loss_curve_ == pytest.approx(dense.loss_curve_, rel=1e-12)
    one = ScratchRegressor(**QUICK).partial_fit(container(X), y).predict(X)
    np.testing.assert_allclose(one, ScratchRegressor(**QUICK).partial_fit(X, y).predict(container(X)), rtol=1e-12)


@pytest.mark.parametrize("kind", [ScratchClassifier, ScratchRegressor])
def test_weights_of_0_for_all_of_a_part_of_sparse_rows(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scratchnet.sklearn._base._NUMBERS", 1)  # a batch at a time
    X, y = scaled()
    weight = np.where(np.arange(150) < 148, 0, 1)
    dense, sparse = (kind(**QUICK).fit(rows, y, weight).predict(X) for rows in (X, scipy.sparse.csr_array(X)))
    np.testing.assert_allclose(sparse, dense, rtol=1e-12)


def test_rows_that_cannot_be_held_out_are_told() -> None:
    X, y = scaled()
    for settings, labels, weight in (
        ({"validation_fraction": 0.999}, y, None),
        ({}, np.r_[y[1:], 9], None),
        ({}, y, np.arange(150) == 3),
    ):
        with pytest.raises(ValueError, match=r"^ScratchClassifier: .* held out.*; take another validation_fraction"):
            ScratchClassifier(**QUICK, patience=1, **settings).fit(X, labels, weight)


def test_warm_start_goes_on_from_the_last_weights() -> None:
    X, y = scaled()
    model = ScratchClassifier(**QUICK, warm_start=True, lr=0.01).fit(X, y)
    first = model.loss_curve_
    model.fit(X, y)
    assert model.n_iter_ == 5
    assert model.loss_curve_[0] < first[-1] < first[0]
    again = ScratchClassifier(**QUICK, warm_start=True, lr=0.01).fit(X, y).fit(X, y)
    assert (again.predict_proba(X) == model.predict_proba(X)).all()
    model.set_params(hidden=(9,))
    with pytest.raises(ValueError, match=r"warm_start: 0\.weight is \(4, 8\) from the last fit and \(4, 9\) now"):
        model.fit(X, y)
    with pytest.raises(ValueError, match=r"y holds \[3\], which are not among the classes"):
        again.fit(X, np.where(y == 0, 3, y))


class Interrupted:
    """Rows whose reading is stopped by Ctrl-C."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise KeyboardInterrupt


FAILING: dict[str, Callable[[Any, np.ndarray, np.ndarray], Any]] = {
    "other kinds of targets": lambda model, X, y: model.fit(X, y + 0.5 if is_classifier(model) else np.full(150, "a")),
    "a wrong parameter": lambda model, X, y: model.set_params(lr=-1).fit(X, y),
    "weights of 0": lambda model, X, y: model.fit(X[:, :2], y, sample_weight=0 * y),
    "divergence": lambda model, X, y: model.set_params(optimizer="sgd", lr=1e200).fit(X, y),
    "lengths that differ": lambda model, X, y: model.partial_fit(X, y[:-1]),
    "an interrupt": lambda model, X, y: model.partial_fit(Interrupted(), y),
}
FAILING_AGAIN: dict[str, Callable[[Any, np.ndarray, np.ndarray], Any]] = {
    "other widths": lambda model, X, y: model.set_params(warm_start=True, hidden=(9,)).fit(X, y),
    "fewer features": lambda model, X, y: model.set_params(warm_start=True).fit(X[:, :2], y),
    "divergence in partial_fit": lambda model, X, y: model.partial_fit(1e300 * X, y),
}


@pytest.mark.parametrize("kind", [ScratchClassifier, ScratchRegressor])
@pytest.mark.parametrize("failing", FAILING.values(), ids=FAILING)
def test_a_first_fit_that_fails_leaves_the_estimator_unfitted(kind: Any, failing: Any) -> None:
    model = kind(**QUICK)
    with pytest.raises((ValueError, KeyboardInterrupt)):
        failing(model, *scaled())
    with pytest.raises(NotFittedError):
        model.predict(scaled()[0])


@pytest.mark.parametrize("kind", [ScratchClassifier, ScratchRegressor])
@pytest.mark.parametrize("failing", (FAILING | FAILING_AGAIN).values(), ids=FAILING | FAILING_AGAIN)
def test_a_fit_that_fails_leaves_a_fitted_estimator_as_it_was(kind: Any, failing: Any) -> None:
    X, y = scaled()
    model = kind(**QUICK, optimizer="sgd", dropout=0.1, patience=9).fit(X, y)
    attributes, parameters, untouched = set(vars(model)), model.get_params(), copy.deepcopy(model)
    with pytest.raises((ValueError, KeyboardInterrupt)):
        failing(model, X, y)
    assert set(vars(model)) == attributes
    model.set_params(**parameters)
    for _ in range(2):
        assert (model.n_iter_, model.loss_curve_) == (untouched.n_iter_, untouched.loss_curve_)
        assert (model.predict(X) == untouched.predict(X)).all()
        model.partial_fit(X, y), untouched.partial_fit(X, y)  # both go on alike


def test_a_batch_larger_than_the_rows_is_all_rows() -> None:
    X, y = scaled()
    for kind in (ScratchClassifier, ScratchRegressor):
        large, whole = (kind(**QUICK | {"batch_size": size}).fit(X, y) for size in (10**30, 1000))
        assert (large.predict(X) == whole.predict(X)).all()
        assert large.partial_fit(X[:9], y[:9]).loss_curve_ == whole.partial_fit(X[:9], y[:9]).loss_curve_


def test_large_targets_need_no_scaling() -> None:
    X, y = load_diabetes(return_X_y=True)
    model = ScratchRegressor(random_state=0).fit(X, y)
    assert model.score(X, y) > 0.4
    assert model.y_mean_ == pytest.approx(y.mean())
    raw = ScratchRegressor(random_state=0, normalize_y=False).fit(X, (y - y.mean()) / y.std())
    np.testing.assert_allclose(model.predict(X), raw.predict(X) * y.std() + y.mean(), rtol=1e-6)
    same = ScratchRegressor(random_state=0, epochs=3).fit(X, np.full(len(y), 7.0))
    assert np.abs(same.predict(X) - 7).max() < 3


TARGETS = hypothesis.extra.numpy.arrays(
    float, st.tuples(st.integers(1, 20), st.just(2)), elements=st.floats(-1e3, 1e3).map(lambda value: round(value, 3))
)


@given(TARGETS, st.integers(-900, 900), st.randoms(use_true_random=False))
def test_mean_and_deviation_of_targets_of_any_size(y: np.ndarray, power: int, random: Any) -> None:
    weight = np.array([random.choice([0.0, 0.5, 1.0, 3.0]) for _ in y])
    weight[0] = 1
    mean, deviation = np.average(y, 0, weight), np.sqrt(np.average((y - np.average(y, 0, weight)) ** 2, 0, weight))
    found = _mean_and_scale(np.ldexp(y, power), weight)
    varies = deviation > 1e-12 * np.abs(mean)
    assert (np.ldexp(found[0], -power) == mean).all()
    assert (found[1] == np.where(varies, np.ldexp(deviation, power), 1)).all()


def test_targets_of_any_size_train_alike() -> None:
    X, y = scaled()
    y = y + X[:, 0]
    ordinary = ScratchRegressor(**QUICK).fit(X, y).predict(X)
    for size in (1e-300, 1e-163, 1e200, 1e304):
        np.testing.assert_allclose(ScratchRegressor(**QUICK).fit(X, y * size).predict(X) / size, ordinary, rtol=1e-6)
    weight = np.arange(150) % 2
    ordinary = ScratchRegressor(**QUICK).fit(X, y, weight).predict(X)
    y[weight == 0] = 1e200
    np.testing.assert_array_equal(ScratchRegressor(**QUICK).fit(X, y, weight).predict(X), ordinary)


def test_weights_of_rows_of_any_size_train_alike() -> None:
    X, y = scaled()
    weight = 1.0 + np.arange(150) % 2
    ordinary = ScratchClassifier(**QUICK).fit(X, y, weight).predict_proba(X)
    for size in (5e-324, 2.0**1022):
        assert (ScratchClassifier(**QUICK).fit(X, y, weight * size).predict_proba(X) == ordinary).all()


def test_numbers_that_the_types_cannot_hold_are_refused() -> None:
    X, y = scaled()
    single = ScratchClassifier(**QUICK, dtype="float32").fit(X, y)
    large = "ScratchClassifier: X holds .*e.300, which float32 cannot hold; scale it, or take dtype='float64'"
    for method in (single.predict, single.predict_proba, lambda X: clone(single).fit(X, y)):
        for rows in (X * 1e300, -np.abs(X) * 1e300, scipy.sparse.csr_array(X * 1e300)):
            with pytest.raises(ValueError, match=large):
                method(rows)
    double = ScratchRegressor(**QUICK | {"epochs": 30, "hidden": ()}).fit(X, 100 * X[:, 0])
    with pytest.raises(ValueError, match=r"a prediction exceeds 1.8e308, the largest of float64; fit smaller y"):
        double.predict(1e306 * X)
    double._stack.params["0.weight"].mul_(1e5)
    with pytest.raises(ValueError, match="X is so large that the network's outputs overflow; scale it"):
        double.predict(1e306 * X)
    with pytest.raises(ValueError, match=r"y deviates by less than 2.2e-308, which float64 cannot hold; multiply y"):
        ScratchRegressor(**QUICK).fit(X, 1e-310 * X[:, 0])
    for settings in ({"dtype": "float32", "normalize_y": False}, {"dtype": "float32"}):
        with pytest.raises(ValueError, match=r"y holds .*e.* which float32 cannot hold; scale it, or take"):
            ScratchRegressor(**QUICK, **settings).partial_fit(X, y).partial_fit(X, y * 1e300)


def test_the_estimators_score_is_that_of_the_engine() -> None:
    X, y = load_diabetes(return_X_y=True)
    wide = np.stack([y, 1e-3 * y**2, np.sin(y)], 1)
    model = ScratchRegressor(**QUICK | {"batch_size": 64}, lr=0.01).fit(X, wide)
    stack, scaled_y = model._stack, (wide - model.y_mean_) / model.y_scale_
    zeros = torch.zeros(X.shape[1], dtype=torch.float64)
    examples = sn.Examples(torch.from_numpy(X), torch.from_numpy(scaled_y), zeros, zeros + 1)
    assert float(stack.evaluate(examples).score[0]) == pytest.approx(model.score(X, wide), rel=1e-9)


def test_threads_are_the_estimators_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    train = sn.Stack.train
    monkeypatch.setattr(sn.Stack, "train", lambda *given: (seen.append(torch.get_num_threads()), train(*given))[1])
    X, y = scaled()
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        ScratchClassifier(**QUICK, threads=2).fit(X, y).predict(X)
        assert set(seen) == {2}
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_nothing_else_imports_scikit_learn() -> None:
    program = (
        "import sys, scratchnet, pipeline.training.trainer; print([m for m in ('sklearn', 'onnx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_who_lacks_scikit_learn_is_told_what_to_install() -> None:
    program = "import sys; sys.modules['sklearn'] = None; import scratchnet.sklearn"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    last = "ModuleNotFoundError: scratchnet.sklearn: scikit-learn is missing; pip install 'scratchnet-sweeps[sklearn]'"
    assert done.stderr.splitlines()[-1] == last
