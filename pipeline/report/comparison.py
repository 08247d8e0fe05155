"""The comparison table: one row a run, what was swept first, the best by validation on top."""

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.report.formats import Table, text

SEED = "config.seed"
_WORDS = ("config.dataset.title", "config.dataset.licence", "config.dataset.citation")
_NEVER_SWEPT = ("config.sweep.", "config.tracking.", "config.dataset.root", *_WORDS)
_OWN_NAMES = {"run", "seconds", "status"}


@dataclass(frozen=True)
class Comparison:
    """Runs in the order of the table. `swept` maps a column of `runs` to the name it is shown by."""

    runs: pd.DataFrame
    swept: dict[str, str]
    score_name: str  # "accuracy" or "r2"

    @classmethod
    def of(cls, runs: pd.DataFrame) -> "Comparison":
        """Sort the runs of `pipeline.runs.read.collect`: the finished before the others, by best validation score."""
        regression = "task" in runs and set(runs["task"].dropna()) == {"regression"}
        comparison = cls(runs, _swept(runs), "r2" if regression else "accuracy")
        keys = pd.DataFrame({"early": runs["status"] != "finished", "score": comparison.score})
        order = keys.sort_values(["early", "score"], ascending=[True, False], kind="stable").index
        return cls(runs.loc[order].reset_index(drop=True), comparison.swept, comparison.score_name)

    @property
    def score(self) -> "pd.Series[float]":
        """Best validation score of each run, NaN where it has none."""
        return self.metric(f"best_validation_{self.score_name}")

    @property
    def picked(self) -> bool:
        """Whether the first row is the best by a validation score."""
        return bool(pd.notna(self.score.iloc[0]))

    @property
    def score_label(self) -> str:
        """The score in words."""
        return "accuracy" if self.score_name == "accuracy" else "R²"

    def metric(self, name: str) -> "pd.Series[float]":
        """A metric of each run as numbers, NaN where it is missing."""
        return self._numbers(f"metric.{name}")

    @property
    def seconds(self) -> "pd.Series[float]":
        """Seconds of computing of each run."""
        return self._numbers("seconds.total")

    def settings(self, row: int) -> str:
        """The swept keys of a row in words: "hidden=[256], lr=0.05"."""
        return ", ".join(f"{shown}={text(self.runs[key][row])}" for key, shown in self.swept.items()) or "defaults"

    def table(self) -> pd.DataFrame:
        """What is shown, with numbers at full precision."""
        shown: dict[str, Any] = {"run": self.runs["run"]}
        shown |= {name: self.runs[key] for key, name in self.swept.items()}
        shown["best epoch"] = self.metric("best_epoch")
        for split in ("validation", "test", "train"):
            shown[f"{split} {self.score_label}"] = self.metric(f"best_{split}_{self.score_name}")
        shown["validation loss"] = self.metric("best_validation_loss")
        if not self.score.notna().any():
            shown = {name: values for name, values in shown.items() if not name.startswith("validation ")}
        shown["seconds"] = self.seconds
        shown["status"] = self.runs["status"]
        return pd.DataFrame(shown)

    @property
    def digits(self) -> dict[str, int]:
        """Decimals of the columns that hold figures; all others hold settings and words."""
        scores = [f"{split} {self.score_label}" for split in ("validation", "test", "train")]
        return {"best epoch": 0, **dict.fromkeys([*scores, "validation loss"], 4), "seconds": 1}

    @property
    def listing(self) -> Table:
        """The table with what its formats need."""
        best = "; the best by validation in bold" if self.picked else ""
        return Table("table", self.table(), self.digits, f"Comparison of the runs{best}.", picked=self.picked)

    def written(self) -> pd.DataFrame:
        """The table as texts for people."""
        return self.listing.written()

    def files(self) -> dict[str, str]:
        """File name -> content of the table in each format."""
        return self.listing.files()

    def _numbers(self, column: str) -> "pd.Series[float]":
        if column not in self.runs:
            return pd.Series(float("nan"), self.runs.index)
        return pd.to_numeric(self.runs[column], errors="coerce").astype(float)


def levels(values: "pd.Series[Any]") -> list[str]:
    """Distinct settings as texts in their own order: numbers by size, lists by their numbers, words by letter."""
    distinct = list(dict.fromkeys(values.map(text)))
    numbers = pd.to_numeric(pd.Series(distinct, distinct), errors="coerce")
    if numbers.notna().all():
        return list(numbers.sort_values().index)
    return sorted(distinct, key=lambda level: ([int(n) for n in re.findall(r"\d+", level)], level))


def _swept(runs: pd.DataFrame) -> dict[str, str]:
    """Keys with more than one value, less those that only follow the choice of their group."""
    texts = {
        name: runs[name].map(text)
        for name in map(str, runs.columns)
        if name.startswith("config.") and not name.startswith(_NEVER_SWEPT)
    }
    keys = [name for name, values in texts.items() if values.nunique() > 1]
    groups = [key.removesuffix("name") for key in keys if key.endswith(".name")]
    kept = [
        key
        for key in keys
        if not any(
            key.startswith(group)
            and key != f"{group}name"
            and (texts[key].groupby(texts[f"{group}name"]).nunique() == 1).all()
            for group in groups
        )
    ]
    first = sorted(kept, key=lambda key: key != SEED)  # of keys that repeat the seed, the seed is the one to show
    kept = [key for key in kept if not any(_repeats(texts[key], texts[other]) for other in first[: first.index(key)])]
    short = {key: key.removesuffix(".name").rsplit(".", 1)[-1] for key in kept}
    taken = list(short.values())
    return {
        key: name if taken.count(name) == 1 and name not in _OWN_NAMES else key.removeprefix("config.")
        for key, name in short.items()
    }


def _repeats(values: "pd.Series[Any]", earlier: "pd.Series[Any]") -> bool:
    """Whether a key has the earlier key's value in every run, as order_seed=${seed} has."""
    return bool((values == earlier).all())
