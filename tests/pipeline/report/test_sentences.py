"""Sentences and numbers of a report, word for word, from runs written down here."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from pipeline.metrics import ACCURACY, LOSS, R2, Metric
from pipeline.report.comparison import Comparison
from pipeline.report.formats import Table, p_value, text
from pipeline.report.outcome import messages, outcome
from pipeline.report.page._headline import tile_of_data, tiles, title
from pipeline.report.page._summary import _values, outcomes, summary
from pipeline.report.paper._command import SweepCommand
from pipeline.report.paper._compose import _commands
from pipeline.report.paper._computing import computing_sentences
from pipeline.report.paper._data import data_sentences
from pipeline.report.paper._discussion import questions
from pipeline.report.paper._document import Code
from pipeline.report.paper._methods import _selection, _sweep
from pipeline.report.paper._model import _parameters
from pipeline.report.paper._settings import Settings, either
from pipeline.report.score_format import ScoreFormat
from pipeline.report.statistics.importance import Importance
from pipeline.report.statistics.replicates import Replicates
from pipeline.report.statistics.winner import best_run, trust
from pipeline.report.vocabulary import listed


def comparison(scores: list[float], **columns: object) -> Comparison:
    """Runs of rates 0.1, 0.2, …, whose test scores are 0.05 below those on validation."""
    facts = {"status": "finished", "message": None, "task": "classification", "config.seed": 0}
    facts |= {"config.training.epochs": 4, "metric.best_epoch": 3, "metric.final_epoch": 4}
    rows = [
        {"run": str(number), "config.optimizer.lr": round(0.1 * (number + 1), 1)}
        | {"metric.best_validation_accuracy": score, "metric.best_test_accuracy": round(score - 0.05, 6)}
        | {"metric.best_train_accuracy": score + 0.02}
        for number, score in enumerate(scores)
    ]
    return Comparison.of(pd.DataFrame(rows).assign(**facts | columns))


@pytest.mark.parametrize(
    ("metric", "value", "half", "words"),
    [
        (ACCURACY, 0.83123, 0.0162, "83.1 ± 1.6 %"),
        (ACCURACY, 0.83123, 0.3, "83.1 ± 30.0 %"),
        (ACCURACY, 0.83123, 0.00042, "83.12 ± 0.04 %"),
        (ACCURACY, 0.83123, math.nan, "83.1 %"),
        (ACCURACY, 0.83123, 0.0, "83.1 %"),
        (ACCURACY, math.nan, 0.1, "–"),
        (R2, 0.83123, 0.0162, "0.831 ± 0.016"),
        (R2, 0.83123, math.nan, "0.8312"),
        (LOSS, 12.5, 7.0, "12.5 ± 7.0"),
    ],
)
def test_a_figure_has_the_decimals_that_its_interval_allows(
    metric: Metric, value: float, half: float, words: str
) -> None:
    assert ScoreFormat(metric, 1000).score(value, half) == words


@pytest.mark.parametrize(
    ("p", "words"), [(0.0004, "p < 0.001"), (0.001, "p = 0.001"), (0.0096, "p = 0.010"), (1.0, "p = 1.000")]
)
def test_p(p: float, words: str) -> None:
    assert p_value(p) == words


@pytest.mark.parametrize(
    ("value", "typed"),
    [(0.00012345, "0.00012345"), (1e-05, "1e-05"), (True, "true"), (None, "null"), (math.nan, "–"), (3.0, "3")],
)
def test_a_setting_is_as_it_is_typed(value: object, typed: str) -> None:
    assert text(value) == typed


def test_lists_in_words() -> None:
    assert [listed(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert either(["0.1", "0.2", "0.3"]) == "0.1, 0.2 or 0.3"
    assert either([str(number) for number in range(8)]) == "0, 1, 2, 3, 4, 5, 6 or 7"
    assert either([str(number) for number in range(9)]) == "0 … 8 (9 values)"
    assert _values(pd.Series([number / 10 for number in range(9)])) == "9 values from 0 to 0.8"
    assert _values(pd.Series([0.5, 0.25])) == "0.25, 0.5"


def test_columns_have_distinct_names_and_long_tables_say_what_they_leave_out() -> None:
    table = Table("t", pd.DataFrame([[1, 2, 3]] * 51, columns=["A b", "a-b", "R²"]), {}, "Words.")
    assert table.fields == ["a_b", "a_b_2", "r2"]
    assert "Words. The first 50 of 51 rows." in table.latex()
    assert "The first" not in table.latex(long=True)
    whole = Table("t", table.data.head(50), {}, "Words.")
    assert "The first" not in whole.latex()


def test_the_lead_is_to_the_second_and_to_the_median() -> None:
    [words] = best_run(comparison([0.90, 0.96, 0.80, 0.70, 0.85]))
    assert "validation accuracy 96.0 %, test accuracy 91.0 %" in words
    assert "It is 6.0 points above the second and 11.0 points above the median on validation." in words
    ends = ["finished"] * 5 + ["diverged"]
    [words] = best_run(comparison([0.90, 0.96, 0.80, 0.70, 0.85, 0.99], status=ends))
    assert "6.0 points above the second and 11.0 points above the median of those that finished on validation." in words
    [words] = best_run(comparison([0.90, 0.96, 0.80, 0.70]))
    assert "It is 6.0 points above the second on validation." in words  # a median of few is no more than a second
    lower = comparison([0.9, 0.4]).runs.rename(columns=lambda name: name.replace("accuracy", "loss"))
    [words] = best_run(Comparison.of(lower.assign(**{"config.training.select": "validation_loss"})))
    assert "It is 0.5000 below the second" in words


def test_what_is_best_at_the_end_are_runs_or_all_runs_of_settings() -> None:
    more = "best at the last epoch: longer training (training.epochs) may give more."
    ends = {"metric.best_epoch": 4}
    assert f"The first 3 runs of the table are {more}" in trust(comparison([0.9, 0.8, 0.7, 0.6], **ends))
    on_seeds = {"config.seed": [0, 1, 0, 1], "config.optimizer.lr": [0.1, 0.1, 0.2, 0.2]}
    of_settings = comparison([0.9, 0.8, 0.7, 0.6], **on_seeds, **ends)
    assert f"All runs of the first 2 settings are {more}" in trust(of_settings)
    assert "best at the last epoch: train longer" in tiles(of_settings, Replicates.of(of_settings))[3].words
    some = comparison([0.9, 0.8, 0.7, 0.6], **on_seeds, **{"metric.best_epoch": [4, 3, 4, 4]})
    assert "last epoch" not in " ".join(trust(some))
    assert "last epoch" not in " ".join(tiles(some, Replicates.of(some))[3].words)


def test_a_setting_that_is_worse_on_test_is_behind_the_runner_up() -> None:
    columns = {"config.seed": [0, 1, 2] * 2, "config.optimizer.lr": [0.1] * 3 + [0.2] * 3}
    test = {"metric.best_test_accuracy": [0.8, 0.81, 0.82, 0.83, 0.85, 0.84]}
    made = comparison([0.9, 0.9, 0.9, 0.8, 0.8, 0.8], **columns, **test)
    lead = tiles(made, Replicates.of(made))[2]
    assert (lead.heading, lead.figure, lead.warns) == ("Behind the runner-up", "3.0 ± 2.5 points", True)
    assert lead.words[0] == "on test, paired over 3 seeds, behind learning rate 0.2"


def test_not_all_of_the_first_are_best_at_the_end() -> None:
    made = comparison([0.9, 0.8, 0.7], **{"metric.best_epoch": [4, 4, 3]})
    assert "last epoch" not in " ".join(trust(made))
    assert "On training the accuracy of run 0 is 2.0 points above that on validation." in trust(made)


def test_the_tile_of_a_lead_counts_points_and_examples() -> None:
    made = comparison([0.90, 0.96], **{"provenance.examples.validation": 200, "provenance.examples.test": 400})
    best, score, lead, trusted = tiles(made, Replicates.of(made))
    assert (best.figure, best.words) == ("learning rate 0.2", ["by validation accuracy; best at epoch 3 of 4"])
    assert (lead.figure, lead.words) == (
        "6.0 points",
        ["on validation, before learning rate 0.1", "12 of 200 examples"],
    )
    assert score.words == ["95 % interval by 400 test examples, of one run"]
    assert score.figure == "91.0 ± 2.8 %"  # Wilson's interval of 364 of 400 is 0.8778 to 0.9343
    assert "only 400 test examples" in trusted.words
    assert "too few seeds to tell the lead from luck" in trusted.words


def test_a_run_that_has_not_finished_is_no_runner_up() -> None:
    made = comparison([0.90, 0.96, 0.99], status=["finished", "diverged", "dropped"])
    assert made.picked
    [words] = best_run(made)
    assert words.startswith("Best by validation of those that finished: run 0 ")
    assert " No other run has finished. Halving picked it among 3 runs" in words
    assert "the best by validation accuracy of those that finished in bold" in made.listing.caption
    best, _, lead, trusted = tiles(made, Replicates.of(made))
    assert trusted.words[0] == "one seed says nothing of luck"
    assert best.words == ["by validation accuracy of those that finished; best at epoch 3 of 4"]
    assert (lead.figure, lead.words) == ("–", ["No other setting has finished with a score."])
    [words] = best_run(comparison([0.90, 0.96, 0.5, 0.99], status=["finished", "finished", "finished", "diverged"]))
    assert "It is 6.0 points above the second on validation." in words


def test_what_halving_picked_is_said_to_be_picked() -> None:
    picked = (
        "Halving picked it among 4 runs on validation, which makes its figure there look better than it is: the test "
        "figure is what counts."
    )
    [words] = best_run(comparison([0.90, 0.96, 0.5, 0.6], status=["finished", "finished", "dropped", "dropped"]))
    assert words.endswith(f"It is 6.0 points above the second on validation. {picked}")
    [words] = best_run(comparison([0.90, 0.8, 0.5, 0.6], status=["finished", "dropped", "dropped", "dropped"]))
    assert words.endswith(f"No other run has finished. {picked}")


@pytest.mark.parametrize("seeds", [[0, 0], [0, 1]])
@pytest.mark.parametrize("status", ["diverged", "dropped", "interrupted"])
def test_where_no_run_has_finished_there_is_no_best(seeds: list[int], status: str) -> None:
    rates = {"config.optimizer.lr": 0.1} if seeds[1] else {}
    sizes = {"provenance.examples.validation": 40}
    made = comparison([0.9, 0.8], status=status, **{"config.seed": seeds}, **rates, **sizes)
    replicates = Replicates.of(made)
    assert not [line for line in outcome(made, replicates) if line.startswith("best")]
    assert "No run has finished, so no run is picked as the best." in summary(made)
    best, score, lead, trusted = tiles(made, replicates)
    assert (best.figure, score.figure, lead.figure) == ("none picked", "–", "–")
    assert [best.words, score.words, lead.words] == [["No run has finished."]] * 3
    assert trusted.words[0] == "no run has finished"
    assert tile_of_data("square", made, "").figure == "none picked"
    assert list(_selection(replicates)) == [
        "Of each run the epoch with the highest validation accuracy counts.",
        "No run has finished, so nothing is selected.",
    ]
    unscored = made.runs.assign(**{"metric.best_validation_accuracy": math.nan})
    assert "no validation split" not in " ".join(_selection(Replicates.of(Comparison.of(unscored))))
    without = Comparison.of(unscored.assign(**{"provenance.examples.validation": 0}))
    assert "no validation split" in " ".join(_selection(Replicates.of(without)))


def test_a_command_says_which_runs_it_trains() -> None:
    made = comparison([0.9, 0.8, 0.7], **{"provenance.command": [f"python -m pipeline seed={n}" for n in range(3)]})
    said, command = _commands(made, SweepCommand("python", runs={"0", "1", "2", "7"}))
    assert (said, command) == ("This command trains all runs again and writes this report:", Code("python"))
    said, _ = _commands(replace(made, untrained=1), SweepCommand("python", runs={"0", "1", "2", "7"}))
    assert said == "This command trains all runs again, and 1 that has not begun, and writes this report:"
    said, _, others, commands = _commands(made, SweepCommand("python", confirms="s", runs={"2"}))
    assert said == (
        "This command, the last of several, trains 1 of the 3 runs again; the sweep s, which it confirms, must be "
        "there:"
    )
    assert others == "These commands train the others, each one run:"
    assert commands == Code("python -m pipeline seed=0\npython -m pipeline seed=1")
    said, command = _commands(made, SweepCommand("python"))  # by a launcher that leaves no record
    assert (said, command) == ("The command of this sweep, or the last of several:", Code("python"))
    said, _ = _commands(made, SweepCommand())
    assert said == "These commands train the runs again, each one run:"


def test_runs_that_have_not_begun_are_counted() -> None:
    made = comparison([0.9, 0.8])
    assert outcomes(made) == ["All runs finished."]
    stopped = replace(made, untrained=10)
    assert outcomes(stopped) == ["Not begun: 10 more runs that the sweep asks for."]
    assert outcome(stopped, Replicates.of(stopped))[-1] == "not begun: 10 more runs that the sweep asks for"


def test_the_title_names_three_keys_and_counts_the_rest() -> None:
    three = {"config.model.l2": [0.0, 0.0, 0.1, 0.1], "config.model.depth": [1, 2, 1, 2]}
    scores = [0.9, 0.8, 0.7, 0.6]
    assert title(comparison(scores, **three)).startswith("Learning rate, L2 penalty and depth on ")
    made = comparison(scores, **three, **{"config.model.dropout": [0.1, 0.1, 0.1, 0.2]})
    assert title(made).startswith("Learning rate, L2 penalty and 2 more keys on ")
    assert title(made).endswith(", 4 runs")


def test_a_metric_that_is_always_undefined_is_called_so() -> None:
    sizes = {"provenance.examples.validation": 40}
    made = comparison([math.nan, math.nan], **sizes)
    assert "Validation accuracy is undefined in every epoch, so no run is picked as the best." in summary(made)
    assert list(_selection(Replicates.of(made))) == [
        "Validation accuracy is undefined in every epoch: of each run the last epoch counts, and nothing is selected."
    ]
    alone = comparison([0.9], **{"metric.best_test_accuracy": math.nan})
    assert best_run(alone)[0].endswith("validation accuracy 90.0 %, test accuracy undefined.")


def test_one_setting_is_not_selected_and_one_run_not_compared() -> None:
    made = comparison([0.9])
    assert list(_selection(Replicates.of(made)))[-1] == "All runs are of one setting, so nothing else is selected."
    assert made.listing.caption == "The run."


def test_where_all_diverged_no_run_is_nearest_to_a_mean() -> None:
    made = comparison([math.nan] * 2, status="diverged", **{"config.seed": [0, 1], "config.optimizer.lr": 0.1})
    assert made.replicated
    assert made.representative_name == "0"


def test_reasons_name_runs_in_their_order_and_no_class() -> None:
    ends = {"status": "failed", "message": "UserError: no such file"}
    runs = comparison([math.nan] * 11, **ends).runs.iloc[::-1]
    assert messages(runs) == [("runs 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10", "failed", "no such file")]


def test_what_differs_is_asked_after_as_a_choice() -> None:
    made = comparison([0.9, 0.8, 0.7], status=["finished", "diverged", "diverged"])
    shares = pd.Series({"config.model.hidden": 0.9, "config.optimizer.nesterov": 0.0})
    asked = questions(Replicates.of(made), Importance(list(shares.index), shares), None, None)
    assert asked[:2] == [
        "Why does the choice of hidden units matter more (90 % of the variance of the scores) than that of Nesterov "
        "momentum (0 %)?",
        "Why did training diverge with learning rate 0.2 or learning rate 0.3, and what would have kept it stable?",
    ]


def test_what_is_said_of_inputs_is_true_of_the_task() -> None:
    made = comparison([0.9, 0.8], **{"config.dataset.standardise": [True, False], "config.dataset.target": None})
    words = " ".join(data_sentences(Settings(made)))
    assert "Inputs are standardised by mean and standard deviation of the training split in some runs." in words
    assert "The target" not in words
    of_values = Comparison.of(made.runs.assign(task="regression"))
    assert "Inputs and values to predict are standardised" in " ".join(data_sentences(Settings(of_values)))


def test_one_setting_is_not_the_best_in_the_last_line() -> None:
    made = comparison([0.9, 0.9], **{"config.seed": [0, 1], "config.optimizer.lr": 0.1})
    assert outcome(made, Replicates.of(made)) == ["one setting: test accuracy 85.0 %, mean of 2 seeds"]


def test_numbers_below_zero_have_a_minus_where_people_read_them() -> None:
    table = Table("t", pd.DataFrame({"score": [-0.5]}), {"score": 1}, "Words.")
    assert "−0.5" in table.markdown()
    assert "-0.5" in table.csv()
    assert "-0.5 \\\\" in table.latex()
    assert "table-format=-1.1" in table.latex()


def test_how_runs_ended_is_counted() -> None:
    ends = {"status": ["finished", "dropped", "dropped", "diverged"], "metric.final_epoch": [4, 2, 1, 3]}
    made = comparison([0.9, 0.8, 0.7, 0.6], **ends)
    assert outcomes(made) == [
        "Halving dropped 2 of 4 runs before their end: 10 of 16 epochs were trained, 31 % were saved; the rest are of "
        "runs that ended early for other reasons.",
        "Not finished: 1 diverged run.",
    ]
    alone = comparison([0.9, 0.8], **{"status": "dropped", "metric.final_epoch": 1})
    assert outcomes(alone) == [
        "Halving dropped 2 of 2 runs before their end: 2 of 8 epochs were trained, 75 % were saved."
    ]


def test_where_halving_dropped_all_no_others_finished() -> None:
    assert outcomes(comparison([0.9, 0.8], status="dropped")) == [
        "Halving dropped 2 of 2 runs before their end: 8 of 8 epochs were trained, 0 % were saved."
    ]


def test_names_with_commas_are_parted_by_semicolons() -> None:
    assert listed(["a 1, b 2", "a 2, b 1", "a 3, b 3"]) == "a 1, b 2; a 2, b 1; and a 3, b 3"


def test_three_replicates_are_enough_for_an_interval_in_the_last_line() -> None:
    runs = pd.concat([comparison([0.9, 0.7]).runs.assign(**{"config.seed": seed}) for seed in range(3)])
    runs["run"] = [str(number) for number in range(len(runs))]
    runs["metric.best_test_accuracy"] += runs["config.seed"] * 0.01
    made = Comparison.of(runs.reset_index(drop=True))
    assert outcome(made, Replicates.of(made)) == [
        "best: learning rate 0.1: test accuracy 86.0 ± 2.5 %, mean of 3 seeds"  # 4.303 · 0.01 / √3
    ]
    two = Comparison.of(made.runs[made.runs["config.seed"] < 2].reset_index(drop=True))
    assert outcome(two, Replicates.of(two)) == ["best: learning rate 0.1: test accuracy 85.5 %, mean of 2 seeds"]


def test_methods_give_sizes_as_they_are() -> None:
    made = comparison([0.9, 0.8], **{"provenance.memory_bytes": 16 * 2**30, "provenance.cpu": "a processor"})
    assert list(_parameters(Comparison.of(made.runs.assign(**{"metric.parameters": 1234})))) == [
        "A network has 1,234 parameters."
    ]
    assert list(_parameters(Comparison.of(made.runs.assign(**{"metric.parameters": [50, 1234]})))) == [
        "Networks have 50 to 1,234 parameters."
    ]
    [_, machine] = computing_sentences(Settings(made), {})
    assert "on a processor, 16 GiB of memory" in machine
    [_, machine] = computing_sentences(Settings(Comparison.of(made.runs.assign(**{"provenance.cores": 1}))), {})
    assert ", 1 core, 16 GiB" in machine
    runs = pd.concat([made.runs, made.runs.head(1).assign(**{"config.seed": 1})], ignore_index=True)
    replicated = Comparison.of(runs)
    words = " ".join(_sweep(Settings(replicated), Replicates.of(replicated), SweepCommand()))
    assert "There are 3 runs; settings differ in learning rate (0.1 or 0.2); all else is fixed." in words
    assert "so that a setting has up to 2 finished runs" in words
