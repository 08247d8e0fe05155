"""What report.md says of sweeps that are out of the ordinary: it names runs, data and settings for what they are."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.report.baseline import Baseline
from pipeline.report.build import build

WriteRun = Callable[..., Path]


@pytest.fixture
def told(tmp_path: Path, write_run: WriteRun) -> Callable[..., str]:
    """told({…}, {…}, …) is the report of runs with these settings."""

    def report(*runs: dict[str, object]) -> str:
        for number, settings in enumerate(runs):
            write_run(tmp_path / "s" / str(number), **settings)  # type: ignore[arg-type]
        build([tmp_path / "s"])
        return (tmp_path / "s/report/report.md").read_text()

    return report


Told = Callable[..., str]


def test_the_run_that_stands_for_a_setting_is_not_called_the_best(told: Told) -> None:
    rates = [(0.1, 0.7), (0.1, 0.8), (0.1, 0.95), (0.2, 0.5), (0.2, 0.4), (0.2, 0.3)]
    words = told(
        *({"best": best, "score": "r2", "optimizer__lr": lr, "seed": i % 3} for i, (lr, best) in enumerate(rates))
    )
    assert "the best run" not in words
    assert "Figures of one run are those of run 1 (the replicate of the best setting nearest to its mean)." in words
    assert "has a test R² of 0.0000, run 1 of 0.7900: is that good" in words


def test_without_validation_no_run_is_compared_with_the_baseline(told: Told) -> None:
    words = told(*({"validation": False, "score": "r2", "optimizer__lr": lr} for lr in (0.1, 0.2)))
    assert "is that good, and beside what?" not in words


def test_why_runs_did_not_finish_is_said(told: Told) -> None:
    bad = {"status": "diverged", "message": "the objective was nan"}
    words = told({}, bad | {"optimizer__lr": 1.0}, bad | {"optimizer__lr": 2.0})
    assert "- Not finished: 2 diverged runs.\n- Runs 1, 2 (diverged): the objective was nan" in words


def test_what_halving_did_not_drop_was_not_thinned_out(told: Told) -> None:
    halving = {"kind": "halving", "name": "s"}
    assert "thinned out" not in told({"sweep": halving}, {"sweep": halving, "optimizer__lr": 1.0})


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        (
            {"dataset__flip": False, "dataset__shift": 0},
            {"dataset__shift": 1},
            "shifted at random by up to 1 pixel in some runs",
        ),
        (
            {"dataset__flip": True, "dataset__shift": 0},
            {"dataset__flip": True},
            "Training images are mirrored at random.",
        ),
        (
            {"dataset__flip": True, "dataset__shift": 4},
            {"dataset__flip": True, "dataset__shift": 4},
            "Training images are mirrored at random and shifted at random by up to 4 pixels.",
        ),
        (
            {"dataset__cutout": 0},
            {"dataset__cutout": 8},
            "covered (DeVries and Taylor 2017) in some runs, with a side of 8 pixels.",
        ),
        ({"model__hidden": []}, {"model__hidden": []}, "There is no hidden layer."),
        ({"model__hidden": []}, {"model__hidden": [4]}, "Hidden widths: none or 4."),
        ({"training__batch_size": 1}, {"training__batch_size": 1}, "3 epochs in steps of one example, in an order"),
        ({"training__averaging": 0.9}, {"training__averaging": 0.9}, "a step, updated at most twenty times an epoch."),
        ({"training__patience": 5}, {"training__patience": 5}, "after 5 epochs without a better validation score."),
    ],
)
def test_what_was_done_in_training_is_told_of_the_runs_that_did_it(
    told: Told, one: dict[str, object], other: dict[str, object], words: str
) -> None:
    said = told(one, other | {"optimizer__lr": 1.0})
    assert words in said
    assert "0 pixels" not in said


def test_a_network_without_hidden_layers_has_no_activation(told: Told) -> None:
    assert "Activation:" not in told({"model__hidden": [], "model__activation": "relu"})


@pytest.mark.parametrize(("key", "several"), [("dataset__seed", True), ("optimizer__lr", False)])
def test_one_validation_split_is_claimed_only_where_there_is_one(told: Told, key: str, several: bool) -> None:
    assert ("All settings are compared on one validation split" not in told({key: 1}, {key: 2})) == several


def test_data_that_differ_have_no_one_validation_split(tmp_path: Path, write_run: WriteRun) -> None:
    for number, samples in enumerate((100, 200)):
        run = write_run(tmp_path / "s" / str(number), dataset__samples=samples)
        result = json.loads((run / "result.json").read_text())
        result["provenance"]["data_fingerprint"] = str(samples)
        (run / "result.json").write_text(json.dumps(result))
    build([tmp_path / "s"])
    assert "compared on one validation split" not in (tmp_path / "s/report/report.md").read_text()


def test_captions_of_curves_promise_no_score(told: Told) -> None:
    runs = [{"optimizer__lr": 0.1}, {"optimizer__lr": 0.2, "status": "diverged", "validation": False}]
    assert "**Figure 1. Learning curves.** Each run in a colour of its own." in told(*runs)


def test_many_curves_are_the_first_of_the_table(told: Told) -> None:
    words = told(*({"optimizer__lr": 0.1 * (number + 1)} for number in range(12)))
    assert re.search(r"The first (\d+) runs of the table in colour; the other \d+ in grey\.", words)


def test_one_more_curve_is_the_other(told: Told) -> None:
    words = told(*({"optimizer__lr": 0.1 * (number + 1)} for number in range(6)))
    assert "The first 5 runs of the table in colour; the other in grey." in words


def test_runs_without_a_figure_after_an_epoch_have_no_curves(told: Told) -> None:
    bad = {"best": float("nan"), "status": "diverged"}
    words = told(*(bad | {"optimizer__lr": lr, "seed": seed} for lr in (1.0, 2.0) for seed in (0, 1)))
    assert "learning curves" not in words
    assert "nearest to" not in words


def test_one_setting_tried_no_swept_values(told: Told) -> None:
    words = told({"dataset__task": "auto"})
    assert "Only this setting was tried, on this data alone." in words
    assert "Further settings" not in words


def test_a_constant_answer_in_a_sentence_has_both_its_commas() -> None:
    assert Baseline("one class, such as “a”", {}).aside == "one class, such as “a”,"
    assert Baseline("the mean of the targets", {}).aside == "the mean of the targets"


def test_one_setting_has_no_order_to_change(told: Told) -> None:
    assert "The best epoch of run 0 is the last: would longer training give more?" in told({"seed": 0}, {"seed": 1})


def test_software_is_what_the_report_uses(told: Told) -> None:
    words = told(
        *({"optimizer__lr": lr, "seed": s, "best": 0.8 + 0.01 * (s * lr % 3)} for lr in (1, 2) for s in range(4))
    )
    assert "points in 80 % of such sweeps" in words  # how many seeds would show a difference, by scipy alone
    assert "scipy " in words
    assert "statsmodels" not in words


def test_no_interval_is_rounded_to_nothing(told: Told) -> None:
    scores = {(0, s): 0.9 + 0.001 * s for s in range(3)} | {(1, s): 0.1 + 0.4 * s for s in range(3)}
    scores |= {(2, s): 0.2 - 0.4 * s for s in range(3)}
    words = told(
        *({"optimizer__lr": lr + 1, "seed": s, "best": best, "score": "r2"} for (lr, s), best in scores.items())
    )
    [first] = re.findall(r"^\| \*\*1\*\* .*$", words, re.M)
    assert "± 0.0*" not in first
    assert "± 0.002" in first


def test_equal_scores_have_no_more_decimals_than_others(told: Told) -> None:
    words = told(*({"optimizer__lr": lr, "seed": s, "best": 0.86} for lr in (1, 2) for s in range(3)))
    assert re.search(r"\| 85\.0( ± 0\.0)? ", words.replace("*", ""))
