"""Two runs compared example by example, against statsmodels and counts made here."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from pipeline.report.comparison import Comparison
from pipeline.report.statistics import examples
from pipeline.report.statistics.examples import compare_examples
from pipeline.runs.predictions import Predicted, read_predictions
from pipeline.runs.result import Result


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_p_is_that_of_the_exact_test_of_mcnemar(right: list[tuple[bool, bool]]) -> None:
    target = np.zeros(len(right), int)
    first, second = (Predicted(np.array([not pair[i] for pair in right], int), target) for i in (0, 1))
    sentence = examples._mcnemar(first, second, "3", "7")
    cells = [[sum(pair == (a, b) for pair in right) for b in (True, False)] for a in (True, False)]
    better, worse = cells[0][1], cells[1][0]
    if better + worse == 0:
        assert sentence == "Runs 3 and 7 are right on the same test examples."
        return
    p = mcnemar(cells, exact=True).pvalue
    assert f"run 3 has {better} right that run 7 has wrong, and {worse} the other way round" in sentence
    assert (f"p = {p:.3f}" if p >= 0.001 else "p < 0.001") in sentence
    assert ("may be all there is to it" in sentence) == (p >= 0.05)


def test_the_bootstrap_has_the_interval_of_many_examples() -> None:
    rng = np.random.default_rng(3)
    costs, others = rng.normal(1, 0.1, 4000), rng.normal(1.02, 0.1, 4000)
    sentence = examples._bootstrap(costs, others, "0", "1", "regression")
    assert sentence is not None
    difference = others - costs
    half = stats.norm.ppf(0.975) * difference.std(ddof=1) / math.sqrt(4000)
    low, high = (float(word) for word in sentence.split("from ")[1].split(" (")[0].split(" to "))
    assert low == pytest.approx(difference.mean() - half, abs=0.05 * half + 5e-5)
    assert high == pytest.approx(difference.mean() + half, abs=0.05 * half + 5e-5)
    assert "run 1 is" in sentence
    assert "above that of run 0" in sentence
    turned = examples._bootstrap(others, costs, "1", "0", "regression")
    assert turned is not None
    assert "below that of run 1" in turned


def runs(n: int, **columns: object) -> Comparison:
    rows = [
        {"run": str(i), "status": "finished", "message": None, "task": "classification", "config.optimizer.lr": 0.1 * i}
        | {"config.seed": 0, "metric.best_validation_accuracy": 0.9 - 0.1 * i, "metric.best_test_accuracy": 0.5}
        for i in range(n)
    ]
    return Comparison.of(pd.DataFrame(rows).assign(**columns))


def test_nothing_is_said_without_two_runs_and_their_predictions(tmp_path: Path) -> None:
    folders = {str(i): tmp_path / str(i) for i in range(3)}
    assert compare_examples(runs(1), folders) is None
    assert compare_examples(runs(3), folders) is None
    for i in range(3):
        keep(tmp_path / str(i), [int(i > 0), 0], [0, 0])
    assert compare_examples(runs(2), folders) is not None
    assert compare_examples(runs(3, **{"config.seed": [0, 1, 2], "config.optimizer.lr": 0.1}), folders) is None
    one_has_a_score = {"metric.best_validation_accuracy": [0.9, np.nan, 0.8]}
    assert compare_examples(runs(3, status=["finished", "finished", "dropped"], **one_has_a_score), folders) is None


def keep(folder: Path, predicted: object, target: object) -> None:
    """The folder of a run, with its record and its predictions."""
    folder.mkdir()
    files = {"predictions.npz": Predicted(np.array(predicted), np.array(target)).write(folder)}
    Result(format=1, status="finished", message=None, metrics={}, config={}, files=files).write(folder)


@pytest.mark.parametrize(
    ("task", "best", "next_best", "target", "sentence"),
    [
        (
            "classification",
            [1, 2, 3, 1, 2, 3, 0],
            [0, 0, 0, 0, 0, 0, 1],
            [1, 2, 3, 1, 2, 3, 1],
            "Of 7 test examples run 2 has 6 right that run 1 has wrong, and 1 the other way round: p = 0.125 (McNemar, "
            "exact), so the examples that were drawn for test may be all there is to it.",
        ),
        (  # squared errors of 1 and of 2, 4, 5, 10; of 4⁴ resamples of 1, 3, 4, 9 fewer than 2.5 % have a mean below
            # 1.75, and fewer above 7.5
            "regression",
            [[6, 6], [6, 6], [6, 6], [6, 6]],
            [[7, 5], [7, 7], [8, 6], [7, 9]],
            [[5, 5], [5, 5], [5, 5], [5, 5]],
            "On 4 test examples the mean squared error of run 1 is 4.25 above that of run 2, from 1.75 to 7.5 (95 % "
            "interval, paired bootstrap over examples).",
        ),
        (  # shares of wrong labels 0, 0, 0, ½ and ½, ½, 1, 0; of 4⁴ resamples of their difference fewer than 2.5 % have
            # a mean below −¼, and fewer above ⅞
            "multilabel",
            [[0, 1], [1, 1], [1, 0], [1, 1]],
            [[0, 0], [0, 1], [0, 1], [1, 0]],
            [[0, 1], [1, 1], [1, 0], [1, 0]],
            "On 4 test examples the mean share of wrong labels of run 1 is 37.5 points above that of run 2, from -25 "
            "to 87.5 (95 % interval, paired bootstrap over examples): the examples that were drawn for test may be all "
            "there is to it.",
        ),
    ],
)
def test_the_best_run_is_compared_with_the_next_by_what_an_example_costs(
    tmp_path: Path, task: str, best: object, next_best: object, target: object, sentence: str
) -> None:
    keep(tmp_path / "best", best, target)
    keep(tmp_path / "next", next_best, target)
    score = "r2" if task == "regression" else "accuracy"
    made = runs(3, task=task, **{f"metric.best_validation_{score}": [0.7, 0.8, 0.9]})
    assert compare_examples(made, {"2": tmp_path / "best", "1": tmp_path / "next"}) == sentence


@pytest.mark.parametrize("run", ["0", "1"])
@pytest.mark.parametrize("lacking", ["record", "predictions", "examples"])
def test_nothing_is_said_without_the_same_examples_of_both_runs(tmp_path: Path, run: str, lacking: str) -> None:
    folders = {name: tmp_path / name for name in ("0", "1")}
    for name, folder in folders.items():
        keep(folder, [int(name), 0], [1, 1] if name == run and lacking == "examples" else [0, 0])
    if lacking != "examples":
        (folders[run] / {"record": "result.json", "predictions": "predictions.npz"}[lacking]).unlink()
    assert compare_examples(runs(2), folders) is None


@pytest.mark.parametrize("kind", ["whole", "another file", "cut", "no array", "missing"])
def test_only_what_the_run_wrote_is_read(tmp_path: Path, kind: str) -> None:
    predicted = Predicted(np.array([0, 1, 2], np.uint8), np.array([0, 2, 2], np.uint8))
    checksum = predicted.write(tmp_path)
    path = tmp_path / "predictions.npz"
    data = path.read_bytes()
    if kind == "another file":
        Predicted(np.array([1, 1, 2], np.uint8), predicted.target).write(tmp_path)
    elif kind == "cut":
        path.write_bytes(data[:-20])
    elif kind == "no array":
        path.write_bytes(b"")
    elif kind == "missing":
        path.unlink()
    facts = {"format": 1, "status": "finished", "message": None, "metrics": {}, "config": {}}
    result = Result.model_validate(facts | {"files": {path.name: checksum}})
    read = read_predictions(tmp_path, result)
    if kind == "whole":
        assert read is not None
        assert read.predicted.tolist() == [0, 1, 2]
        assert read.target.tolist() == [0, 2, 2]
    else:
        assert read is None


DOUBTFUL = (
    "(95 % interval, paired bootstrap over examples): the examples that were drawn for test may be all there is to it."
)
MAY_BE_ALL = "so the examples that were drawn for test may be all there is to it."
MORE = "more than the examples drawn for test explain, though nothing is said of other seeds."


@pytest.mark.parametrize(
    ("better", "worse", "words"),
    [
        (9, 1, f"has 9 right that run 7 has wrong, and 1 the other way round: p = 0.021 (McNemar, exact), {MORE}"),
        (0, 6, f"has 0 right that run 7 has wrong, and 6 the other way round: p = 0.031 (McNemar, exact), {MORE}"),
        (
            5,
            0,
            f"has 5 right that run 7 has wrong, and 0 the other way round: p = 0.062 (McNemar, exact), {MAY_BE_ALL}",
        ),
        (
            6,
            4,
            f"has 6 right that run 7 has wrong, and 4 the other way round: p = 0.754 (McNemar, exact), {MAY_BE_ALL}",
        ),
    ],
)
def test_two_classifiers(better: int, worse: int, words: str) -> None:
    target = np.zeros(2000, int)
    first, second = np.zeros(2000, int), np.zeros(2000, int)
    second[:better], first[better : better + worse] = 1, 1
    sentence = examples._mcnemar(Predicted(first, target), Predicted(second, target), "3", "7")
    assert sentence == f"Of 2,000 test examples run 3 {words}"


def test_two_regressions_and_two_labellings() -> None:
    rng = np.random.default_rng(0)
    costs = rng.random(1000)
    others = costs + rng.normal(0.02, 0.1, 1000)
    words = "from 0.0128 to 0.0251 (95 % interval, paired bootstrap over examples)."
    assert examples._bootstrap(costs, others, "0", "1", "regression") == (
        f"On 1,000 test examples the mean squared error of run 1 is 0.0188 above that of run 0, {words}"
    )
    assert examples._bootstrap(others, costs, "1", "0", "regression") == (
        f"On 1,000 test examples the mean squared error of run 0 is 0.0188 below that of run 1, {words}"
    )
    wrong, more_wrong = np.repeat([1.0, 0.0], [20, 80]), np.repeat([0.0, 1.0, 0.0], [15, 30, 55])
    sentence = examples._bootstrap(wrong, more_wrong, "0", "1", "multilabel")
    assert sentence is not None
    assert sentence.startswith("On 100 test examples the mean share of wrong labels of run 1 is 10 points above that")
    doubtful = examples._bootstrap(wrong, np.roll(wrong, 1), "0", "1", "multilabel")
    assert doubtful is not None
    assert doubtful.endswith("over examples): the examples that were drawn for test may be all there is to it.")


@pytest.mark.parametrize(
    ("difference", "words"),  # the ends are quantiles of the means of all resamples
    [
        ([1, 2, 3, 10], "is 4 above that of run 0, from 1.5 to 8 (95 % interval, paired bootstrap over examples)."),
        ([0, 0, 0, 1], f"is 0.25 above that of run 0, from 0 to 0.75 {DOUBTFUL}"),
        ([-1, -1, 2], f"is 0 above that of run 0, from -1 to 2 {DOUBTFUL}"),
    ],
)
def test_the_bootstrap_of_few_examples_has_the_interval_of_all_resamples(difference: list[float], words: str) -> None:
    others = np.array(difference, float)
    sentence = examples._bootstrap(np.zeros(len(others)), others, "0", "1", "regression")
    assert sentence == f"On {len(others)} test examples the mean squared error of run 1 {words}"


@pytest.mark.parametrize(
    ("others", "told"), [([2, 4], False), ([2, 3, 4], False), ([2, 3, np.nan], False), ([2, 4, 5], True)]
)
def test_nothing_is_said_of_too_few_or_equal_differences(others: list[float], told: bool) -> None:
    costs = np.arange(1.0, len(others) + 1)
    assert (examples._bootstrap(costs, np.array(others, float), "0", "1", "regression") is not None) == told
