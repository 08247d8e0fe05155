"""Runs of several data sets: each has a comparison to itself, as scores on different data are not comparable."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from pipeline.config.settings import OF_DATA_SET
from pipeline.report.comparison import Comparison
from pipeline.report.data_card import titles
from pipeline.report.formats import NOTHING, text
from pipeline.report.statistics.replicates import Replicates
from pipeline.report.vocabulary import described

_KEYS = [f"config.dataset.{key}" for key in OF_DATA_SET]


@dataclass(frozen=True)
class DataSets:
    """The comparison of each data set, by its title, in the order of their first runs, and `whole`, of all runs."""

    whole: Comparison
    comparisons: dict[str, Comparison]

    @classmethod
    def of(cls, runs: pd.DataFrame) -> "DataSets":
        """Split the runs of `pipeline.runs.read.collect` by their data."""
        whole = Comparison.of(runs)
        keys = [key for key in _KEYS if key in runs and runs[key].dropna().map(text).nunique() > 1]
        names = titles(runs)
        if not keys:
            return cls(whole, {str(names.iloc[0]): whole})
        words = pd.Series(
            [_as_typed({key.rsplit(".", 1)[-1]: row[key] for key in keys}) for row in runs[keys].to_dict("records")],
            runs.index,
        )
        labels = names.where(words.groupby(names).transform("nunique") == 1, words)  # several of one title
        labels[runs["config.dataset.name"].isna()] = labels.mode().iloc[0]  # damaged: it does not say
        parts = {str(label): runs[labels == label].reset_index(drop=True) for label in labels.unique()}
        return cls(whole, {label: Comparison.of(part) for label, part in parts.items()})

    @property
    def several(self) -> bool:
        """Whether there is more than one data set."""
        return len(self.comparisons) > 1

    @cached_property
    def swept(self) -> dict[str, str]:
        """The keys by which settings differ whatever the data: column -> what people call it."""
        vary = {key for comparison in self.comparisons.values() for key in comparison.swept}
        return {key: self.whole.names[key] for key in self.whole.swept if key in vary and key not in _KEYS}

    @cached_property
    def scores(self) -> dict[str, pd.DataFrame]:
        """n, mean, sd and half-width on test by data set; rows are settings in words, NaN without a finished run."""
        summaries = {}
        for title, comparison in self.comparisons.items():
            replicates, runs = Replicates.of(comparison), comparison.runs
            rows = runs.loc[~comparison.setting.duplicated()].to_dict("records")
            words = [described({name: row.get(key, float("nan")) for key, name in self.swept.items()}) for row in rows]
            summary = replicates.summary("test").set_axis([text or "all runs" for text in words])
            summaries[title] = summary[~summary.index.duplicated()]  # the best by validation of those that differ
        settings = list(dict.fromkeys(word for summary in summaries.values() for word in summary.index))
        return {title: summary.reindex(settings) for title, summary in summaries.items()}

    @property
    def folders(self) -> dict[str, str]:
        """A name for the folder of each data set's report, by its title: letters, digits and dashes."""
        names: dict[str, str] = {}
        for title in self.comparisons:
            plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "data"
            names[title] = next(
                name
                for number in range(1, 10**6)
                if (name := plain + f"-{number}" * (number > 1)) not in names.values()
            )
        return names


def _as_typed(settings: Mapping[str, Any]) -> str:
    """Settings as they are typed, without those that a run does not have: "path=a.csv, inputs=[x]"."""
    texts = {name: text(value) for name, value in settings.items()}
    return ", ".join(f"{name}={value}" for name, value in texts.items() if value != NOTHING)
