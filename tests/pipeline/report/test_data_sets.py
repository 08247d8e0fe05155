"""Several data sets: a report each, ranks over all by published tables, and pages that say what was tested."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipeline.report.data_sets import DataSets
from pipeline.report.statistics.ranks import Ranks, across, across_table

# J. Demšar, JMLR 7 (2006), table 5(a): what the studentized range is divided by √2 for, at the level of 0.05.
Q = {2: 1.960, 3: 2.343, 4: 2.569, 5: 2.728, 6: 2.850, 7: 2.949, 8: 3.031, 9: 3.102, 10: 3.164}


def runs_of(scores: dict[str, dict[str, list[float]]], **columns: object) -> pd.DataFrame:
    """scores[data set][setting]: a run for each seed."""
    rows = []
    for data, by_setting in scores.items():
        for setting, values in by_setting.items():
            for seed, value in enumerate(values):
                row = {"run": str(len(rows)), "status": "finished", "message": None, "task": "classification"}
                row |= {"config.dataset.name": data, "config.model.activation": setting, "config.seed": seed}
                row |= {f"metric.best_{split}_accuracy": value for split in ("validation", "test")}
                rows.append(row | columns)
    return pd.DataFrame(rows)


def ranks_of(table: dict[str, list[float]]) -> Ranks:
    """Ranks of settings by their scores on data sets 0, 1, …"""
    sets = {str(i): {setting: [scores[i]] for setting, scores in table.items()} for i in range(len(table["a"]))}
    return Ranks.of(DataSets.of(runs_of(sets)))


@pytest.mark.parametrize("k", [3, 4, 7, 10])
def test_the_critical_difference_is_that_of_the_printed_table(k: int) -> None:
    n = 14
    names = [chr(ord("a") + i) for i in range(k)]
    ranks = ranks_of({name: [0.9 - 0.01 * i + 0.0001 * j for j in range(n)] for i, name in enumerate(names)})
    assert ranks.critical_difference == pytest.approx(Q[k] * math.sqrt(k * (k + 1) / (6 * n)), abs=6e-4)
    assert list(ranks.average) == list(range(1, k + 1))
    chi = 12 * n / (k * (k + 1)) * (sum(rank**2 for rank in ranks.average) - k * (k + 1) ** 2 / 4)
    assert ranks.p == pytest.approx(stats.chi2.sf(chi, k - 1))


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(0, 9), min_size=5, max_size=5), min_size=3, max_size=5))
def test_ranks_are_counts_of_better_and_equal_scores(table: list[list[int]]) -> None:
    names = [chr(ord("a") + i) for i in range(len(table))]
    ranks = ranks_of({name: [score / 10 for score in row] for name, row in zip(names, table, strict=True)})
    for i, j in itertools.product(range(len(table)), range(5)):
        column = [row[j] for row in table]
        better, equal = sum(x > table[i][j] for x in column), column.count(table[i][j])
        assert ranks.ranks.loc[f"activation {names[i]}", str(j)] == better + (equal + 1) / 2
    if ranks.tested:
        expected = stats.friedmanchisquare(*table).pvalue
        assert ranks.p == pytest.approx(expected, nan_ok=True)


def test_bars_join_what_the_critical_difference_does_not_part() -> None:
    rng = np.random.default_rng(0)
    names = "abcdef"
    table = {name: list(0.5 + 0.004 * i + 0.01 * rng.random(20)) for i, name in enumerate(names)}
    ranks = ranks_of(table)
    places = ranks.average.to_numpy()
    assert np.isfinite(ranks.critical_difference)
    joined = {pair for first, last in ranks.cliques for pair in itertools.combinations(range(first, last + 1), 2)}
    for i, j in itertools.combinations(range(len(names)), 2):
        assert ((i, j) in joined) == (places[j] - places[i] <= ranks.critical_difference)


def test_each_data_set_has_its_winner_and_no_score_is_compared_between_them() -> None:
    scores = {
        "square": {"relu": [0.9, 0.8], "tanh": [0.7, 0.7]},
        "patterns": {"relu": [0.6, 0.6], "tanh": [0.99, 0.99]},
    }
    data_sets = DataSets.of(runs_of(scores))
    assert data_sets.several
    assert {title: one.settings(0) for title, one in data_sets.comparisons.items()} == {
        "square": "activation ReLU",
        "patterns": "activation tanh",
    }
    assert all("config.dataset.name" not in one.swept for one in data_sets.comparisons.values())
    table = across_table(data_sets, Ranks.of(data_sets)).data.set_index("setting")
    assert table.loc["activation ReLU", "square, accuracy"] == pytest.approx(0.85)
    assert table.loc["activation ReLU", "square, accuracy, sd"] == pytest.approx(math.sqrt(0.005))
    assert list(table["average rank"]) == [1.5, 1.5]
    sentences = " ".join(across(Ranks.of(data_sets)))
    assert "2 data sets are too few to test" in sentences
    assert "best" not in sentences.replace("1 is best of 2", "")


def test_a_setting_that_not_every_data_set_has_gets_no_rank() -> None:
    scores = {"square": {"relu": [0.9], "tanh": [0.7]}, "patterns": {"relu": [0.6]}}
    ranks = Ranks.of(DataSets.of(runs_of(scores)))
    assert list(ranks.average.index) == ["activation ReLU"]
    assert "1 setting has not finished on every data set, and so no rank." in across(ranks)
    apart = {"square": {"relu": [0.9], "tanh": [0.8]}, "patterns": {"gelu": [0.6], "sigmoid": [0.5]}}
    none = Ranks.of(DataSets.of(runs_of(apart)))
    assert across(none) == [
        "2 data sets: each is judged by itself, and scores are not compared between them.",
        "No setting has finished on every data set, so there are no ranks.",
    ]


def test_two_settings_are_compared_by_wilcoxon() -> None:
    table = {"a": [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], "b": [0.89, 0.78, 0.67, 0.56, 0.45, 0.34]}
    ranks = ranks_of(table)
    assert ranks.p == pytest.approx(2 / 2**6)
    assert across(ranks)[-1] == "activation a is better over the data sets (Wilcoxon's signed-rank test, p = 0.031)."


def test_one_data_set_in_two_splits_is_one() -> None:
    runs = pd.concat([runs_of({"square": {"relu": [0.9]}}).assign(**{"config.dataset.seed": seed}) for seed in (0, 1)])
    assert not DataSets.of(runs.reset_index(drop=True).assign(run=["0", "1"])).several


def test_tables_of_one_choice_are_told_apart_by_their_files() -> None:
    parts = [
        runs_of({"table": {"relu": [0.9]}}).assign(**{"config.dataset.path": f"data/{name}.csv"}) for name in ("a", "b")
    ]
    data_sets = DataSets.of(pd.concat(parts).reset_index(drop=True).assign(run=["0", "1"]))
    assert list(data_sets.comparisons) == ["path=data/a.csv", "path=data/b.csv"]
    assert list(data_sets.folders.values()) == ["path-data-a-csv", "path-data-b-csv"]


APART = "data sets: each has a winner of its own, and scores are not compared between them."


def test_settings_that_differ_over_many_data_sets() -> None:
    table = {name: [0.9 - 0.01 * i + 0.0001 * j for j in range(14)] for i, name in enumerate("abcdefghi")}
    assert across(ranks_of(table)) == [
        f"14 {APART}",
        "Average rank on test over 14 data sets (1 is best of 9): activation a: 1.00; activation b: 2.00; "
        "activation c: 3.00; activation d: 4.00; activation e: 5.00; ….",
        "The settings differ over the data sets (Friedman's test, p < 0.001); by Nemenyi’s test, with a critical "
        "difference of 3.21 ranks, activation a is better than activation e; activation f; activation g; activation h; "
        "activation i.",
    ]
    longer = table | {"j": [0.5] * 14, "k": [0.4] * 14}
    assert across(ranks_of(longer))[-1].endswith(
        "difference of 4.03 ranks, activation a is better than activation f; activation g; activation h; activation i; "
        "activation j and 1 more."
    )


def test_settings_that_do_not() -> None:
    noisy = {"a": [0.5, 0.6, 0.7, 0.8, 0.9], "b": [0.6, 0.5, 0.7, 0.9, 0.8], "c": [0.7, 0.6, 0.5, 0.8, 0.85]}
    assert across(ranks_of(noisy)) == [
        f"5 {APART}",
        "Average rank on test over 5 data sets (1 is best of 3): activation a: 1.90; activation c: 2.00; "
        "activation b: 2.10.",
        "Friedman's test shows no difference between the settings over the data sets (p = 0.943).",
    ]
    assert across(ranks_of({name: [0.5] * 5 for name in "abc"}))[2:] == [
        "All average ranks are equal, so there is nothing to test."
    ]


def test_few_data_sets_and_settings_that_are_not_on_all() -> None:
    scores = {"square": {"relu": [0.9], "tanh": [0.7], "gelu": [0.5]}, "patterns": {"relu": [0.6], "tanh": [0.5]}}
    data_sets = DataSets.of(runs_of(scores))
    assert across(Ranks.of(data_sets)) == [
        f"2 {APART}",
        "1 setting has not finished on every data set, and so no rank.",
        "Average rank on test over 2 data sets (1 is best of 2): activation ReLU: 1.00; activation tanh: 2.00.",
        "2 data sets are too few to test whether settings differ in general (it takes 5): the ranks describe these "
        "data alone.",
    ]
    table = across_table(data_sets, Ranks.of(data_sets))
    assert table.name == "data_sets"
    assert table.caption == (
        "Mean on test of each setting on each data set, ± the standard deviation over replicates, and the average of "
        "its ranks, 1 for the best on a data set."
    )
    means = ["square, accuracy", "patterns, accuracy"]
    assert sorted(table.data) == sorted(["setting", "average rank", *means, *(f"{name}, sd" for name in means)])
    assert table.digits == dict.fromkeys(means, 4) | {"average rank": 2}
    assert table.halves == {name: f"{name}, sd" for name in means}
    assert table.data["setting"].tolist() == ["activation ReLU", "activation tanh", "activation GELU"]
    one = scores | {"patterns": {"relu": [0.6]}}
    assert across(Ranks.of(DataSets.of(runs_of(one))))[1:] == [
        "2 settings have not finished on every data set, and so no rank."
    ]
