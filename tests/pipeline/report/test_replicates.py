"""The table of replicates, whole: its figures by the printed table of t, its headings and caption word for word."""

import json
import math

import pandas as pd

from pipeline.report.comparison import Comparison
from pipeline.report.statistics.replicates import Replicates, replicates_table
from pipeline.report.statistics.tests import compare_best

T = 4.302653  # of 2 degrees of freedom, two-sided, 5 %
NAN = math.nan
CLASSES = ["inside", "outside"]
COUNTS = {"train": [30, 70], "validation": [40, 60], "test": [45, 155]}
DRAWN = "The seed draws the initial weights (and dropout):"
FIRST = "In the first row is the setting with the highest mean on validation among those on the most seeds."


def replicates(scores: dict[str, list[float]]) -> Replicates:
    """Runs on seeds 0, 1, …, 0.1 better on validation than on test; without a score they have diverged."""
    rows: list[dict[str, object]] = []
    for setting, values in scores.items():
        for seed, score in enumerate(values):
            row: dict[str, object] = {
                "run": str(len(rows)),
                "status": "diverged" if math.isnan(score) else "finished",
                "message": None,
            }
            row |= {"task": "classification", "config.model.activation": setting, "config.seed": seed}
            row |= {"provenance.data.classes": json.dumps(CLASSES)}
            row |= {f"provenance.data.examples_of_classes.{split}": json.dumps(n) for split, n in COUNTS.items()}
            rows.append(row | {"metric.best_validation_accuracy": score + 0.1, "metric.best_test_accuracy": score})
    return Replicates.of(Comparison.of(pd.DataFrame(rows)))


def test_a_row_has_the_means_of_its_setting_and_how_far_it_is_behind_the_first() -> None:
    finished = {"relu": [0.80, 0.82, 0.84], "tanh": [0.70, 0.73, 0.73], "gelu": [0.60, 0.64, NAN]}
    made = replicates(finished | {"sigmoid": [NAN, NAN, NAN]})
    table = replicates_table(made, compare_best(made))
    assert table is not None
    sd = [0.02, math.sqrt(0.0003), math.sqrt(0.0008), NAN]
    half = [T * sd[0] / math.sqrt(3), T * sd[1] / math.sqrt(3), NAN, NAN]
    expected = {
        "activation": ["relu", "tanh", "gelu", "sigmoid"],
        "n": [3, 3, 2, 0],
        "validation accuracy": [0.92, 0.82, 0.72, NAN],
        "validation accuracy, 95 % half-width": half,
        "validation accuracy, sd": sd,
        "test accuracy": [0.82, 0.72, 0.62, NAN],
        "test accuracy, 95 % half-width": half,
        "test accuracy, sd": sd,
        "behind the first": [NAN, 0.1, 0.19, NAN],
        "behind, 95 % half-width": [NAN, T * 0.01 / math.sqrt(3), NAN, NAN],  # 0.10, 0.09 and 0.11 behind
        "p (Holm)": [NAN, 1 - math.sqrt(300 / 302), NAN, NAN],  # t = √300, whose distribution has a closed form
        "not finished": [0, 0, 1, 3],
    }
    pd.testing.assert_frame_equal(table.data, pd.DataFrame(expected), check_dtype=False, rtol=1e-6)
    assert table.caption == (
        "Means over n seeds ± half of the 95 % confidence interval (t distribution), and standard deviations (sd). "
        f"{DRAWN} ± covers that and nothing else. {FIRST} Behind the first: by how much test accuracy is worse than in "
        "the first row in the mean, paired by seed. p by paired t tests, the only test, so not adjusted."
    )
    means = ("validation accuracy", "test accuracy")
    figures = [*means, *(f"{mean}, sd" for mean in means), "behind the first"]
    assert table.digits == {"n": 0, **dict.fromkeys(figures, 4), "p (Holm)": 3, "not finished": 0}
    assert table.halves == {
        **{mean: f"{mean}, 95 % half-width" for mean in means},
        "behind the first": "behind, 95 % half-width",
    }
    assert (table.name, table.picked) == ("replicates", True)
    scores = {"validation accuracy": 0.6, "test accuracy": 0.775, "train accuracy": 0.7}
    assert table.footer == {"activation": "baseline", **scores}


def test_two_seeds_of_one_setting_have_a_row_without_an_interval() -> None:
    made = replicates({"relu": [0.8, 0.82]})
    table = replicates_table(made, compare_best(made))
    assert table is not None
    assert made.name(0) == "the one setting"
    assert table.caption == (
        f"Means over n seeds, and standard deviations (sd). {DRAWN} sd covers that and nothing else. {FIRST}"
    )
    assert list(table.data) == [
        "n",
        *("validation accuracy", "validation accuracy, 95 % half-width", "validation accuracy, sd"),
        *("test accuracy", "test accuracy, 95 % half-width", "test accuracy, sd"),
    ]
    assert table.data.isna().to_numpy().tolist() == [[False, False, True, False, False, True, False]]
    assert table.footer["n"] == "baseline"
