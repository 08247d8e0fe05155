"""What a setting is: the keys that runs differ in, those that replicate apart, and their values as text."""

import json
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from pipeline.config.settings import replicating
from pipeline.report.formats import text

SEED, FOLD = "config.seed", "config.dataset.fold"
_WORDS = ("config.dataset.title", "config.dataset.licence", "config.dataset.citation")
_NEVER_SWEPT = ("config.sweep.", "config.tracking.", "config.report", "config.dataset.root", *_WORDS)
_RESERVED = {"run", "seconds", "status"}


def swept_keys(runs: pd.DataFrame) -> dict[str, str]:
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
    first = sorted(swept, key=lambda key: key != SEED)  # if keys repeat the seed, name the seed
    swept = [key for key in swept if not any(_repeats(texts[key], texts[other]) for other in first[: first.index(key)])]
    short = {key: key.removesuffix(".name").rsplit(".", 1)[-1] for key in swept}
    names = list(short.values())
    return {
        key: name if names.count(name) == 1 and name not in _RESERVED else key.removeprefix("config.")
        for key, name in short.items()
    }


def replicating_keys(runs: pd.DataFrame) -> set[str]:
    """The keys whose values are replicates in all of these runs."""
    return {f"config.{name}" for name in replicating(given_replicates(runs))}


def given_replicates(runs: pd.DataFrame) -> list[str]:
    """The keys that `sweep.replicates` names in any of the runs."""
    given = runs.get("config.sweep.replicates", pd.Series(dtype=object)).dropna()
    return [name for words in given.unique() for name in json.loads(words)]


def joined(runs: pd.DataFrame, keys: Sequence[str]) -> "pd.Series[Any]":
    """The values of several keys, a tuple of texts for each run."""
    texts = [runs[key].map(exact) for key in keys]
    return pd.Series(list(zip(*texts, strict=True)) if texts else [()] * len(runs), runs.index, dtype=object)


def levels(values: "pd.Series[Any]") -> list[str]:
    """Distinct settings as text, sorted: numbers by size, lists by their numbers, words alphabetically."""
    distinct = list(dict.fromkeys(values.map(text)))
    numbers = pd.to_numeric(pd.Series(distinct, distinct), errors="coerce")
    if numbers.notna().all():
        return list(numbers.sort_values().index)
    return sorted(distinct, key=lambda level: ([int(n) for n in re.findall(r"\d{1,18}", level)], level))


def exact(value: Any) -> str:
    """A setting as text at full precision: 1 and 1.0 are equal."""
    return format(value, ".17g") if isinstance(value, float) and value == value else text(value)


def _repeats(values: "pd.Series[Any]", earlier: "pd.Series[Any]") -> bool:
    """Whether a key has the earlier key's value in every run, as order_seed=${seed} has."""
    return bool((values == earlier).all())
