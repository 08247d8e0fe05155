"""How the columns of a table become features: numbers as they are, text one-hot."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from pipeline.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """A column. categories: the texts of one of text, each a feature; () for numbers. fill: for a missing number."""

    name: str
    categories: tuple[str, ...] = ()
    fill: float | None = None


@dataclass(frozen=True)
class Encoding:
    """Learned from the training split alone."""

    where: str
    columns: tuple[Column, ...]

    @classmethod
    def fit(cls, where: str, frame: "pd.DataFrame", most_categories: int) -> Self:
        """Columns of float64 or of text, of at most so many categories; a missing number is filled by the mean.

        Raises UserError for a column without a number, or of too many texts.
        """
        columns = []
        for name in frame.columns:
            values = frame[name]
            if values.dtype == np.float64:
                if values.isna().all():
                    raise UserError(
                        f"{where}: column {name} has no number in the training split; leave it out by "
                        f"dataset.ignore=[{name}]"
                    )
                columns.append(Column(name, fill=float(values.mean())))
                continue
            categories = tuple(sorted(values.dropna().unique()))
            if not 0 < len(categories) <= most_categories:
                ways = f"leave it out by dataset.ignore=[{name}]"
                if categories:
                    ways += f", or let dataset.most_categories={len(categories)} make as many features of it"
                raise UserError(
                    f"{where}: column {name} has {len(categories)} different texts in the training split, "
                    f"1 to {most_categories} expected; {ways}"
                )
            columns.append(Column(name, categories))
        return cls(where, tuple(columns))

    @property
    def features(self) -> list[str]:
        """Their names: that of a column of numbers, `column=text` for each text of the others."""
        return [
            name
            for column in self.columns
            for name in ([f"{column.name}={text}" for text in column.categories] or [column.name])
        ]

    @property
    def indicators(self) -> list[bool]:
        """Of each feature, whether it is 1 for a text and 0 for all others."""
        return [bool(column.categories) for column in self.columns for _ in range(len(column.categories) or 1)]

    def encode(self, frame: "pd.DataFrame") -> np.ndarray:
        """float64 (N, features). A missing or unknown text is 0 in all features of its column."""
        features = np.zeros((len(frame), len(self.indicators)))
        start = 0
        for column in self.columns:
            values = frame[column.name]
            if column.categories:
                codes = {text: start + i for i, text in enumerate(column.categories)}
                places = np.array([codes.get(value, -1) if isinstance(value, str) else -1 for value in values])
                known = np.flatnonzero(places >= 0)
                features[known, places[known]] = 1
            else:
                features[:, start] = values.fillna(column.fill)
            start += len(column.categories) or 1
        return features

    def unseen(self, frame: "pd.DataFrame", split: str) -> list[str]:
        """A line for each column that has texts here which the training split has not."""
        lines = []
        for name, new in self.new_texts(frame).items():
            named = ", ".join(sorted(new)[:5]) + ", …" * (len(new) > 5)
            lines.append(
                f"{self.where}: column {name} of {split} has texts that the training split has not "
                f"({named}): all its features are 0 there"
            )
        return lines

    def new_texts(self, frame: "pd.DataFrame") -> dict[str, set[str]]:
        """Of each column the texts that the training split has not, where there are any."""
        texts = [column for column in self.columns if column.categories]
        new = {column.name: set(frame[column.name].dropna()) - set(column.categories) for column in texts}
        return {name: values for name, values in new.items() if values}
