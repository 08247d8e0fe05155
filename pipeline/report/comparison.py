"""The comparison table: one row per run, the swept keys first, the best by validation on top."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any

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
from pipeline.report.formats import Table, text

SEED = "config.seed"
_WORDS = ("config.dataset.title", "config.dataset.licence", "config.dataset.citation")
_NEVER_SWEPT = ("config.sweep.", "config.tracking.", "config.dataset.root", *_WORDS)
_RESERVED = {"run", "seconds", "status"}
_SELECT, _METRICS = "config.training.select", "config.training.metrics"
_COUNTS = "provenance.data.examples_of_classes.train"
_UNEQUAL = 1.5  # times as many examples of one class as of another


@dataclass(frozen=True)
class Comparison:
    """Runs in the order of the table. `swept` maps columns of `runs` to short names."""

    runs: pd.DataFrame
    swept: dict[str, str]
    task: Task

    @classmethod
    def of(cls, runs: pd.DataFrame) -> "Comparison":
        """Sort the runs of `pipeline.runs.read.collect`: finished ones first, by best validation score."""
        tasks = set(runs["task"].dropna()) if "task" in runs else set()
        comparison = cls(runs, _swept(runs), tasks.pop() if len(tasks) == 1 else "classification")
        keys = pd.DataFrame({"early": runs["status"] != "finished", "score": comparison.score})
        ascending = [True, not comparison.metric.higher_is_better]
        order = keys.sort_values(["early", "score"], ascending=ascending, kind="stable").index
        return replace(comparison, runs=runs.loc[order].reset_index(drop=True))

    @property
    def metric(self) -> Metric:
        """By what runs are compared: `training.select`, or the score where they differ in it."""
        selects = {value if isinstance(value, str) else "auto" for value in self.runs.get(_SELECT, ["auto"])}
        return selected(selects.pop(), self.task) if len(selects) == 1 else SCORES[self.task]

    @property
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

    @property
    def score(self) -> "pd.Series[float]":
        """Best validation score of each run; NaN if it has none."""
        return self.best(SELECTION)

    @property
    def picked(self) -> bool:
        """Whether the first row is the best by validation score."""
        return bool(pd.notna(self.score.iloc[0]))

    @property
    def seconds(self) -> "pd.Series[float]":
        """Seconds of computing of each run."""
        return self._numbers("seconds.total")

    @property
    def planned_epochs(self) -> "pd.Series[float]":
        """Epochs that each run was to train."""
        return self._numbers("config.training.epochs")

    def settings(self, row: int) -> str:
        """The swept keys of a row in words: "hidden=[256], lr=0.05"."""
        return ", ".join(f"{name}={text(self.runs[key][row])}" for key, name in self.swept.items()) or "defaults"

    def table(self) -> pd.DataFrame:
        """The table's columns, with numbers at full precision."""
        columns: dict[str, Any] = {"run": self.runs["run"]}
        columns |= {name: self.runs[key] for key, name in self.swept.items()}
        columns["best epoch"] = self.figure("best_epoch")
        validated = self.score.notna().any()
        columns |= {self.metric.heading(split): self.best(split) for split in SPLITS if validated or split != SELECTION}
        if validated:
            columns[LOSS.heading(SELECTION)] = self.best(SELECTION, LOSS)
        columns |= {metric.heading("test"): self.best("test", metric) for metric in self.beside}
        return pd.DataFrame(columns | {"seconds": self.seconds, "status": self.runs["status"]})

    @property
    def digits(self) -> dict[str, int]:
        """Decimals of the columns that hold figures; all others hold settings and text."""
        figures = [*map(self.metric.heading, SPLITS), LOSS.heading(SELECTION)]
        figures += [metric.heading("test") for metric in self.beside]
        return {"best epoch": 0, **dict.fromkeys(figures, 4), "seconds": 1}

    @property
    def listing(self) -> Table:
        """The table for output, with caption and decimals."""
        best = f"; the best by {self.metric.heading(SELECTION)} in bold" if self.picked else ""
        return Table("table", self.table(), self.digits, f"Comparison of the runs{best}.", picked=self.picked)

    def formatted(self) -> pd.DataFrame:
        """The table with formatted cells."""
        return self.listing.formatted()

    def files(self) -> dict[str, str]:
        """File name -> content of the table in each format."""
        return self.listing.files()

    def _numbers(self, column: str) -> "pd.Series[float]":
        if column not in self.runs:
            return pd.Series(float("nan"), self.runs.index)
        return pd.to_numeric(self.runs[column], errors="coerce").astype(float)


def levels(values: "pd.Series[Any]") -> list[str]:
    """Distinct settings as text, sorted: numbers by size, lists by their numbers, words alphabetically."""
    distinct = list(dict.fromkeys(values.map(text)))
    numbers = pd.to_numeric(pd.Series(distinct, distinct), errors="coerce")
    if numbers.notna().all():
        return list(numbers.sort_values().index)
    return sorted(distinct, key=lambda level: ([int(n) for n in re.findall(r"\d{1,18}", level)], level))


def _swept(runs: pd.DataFrame) -> dict[str, str]:
    """Keys with more than one value, except those that only follow from the choice of their group."""
    texts = {
        name: runs[name].map(text)
        for name in map(str, runs.columns)
        if name.startswith("config.") and not name.startswith(_NEVER_SWEPT)
    }
    keys = [name for name, values in texts.items() if values.nunique() > 1]
    groups = [key.removesuffix("name") for key in keys if key.endswith(".name")]
    swept = [
        key
        for key in keys
        if not any(
            key.startswith(group)
            and key != f"{group}name"
            and (texts[key].groupby(texts[f"{group}name"]).nunique() == 1).all()
            for group in groups
        )
    ]
    first = sorted(swept, key=lambda key: key != SEED)  # if keys repeat the seed, show the seed
    swept = [key for key in swept if not any(_repeats(texts[key], texts[other]) for other in first[: first.index(key)])]
    short = {key: key.removesuffix(".name").rsplit(".", 1)[-1] for key in swept}
    names = list(short.values())
    return {
        key: name if names.count(name) == 1 and name not in _RESERVED else key.removeprefix("config.")
        for key, name in short.items()
    }


def _repeats(values: "pd.Series[Any]", earlier: "pd.Series[Any]") -> bool:
    """Whether a key has the earlier key's value in every run, as order_seed=${seed} has."""
    return bool((values == earlier).all())
