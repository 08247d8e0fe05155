"""What ranks over several data sets let one say, where a test is at its limit, and the table of all data sets."""

import json
import math

import pandas as pd
import pytest

from pipeline.report.data_sets import DataSets
from pipeline.report.statistics.ranks import Ranks, across, across_table


def ranks_of(places: dict[str, list[int]]) -> Ranks:
    """Settings by their places on data sets 0, 1, …"""
    scores = pd.DataFrame.from_dict(places, orient="index", dtype=float)  # the less the better
    return Ranks(scores, 0, pd.Series(False, scores.columns))


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (5, "a: 1.00; b: 2.00; c: 3.00; d: 4.00; e: 5.00."),
        (6, "a: 1.00; b: 2.00; c: 3.00; d: 4.00; e: 5.00; …."),
    ],
)
def test_five_average_ranks_are_named(count: int, said: str) -> None:
    ranks = ranks_of({"abcdef"[i]: [i + 1] * 2 for i in range(count)})
    assert across(ranks)[1] == f"Average rank on test over 2 data sets (1 is best of {count}): {said}"


def test_settings_may_differ_and_none_from_the_first() -> None:
    # Friedman: 12 · 6 / (3 · 4) · (7² + 14² + 15²) / 6² − 3 · 6 · 4 = 6.33, p = exp(−6.33 / 2); Nemenyi: 2.343 / √3
    ranks = ranks_of({"a": [1, 1, 1, 1, 1, 2], "b": [2, 2, 2, 2, 3, 3], "c": [3, 3, 3, 3, 2, 1]})
    assert across(ranks)[2:] == [
        "The settings differ over the data sets (Friedman's test, p = 0.042); by Nemenyi’s test, with a critical "
        "difference of 1.35 ranks, none can be told from the first."
    ]


def test_a_p_at_its_level_shows_nothing_and_a_rank_at_the_critical_difference_is_worse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = {name: [i + 1] * 5 for i, name in enumerate("abcd")}
    monkeypatch.setattr(Ranks, "critical_difference", 2.0)
    assert across(ranks_of(places))[-1].endswith("a critical difference of 2.00 ranks, a is better than c; d.")
    monkeypatch.setattr(Ranks, "p", 0.05)
    assert across(ranks_of(places))[-1] == (
        "Friedman's test shows no difference between the settings over the data sets (p = 0.050)."
    )


def test_the_table_of_all_data_sets_is_by_rank_and_gives_the_baselines() -> None:
    activations = {"relu": [0.6, 0.5], "tanh": [0.9, 0.7], "gelu": [0.95], "elu": [0.8, 0.6]}  # on square, on patterns
    facts: dict[str, object] = {"status": "finished", "message": None, "task": "classification", "config.seed": 0}
    rows = []
    for activation, scores in activations.items():
        for data, score in zip(("square", "patterns"), scores, strict=False):
            row = facts | {"run": str(len(rows)), "config.dataset.name": data, "config.model.activation": activation}
            row |= {f"metric.best_{split}_accuracy": score for split in ("validation", "test")}
            if data == "square":  # of the other the classes are not known
                row |= {"provenance.data.classes": json.dumps(["in", "out"])}
                counts = {"train": [3, 7], "validation": [4, 6], "test": [9, 31]}
                row |= {f"provenance.data.examples_of_classes.{split}": json.dumps(n) for split, n in counts.items()}
            rows.append(row)
    data_sets = DataSets.of(pd.DataFrame(rows))
    table = across_table(data_sets, Ranks.of(data_sets))
    expected = {
        "setting": ["activation tanh", "activation elu", "activation ReLU", "activation GELU"],
        "square, accuracy": [0.9, 0.8, 0.6, 0.95],
        "square, accuracy, sd": [math.nan] * 4,
        "patterns, accuracy": [0.7, 0.6, 0.5, math.nan],
        "patterns, accuracy, sd": [math.nan] * 4,
        "average rank": [1.0, 2.0, 3.0, math.nan],
    }
    pd.testing.assert_frame_equal(table.data, pd.DataFrame(expected), check_dtype=False)
    assert table.footer == {"setting": "baseline", "square, accuracy": 31 / 40}
    patterns = pd.DataFrame([row for row in rows if row["config.dataset.name"] == "patterns"])
    none = DataSets.of(patterns)
    assert across_table(none, Ranks.of(none)).footer == {}
    one = DataSets.of(patterns.head(1))
    single = across_table(one, Ranks.of(one))
    assert (list(single.data)[-1], list(single.digits)) == ("patterns, accuracy, sd", ["patterns, accuracy"])
