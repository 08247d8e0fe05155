"""The comparison table: one row per run, the swept keys first, the best setting by validation on top."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from pipeline.datasets import Task
from pipeline.metrics import (
    BALANCED_ACCURACY,
    LOSS,
    MACRO_F1,
    MAE,
    RMSE,
    ROC_AUC,
    SCORES,
    SELECTION,
    SPLITS,
    TOP5,
    Metric,
    metric_of,
    selected,
)
from pipeline.report.baseline import Baseline, baseline_of
from pipeline.report.formats import Table, text
from pipeline.report.score_format import ScoreFormat, size_of_test
from pipeline.report.swept import FOLD, SEED, joined, replicating_keys, swept_keys
from pipeline.report.vocabulary import described, names_of

ONLY = "the one setting"  # in words, where nothing but seeds differs
_SELECT, _METRICS = "config.training.select", "config.training.metrics"
_COUNTS = "provenance.data.examples_of_classes.train"
_SPLIT = (  # what differs between runs that are not validated on the same examples
    "provenance.data_fingerprint",  # of the data before their split
    FOLD,
    "config.dataset.seed",
    "config.dataset.validation_fraction",
)
_UNEQUAL = 1.5  # times as many examples of one class as of another


@dataclass(frozen=True)
class Comparison:
    """Runs in the order of the table.

    A *setting* is a choice of all swept keys except those that replicate: the seed, the fold, and what
    `sweep.replicates` names. Runs of one setting are its replicates. `swept` maps the columns of `runs` in which
    settings differ to short names, `replicating` those in which replicates do. `until` is the epoch up to which figures
    are the best, where that is earlier than the end of some runs (`pipeline.report.equal_length`). `untrained` counts
    the runs that the latest command asks for and that have not begun.
    """

    runs: pd.DataFrame
    swept: dict[str, str]
    replicating: dict[str, str]
    task: Task
    until: int | None = None
    untrained: int = 0

    @classmethod
    def of(cls, runs: pd.DataFrame) -> "Comparison":
        """Sort the runs of `pipeline.runs.read.collect`: by setting, and within one by validation score.

        Settings with the most finished replicates come first, as means over fewer owe more to luck; then those with
        the better mean validation score over these.
        """
        tasks = set(runs["task"].dropna()) if "task" in runs else set()
        names = swept_keys(runs)
        replicates = replicating_keys(runs)
        comparison = cls(
            runs,
            {key: name for key, name in names.items() if key not in replicates},
            {key: name for key, name in names.items() if key in replicates},
            tasks.pop() if len(tasks) == 1 else "classification",
        )
        return replace(comparison, runs=runs.loc[comparison._order()].reset_index(drop=True))

    @cached_property
    def setting(self) -> "pd.Series[int]":
        """The number of each run's setting; in the order of the table 0 is the best."""
        settings = joined(self.runs, list(self.swept))
        return pd.Series(pd.factorize(settings)[0], self.runs.index)

    @cached_property
    def replicate(self) -> "pd.Series[str]":
        """Which replicate of its setting each run is, as text: equal for runs that can be paired."""
        keys = list(self.replicating) or [SEED] * (SEED in self.runs)
        return joined(self.runs, keys).map(" ".join)

    @cached_property
    def replicated(self) -> bool:
        """Whether any setting has more than one replicate."""
        return bool((self.replicate.groupby(self.setting).nunique() > 1).any())

    @cached_property
    def representative(self) -> int:
        """The row that stands for the best setting: of its finished replicates the nearest to their mean validation.

        Without replicates the first row.
        """
        if not self.replicated:
            return 0
        finished = (self.setting == self.setting.iloc[0]) & self.finished
        scores = self.score[finished]
        distances = (scores - scores.mean()).abs().dropna()
        return min(zip(distances, distances.index.astype(int), strict=True), default=(0.0, 0))[1]

    @property
    def representative_name(self) -> str:
        """The name of the run that stands for the best setting, and why it does where there are replicates."""
        name = str(self.runs["run"][self.representative])
        first = (self.setting == self.setting.iloc[0]) & self.finished
        if not self.replicated or self.score[first].isna().all():
            return name
        if not self.swept:
            return f"{name} (the replicate nearest to the mean)"
        return f"{name} (the replicate of the {'best' if self.picked else 'first'} setting nearest to its mean)"

    @property
    def leaders(self) -> list[int]:
        """A row of each setting, in their order: of the best the one that stands for it, of others their best run."""
        first = [int(row) for row in np.flatnonzero(~self.setting.duplicated())]
        return [self.representative, *first[1:]]

    def _order(self) -> pd.Index:
        finished = self.finished
        score = self.score if self.metric.higher_is_better else -self.score
        setting, done = self.setting, self.replicate.where(finished).groupby(self.setting).nunique()
        ranks = pd.DataFrame(
            {
                "fewer": done < done.max(),
                "mean": score.where(finished).groupby(setting).mean(),
                "length": self.figure("final_epoch").where(self.dropped).groupby(setting).max(),
                "unfinished": score.groupby(setting).max(),
            }
        )
        ranks["fewest"] = done == 0
        ranks["length"] = ranks["length"].where(ranks["fewest"], 0)  # what halving dropped later was better
        descending = ["mean", "length", "unfinished"]
        order = ranks.sort_values(
            ["fewest", "fewer", *descending], ascending=[True, True, False, False, False], kind="stable"
        ).index
        place = pd.Series(range(len(order)), order)
        keys = pd.DataFrame({"place": setting.map(place), "early": ~finished, "score": score})
        return keys.sort_values(["place", "early", "score"], ascending=[True, True, False], kind="stable").index

    @cached_property
    def metric(self) -> Metric:
        """By what runs are compared: `training.select`, or the score where they differ in it."""
        selects = {value if isinstance(value, str) else "auto" for value in self.runs.get(_SELECT, ["auto"])}
        return selected(selects.pop(), self.task) if len(selects) == 1 else SCORES[self.task]

    @cached_property
    def beside(self) -> list[Metric]:
        """Metrics beside it that the table gives: the score, what was asked for, or what says more of such data."""
        recorded = dict.fromkeys(
            metric_of(name)
            for names in self.runs.get(_METRICS, [])
            if isinstance(names, str)
            for name in json.loads(names)
        )
        wanted = [SCORES[self.task], *(recorded or self._telling())]
        known = [metric for metric in wanted if self.best("test", metric).notna().any()]
        return [metric for metric in dict.fromkeys(known) if metric != self.metric]

    def _telling(self) -> list[Metric]:
        """What says more than the score: of many classes, of classes of unequal size, of labels, of values."""
        if self.task != "classification":
            return {"multilabel": [MACRO_F1, ROC_AUC], "regression": [MAE, RMSE]}[self.task]
        counts = self.runs.get(_COUNTS, pd.Series(dtype=object)).dropna().map(json.loads)
        unequal = any(max(count) >= _UNEQUAL * max(min(count), 1) for count in counts)
        return [TOP5] + ([BALANCED_ACCURACY, MACRO_F1, ROC_AUC] if unequal else [])

    @property
    def charted(self) -> tuple[Metric, Metric]:
        """What curves show: the loss, and the metric or the score."""
        return LOSS, self.metric if self.metric != LOSS else SCORES[self.task]

    def best(self, split: str, metric: Metric | None = None) -> "pd.Series[float]":
        """A metric (default: the score) of each run's best epoch; NaN if it has none."""
        return self.figure((metric or self.metric).best(split))

    def figure(self, name: str) -> "pd.Series[float]":
        """A figure of each run by its name in result.json, such as best_epoch; NaN if missing."""
        return self._numbers(f"metric.{name}")

    @cached_property
    def score(self) -> "pd.Series[float]":
        """Best validation score of each run; NaN if it has none."""
        return self.best(SELECTION)

    @cached_property
    def finished(self) -> "pd.Series[bool]":
        """Whether each run has finished; figures of others are of less training, and win nothing."""
        return self.runs["status"] == "finished"

    @property
    def picked(self) -> bool:
        """Whether the first row is the best finished run by validation score, or the only run and has one."""
        return bool((self.finished.iloc[0] or len(self.runs) == 1) and pd.notna(self.score.iloc[0]))

    @property
    def why_not_picked(self) -> str:
        """The reason, as a sentence without its full stop."""
        if not self.finished.any():
            return "No run has finished"
        return self.undefined or "There is no validation score"

    @property
    def undefined(self) -> str:
        """That no finished run has a score, though there is a validation split: a sentence without its full stop."""
        sizes = self.runs.get(f"provenance.examples.{SELECTION}", pd.Series(dtype=float))
        if not self.finished.any() or self.score[self.finished].notna().any() or not (sizes > 0).any():
            return ""
        heading = self.metric.heading(SELECTION)
        return f"{heading[:1].upper()}{heading[1:]} is undefined in every epoch"

    @property
    def among(self) -> str:
        """ " of those that finished" behind what the first row is the best by, where another run has a better score."""
        sign = 1 if self.metric.higher_is_better else -1
        better = sign * self.score[~self.finished] > sign * self.score.iloc[0]
        return " of those that finished" * bool(better.any())

    @cached_property
    def dropped(self) -> "pd.Series[bool]":
        """Whether successive halving stopped each run before its end."""
        return self.runs["status"] == "dropped"

    @property
    def at_that_epoch(self) -> str:
        """A sentence for captions, with a space before: where figures are not those of whole runs."""
        return (
            "" if self.until is None else f" Of all runs the best up to epoch {self.until}: halving dropped some there."
        )

    def examples(self, split: str) -> int:
        """The size of a split, 0 where runs differ in it or do not say, or are validated on different examples."""
        if split == SELECTION and not self.one_split:
            return 0
        sizes = self.runs.get(f"provenance.examples.{split}", pd.Series(dtype=float)).dropna().unique()
        return int(sizes[0]) if len(sizes) == 1 else 0

    @cached_property
    def one_split(self) -> bool:
        """Whether all runs are validated on the same examples."""
        return all(self.runs[key].dropna().map(text).nunique() < 2 for key in _SPLIT if key in self.runs)

    @cached_property
    def seconds(self) -> "pd.Series[float]":
        """Seconds of computing of each run."""
        return self._numbers("seconds.total")

    @cached_property
    def planned_epochs(self) -> "pd.Series[float]":
        """Epochs that each run was to train."""
        return self._numbers("config.training.epochs")

    @cached_property
    def best_at_the_end(self) -> "pd.Series[bool]":
        """Whether the best epoch of each run is the last that it was to train."""
        return self.figure("best_epoch") == self.planned_epochs

    @cached_property
    def names(self) -> dict[str, str]:
        """Columns of the swept keys, and of those that replicate, -> what people call them."""
        return names_of(self.swept | self.replicating)

    @cached_property
    def score_format(self) -> ScoreFormat:
        """How scores are written."""
        return self.format_of(self.metric)

    def format_of(self, metric: Metric) -> ScoreFormat:
        """How figures of a metric are written."""
        return ScoreFormat(metric, size_of_test(self.runs))

    def settings(self, row: int) -> str:
        """The setting of a row in words: "hidden units 256, learning rate 0.05"."""
        return self._words(row, self.swept) or ONLY

    def label(self, row: int) -> str:
        """All swept keys of a row in words, those that replicate too: "learning rate 0.05, seed 3"."""
        return self._words(row, self.swept | self.replicating) or ONLY

    def table(self) -> pd.DataFrame:
        """The table's columns, with numbers at full precision."""
        columns: dict[str, Any] = {"run": self.runs["run"]}
        columns |= {name: self.runs[key] for key, name in (self.swept | self.replicating).items()}
        columns["best epoch"] = self.figure("best_epoch")
        validated = self.score.notna().any()
        columns |= {self.metric.heading(split): self.best(split) for split in SPLITS if validated or split != SELECTION}
        if validated:
            columns[LOSS.heading(SELECTION)] = self.best(SELECTION, LOSS)
        columns |= {metric.heading("test"): self.best("test", metric) for metric in self.beside}
        return pd.DataFrame(columns | {"seconds": self.seconds, "status": self.runs["status"]})

    @cached_property
    def baseline(self) -> Baseline | None:
        """What a predictor that looks at nothing reaches."""
        return baseline_of(self.runs, self.metric)

    @property
    def digits(self) -> dict[str, int]:
        """Decimals of the columns that hold figures; all others hold settings and text."""
        figures = [*map(self.metric.heading, SPLITS), LOSS.heading(SELECTION)]
        figures += [metric.heading("test") for metric in self.beside]
        return {"best epoch": 0, **dict.fromkeys(figures, 4), "seconds": 1}

    @property
    def listing(self) -> Table:
        """The table for output, with caption and decimals."""
        alone = len(self.runs) == 1
        best = self.picked and not self.replicated and not alone
        words = (
            f"; the best by {self.metric.heading(SELECTION)}{self.among} in bold"
            if best
            else ", by setting"
            if self.replicated
            else ""
        )
        footer = self.baseline.row(self.metric, "run") if self.baseline else {}
        caption = "The run." if alone else f"Comparison of the runs{words}."
        return Table("table", self.table(), self.digits, caption, picked=best, footer=footer)

    def _words(self, row: int, keys: Iterable[str]) -> str:
        return described({self.names[key]: self.runs[key][row] for key in keys})

    def _numbers(self, column: str) -> "pd.Series[float]":
        if column not in self.runs:
            return pd.Series(float("nan"), self.runs.index)
        return pd.to_numeric(self.runs[column], errors="coerce").astype(float)
