"""What a confirmation says: the figures of the selection beside those on new seeds, each in its column."""

import math

import pandas as pd
import pytest

from pipeline.report.comparison import Comparison
from pipeline.report.statistics.confirmed import confirmation, confirmed_table
from pipeline.report.statistics.replicates import Replicates
from pipeline.runs.selection import Selected, Selection

SELECTION = Selection(
    sweep="first",
    runs=8,
    settings=4,
    seeds=[0, 1],
    metric="accuracy",
    selected=[
        Selected(overrides=["optimizer.lr=0.3"], words="lr=0.3", n=2, validation=0.95, test=0.89),
        Selected(overrides=["optimizer.lr=0.1"], words="lr=0.1", n=1, validation=0.93, test=None),
    ],
)
TEST = {0.1: [0.90, 0.92, 0.94], 0.3: [0.70, 0.72, 0.74]}  # on new seeds the second is the better one


def confirming() -> tuple[Replicates, dict[str, list[str]]]:
    rows, overrides = [], {}
    for lr, scores in TEST.items():
        for seed, score in enumerate(scores, 4):
            run = str(len(rows))
            overrides[run] = [f"optimizer.lr={lr}", f"seed={seed}"]
            facts = {"run": run, "status": "finished", "message": None, "task": "classification"}
            facts |= {"config.optimizer.lr": lr, "config.seed": seed}
            rows.append(facts | {"metric.best_validation_accuracy": 0.5, "metric.best_test_accuracy": score})
    return Replicates.of(Comparison.of(pd.DataFrame(rows))), overrides


def test_each_figure_is_in_its_column() -> None:
    table = confirmed_table(SELECTION, *confirming()).data
    assert table["setting"].tolist() == ["lr=0.3", "lr=0.1"]
    assert table["selected by validation accuracy"].tolist() == [0.95, 0.93]
    assert table["on test there"].iloc[0] == 0.89
    assert pd.isna(table["on test there"].iloc[1])
    assert table["n there"].tolist() == [2, 1]
    assert table["confirmed on test"].tolist() == pytest.approx([0.72, 0.92])
    half = 4.303 * 0.02 / math.sqrt(3)  # the printed table's t for 2 degrees of freedom
    assert table["confirmed, 95 % half-width"].tolist() == pytest.approx([half, half], rel=2e-4)
    assert table["n"].tolist() == [3, 3]


def test_it_is_said_what_is_confirmed() -> None:
    replicates, _ = confirming()
    assert confirmation(SELECTION, replicates) == (
        "Confirmation: the 2 best of 4 settings of the sweep first (8 runs on 2 seeds), trained again on new seeds. On "
        "these nothing had been selected: their test figures are the claim."
    )
    alone = SELECTION.model_copy(update={"seeds": [7], "selected": SELECTION.selected[:1]})
    assert confirmation(alone, replicates).startswith(
        "Confirmation: the best of 4 settings of the sweep first (8 runs on seed 7)"
    )
    one = alone.model_copy(update={"settings": 1, "runs": 1})
    assert confirmation(one, replicates).startswith(
        "Confirmation: the only setting of the sweep first (1 run on seed 7)"
    )
    caption = confirmed_table(one, *confirming()).caption
    assert caption == "The only setting of the sweep first: its mean figures there, and on new seeds."


def test_where_no_new_run_has_finished_nothing_is_claimed() -> None:
    replicates, _ = confirming()
    none = Replicates.of(Comparison.of(replicates.comparison.runs.assign(status="diverged")))
    assert confirmation(SELECTION, none).endswith("On these nothing had been selected, and none of them has finished.")


def test_what_replicates_and_what_is_not_of_the_run_is_no_part_of_a_setting() -> None:
    rows: list[dict[str, object]] = []
    overrides = {}
    for lr in (0.1, 0.3, 0.7):
        for path in ("a=1.csv", "a=2.csv"):
            run = str(len(rows))
            overrides[run] = [f"optimizer.lr={lr}", f"dataset.path={path}", "seed=9", "sweep.name=again"]
            facts: dict[str, object] = {"run": run, "status": "finished", "message": None, "task": "classification"}
            facts |= {"config.optimizer.lr": lr, "config.dataset.path": path, "config.seed": 9}
            facts |= {"config.sweep.replicates": '["dataset.path"]', "metric.best_validation_accuracy": 0.5}
            rows.append(facts | {"metric.best_test_accuracy": lr})
    replicates = Replicates.of(Comparison.of(pd.DataFrame(rows)))
    changed = Selected(overrides=["optimizer.lr=0.2"], words="lr=0.2", n=2, validation=0.9, test=0.8)
    selection = SELECTION.model_copy(update={"selected": [*SELECTION.selected, changed]})
    table = confirmed_table(selection, replicates, overrides).data
    assert table["confirmed on test"].tolist() == pytest.approx([0.3, 0.1, math.nan], nan_ok=True)
    assert table["n"].tolist() == pytest.approx([2, 2, math.nan], nan_ok=True)
    assert confirmation(selection, replicates).endswith(
        "their test figures are the claim. 2 new seeds are too few for an interval."
    )


def test_the_table_of_a_confirmation() -> None:
    table = confirmed_table(SELECTION, *confirming())
    assert table.name == "confirmed"
    assert table.caption == (
        "The best of the 4 settings of the sweep first by validation accuracy: their mean figures there, which "
        "selection makes look better than they are, and on new seeds, on which nothing had been selected."
    )
    assert table.digits == {
        "selected by validation accuracy": 4,
        "on test there": 4,
        "n there": 0,
        "confirmed on test": 4,
        "n": 0,
    }
    assert table.halves == {"confirmed on test": "confirmed, 95 % half-width"}
    assert set(table.digits) | set(table.halves.values()) | {"setting"} == set(table.data)
