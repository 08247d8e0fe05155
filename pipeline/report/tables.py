"""The comparison table: one row a run, what was swept first, the best by validation on top."""

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler

_LATEX_ROWS = 50
_NEVER_SWEPT = ("config.sweep.", "config.tracking.", "config.dataset.root")
# What pandas leaves as it is and LaTeX's first font encoding shows as something else.
_LATEX_SYMBOLS = {"R²": "$R^2$", "–": "--", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''"}
_OWN_NAMES = {"run", "seconds", "status"}


@dataclass(frozen=True)
class Comparison:
    """Runs in the order of the table. `swept` maps a column of `runs` to the name it is shown by."""

    runs: pd.DataFrame
    swept: dict[str, str]
    score_name: str  # "accuracy" or "r2"

    @classmethod
    def of(cls, runs: pd.DataFrame) -> "Comparison":
        """Sort the runs of `pipeline.results.collect`: the finished before the others, by best validation score."""
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

    def written(self) -> pd.DataFrame:
        """The table as texts for people."""
        table, digits = self.table(), self.digits
        columns = {
            name: [
                (f"{value:.{digits[name]}f}" if pd.notna(value) else "–") if name in digits else text(value)
                for value in table[name]
            ]
            for name in table
        }
        return pd.DataFrame(columns)

    def files(self) -> dict[str, str]:
        """File name -> content of the table in each format."""
        return {
            "table.csv": self.table().to_csv(index=False, lineterminator="\n"),
            "table.md": self._markdown(),
            "table.tex": self._latex(),
        }

    def _markdown(self) -> str:
        rows = self.written().map(_for_markdown).rename(columns=_for_markdown)
        if self.picked:
            rows.iloc[0] = [f"**{cell}**" for cell in rows.iloc[0]]
        return str(rows.to_markdown(index=False, disable_numparse=True)) + "\n"

    def _latex(self) -> str:
        rows = self.written()
        note = f", the best {_LATEX_ROWS} of {len(rows)} runs" if len(rows) > _LATEX_ROWS else ""
        best = "; the best by validation in bold" if self.picked else ""
        style: Styler = rows.head(_LATEX_ROWS).style.hide(axis="index")
        style = style.format(escape="latex").format_index(escape="latex", axis=1)
        if self.picked:
            style = style.apply(lambda row: ["font-weight: bold" if row.name == 0 else ""] * len(row), axis=1)
        body = style.to_latex(
            hrules=True,
            convert_css=True,
            column_format="".join("r" if name in self.digits else "l" for name in rows),
            position="tbp",
            position_float="centering",
            caption=f"Comparison of the runs{note}{best}.",
            label="tab:comparison",
        )
        for symbol, command in _LATEX_SYMBOLS.items():
            body = body.replace(symbol, command)
        return "% needs \\usepackage{booktabs}\n" + body

    def _numbers(self, column: str) -> "pd.Series[float]":
        if column not in self.runs:
            return pd.Series(float("nan"), self.runs.index)
        return pd.to_numeric(self.runs[column], errors="coerce").astype(float)


def text(value: Any) -> str:
    """A setting as people write it: 0.001, 1e-05, [256], true, null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "–" if pd.isna(value) else f"{value:g}"
    return str(value)


def levels(values: "pd.Series[Any]") -> list[str]:
    """Distinct settings as texts in their own order: numbers by size, lists by their numbers, words by letter."""
    distinct = list(dict.fromkeys(values.map(text)))
    numbers = pd.to_numeric(pd.Series(distinct, distinct), errors="coerce")
    if numbers.notna().all():
        return list(numbers.sort_values().index)
    return sorted(distinct, key=lambda level: ([int(n) for n in re.findall(r"\d+", level)], level))


def _for_markdown(cell: str) -> str:
    """Nothing a setting holds may end a cell, start a tag or become emphasis."""
    for mark in ("\\", "|", "*", "_", "`"):
        cell = cell.replace(mark, f"\\{mark}")
    return cell.replace("&", "&amp;").replace("<", "&lt;")


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
    kept = [key for i, key in enumerate(kept) if not any(_repeats(texts[key], texts[other]) for other in kept[:i])]
    short = {key: key.removesuffix(".name").rsplit(".", 1)[-1] for key in kept}
    taken = list(short.values())
    return {
        key: name if taken.count(name) == 1 and name not in _OWN_NAMES else key.removeprefix("config.")
        for key, name in short.items()
    }


def _repeats(values: "pd.Series[Any]", earlier: "pd.Series[Any]") -> bool:
    """Whether a key has the earlier key's value in every run, as order_seed=${seed} has."""
    return bool((values == earlier).all())
