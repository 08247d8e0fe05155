"""The data that runs were trained on, by the names that their user gave them."""

import json
import re
from typing import Any

import pandas as pd

from pipeline.report.comparison import Comparison
from pipeline.report.swept import FOLD

_COLUMN = "provenance.data."


def titles(runs: pd.DataFrame) -> "pd.Series[str]":
    """What the data of each run are called: their title, or the name of the choice."""
    given = _texts(runs, "title")
    return given.where(given != "", _names(runs))


def entries(comparison: Comparison) -> list[dict[str, str]]:
    """Of each set of data: `name` of the choice, `title`, `source`, `licence`, `citation`, and `test_split` and
    `validation_split`: given or drawn."""
    runs = comparison.runs
    columns = {"name": _names(runs), "title": titles(runs)}
    columns |= {key: _texts(runs, key) for key in ("source", "licence", "citation", "test_split", "validation_split")}
    distinct = pd.DataFrame(columns).drop_duplicates()
    return [{str(key): str(value) for key, value in row.items()} for row in distinct.to_dict("records")]


def card_sentences(comparison: Comparison) -> list[str]:
    """The data card in sentences: where the data are from, how many examples there are, of which classes."""
    runs = comparison.runs
    sentences: dict[str, None] = {}
    described = runs[_texts(runs, "source") != ""]
    if FOLD in comparison.replicating:  # whose sizes differ by an example
        described = described[~described[f"{_COLUMN}source"].duplicated()]
    for row in described.to_dict("records"):
        parts = [f"Data: {row[_COLUMN + 'title']}, from {row[_COLUMN + 'source']}"]
        splits = {"training": "train", "validation": "validation", "test": "test"}
        sizes = [f"{row[f'provenance.examples.{split}']} for {words}" for words, split in splits.items()]
        parts.append(f"{', '.join(sizes)} ({row[_COLUMN + 'test_split']})")
        if classes := _balance(row):
            parts.append(classes)
        for key in ("licence", "citation"):
            if isinstance(value := row.get(_COLUMN + key), str):
                parts.append(f"{key}: {_in_words(value)}")
        sentences["; ".join(parts) + "."] = None
    return list(sentences)


def _in_words(citation: str) -> str:
    """Author, title and year of a BibTeX entry; any other text as it is."""
    text = " ".join(citation.split())
    if not text.startswith("@"):
        return text
    fields = dict(re.findall(r'(\w+) = [{"]([^{}"]+)[}"]', text))
    return ", ".join(fields[name] for name in ("author", "title", "year") if name in fields) or text


def _balance(row: dict[Any, Any], most: int = 12) -> str:
    """ "training examples of classes: setosa 32, versicolor 32", "" where there are neither classes nor labels."""
    names, counts = row.get(_COLUMN + "classes"), row.get(f"{_COLUMN}examples_of_classes.train")
    if not isinstance(names, str) or not isinstance(counts, str):
        return ""
    pairs = [f"{name} {count}" for name, count in zip(json.loads(names), json.loads(counts), strict=True)]
    what = "labels" if row.get("task") == "multilabel" else "classes"
    rest = f", … {len(pairs)} {what}" if len(pairs) > most else ""
    return f"training examples of {what}: {', '.join(pairs[:most])}{rest}"


def _names(runs: pd.DataFrame) -> "pd.Series[str]":
    """The choice of each run; a damaged run, which does not say, has that of the others."""
    names = runs.get("config.dataset.name", pd.Series("?", runs.index))
    return names.fillna(next(iter(names.dropna()), "?")).astype(str)


def _texts(runs: pd.DataFrame, key: str) -> "pd.Series[str]":
    """A column of the data card as texts, "" where a run has none."""
    values = runs.get(_COLUMN + key, pd.Series(None, runs.index, dtype=object))
    return values.map(lambda value: value if isinstance(value, str) else "").astype(object)
