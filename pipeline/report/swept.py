"""Which keys of the configuration a sweep varied, and what to call them."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from pipeline.report.formats import setting
from pipeline.results import natural

# Titles of the table's own columns, which a short name must not take.
RESERVED = {"run", "epoch", "seconds", "status", "best"}
_ABSENT = repr(float("nan"))


def swept_keys(runs: pd.DataFrame) -> list[str]:
    """Columns `config.*` with more than one value, without those that merely follow another.

    A key follows where its group's `name` fixes its value (`dataset.mean` follows `dataset.name`), or where it
    repeats an earlier key wherever it is there (`training.order_seed` may repeat `seed`).
    """
    varied = {name: _texts(runs[name]) for name in _in_order(runs) if _varies(runs[name])}
    kept: dict[str, list[str]] = {}
    for name, texts in varied.items():
        group_name = f"{name.rpartition('.')[0]}.name"
        if group_name != name and group_name in varied and _fixed_by(varied[group_name], texts):
            continue
        if not any(_repeats(other, texts) for other in kept.values()):
            kept[name] = texts
    return list(kept)


def display_names(keys: Iterable[str]) -> dict[str, str]:
    """The shortest unambiguous name of each column `config.*`: lr, hidden, model (for `model.name`)."""
    full = {key: key.removeprefix("config.") for key in keys}
    short = {key: name.removesuffix(".name").rpartition(".")[2] for key, name in full.items()}
    taken = list(short.values())
    return {key: name if taken.count(name) == 1 and name not in RESERVED else full[key] for key, name in short.items()}


def settings_text(row: pd.Series) -> str:
    """ "lr=0.1, l2=1e-4" of a row of settings; keys that the run does not have are left out."""
    return ", ".join(f"{name}={setting(value)}" for name, value in row.items() if _is_there(value))


def is_nuisance(name: str) -> bool:
    """Whether a key only draws other random numbers."""
    return name.endswith("seed")


def sorted_values(values: Iterable[Any]) -> list[Any]:
    """The distinct values in the order a reader expects: numbers by size, texts with 9 before 10."""
    distinct = list({setting(value): value for value in values if _is_there(value)}.values())
    if all(isinstance(value, (int, float)) for value in distinct):
        return sorted(distinct)
    return sorted(distinct, key=lambda value: natural(setting(value)))


def _in_order(runs: pd.DataFrame) -> list[str]:
    """Seeds first and schedules last, so that what follows comes after what it follows."""
    names = [name for name in runs.columns if name.startswith("config.") and not name.startswith("config.sweep.")]
    order = {"config.seed": 0, "config.schedule": 2}
    return sorted(names, key=lambda name: order.get(".".join(name.split(".")[:2]), 1))


def _varies(values: pd.Series) -> bool:
    return len(set(_texts(values))) > 1


def _texts(values: pd.Series) -> list[str]:
    """Texts to compare by: 1 and 1.0 are one value, true and 1 are two; exact, where `setting` rounds."""
    return [repr(float(v)) if isinstance(v, int) and not isinstance(v, bool) else repr(v) for v in values]


def _fixed_by(names: list[str], texts: list[str]) -> bool:
    first: dict[str, str] = {}
    return all(first.setdefault(name, text) == text for name, text in zip(names, texts, strict=True))


def _repeats(others: list[str], texts: list[str]) -> bool:
    return all(text in (other, _ABSENT) for other, text in zip(others, texts, strict=True))


def _is_there(value: Any) -> bool:
    return not (isinstance(value, float) and value != value)
