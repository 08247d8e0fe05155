"""The page: a summary in words, the table, the figures and where everything comes from, in one file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.report.figures import Figure
from pipeline.report.statistics import conclusions
from pipeline.report.tables import Comparison, levels, text
from pipeline.results import DROPPED

_PROVENANCE = ("package_version", "git_commit", "git_changed", "python", "torch", "numpy", "cpu", "threads", "device")


def render(
    comparison: Comparison,
    figures: Sequence[Figure],
    without: str | None,
    problems: Sequence[tuple[Path, str]],
    folders: Sequence[Path],
) -> str:
    """index.html, self-contained: it loads nothing and runs no script. `without` says what could not be shown."""
    environment = Environment(
        loader=PackageLoader("pipeline.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    runs, written = comparison.runs, comparison.written()
    return environment.get_template("index.html.j2").render(
        title=", ".join(folder.resolve().name for folder in folders),
        summary=summary(comparison),
        columns=list(written.columns),
        numeric=comparison.digits,
        rows=written.to_numpy().tolist(),
        picked=comparison.picked,
        figures=figures,
        absent=_absent({figure.name for figure in figures}) + ([without] if without else []),
        messages=[(row["run"], row["status"], row["message"]) for _, row in runs.iterrows() if row["message"]],
        commands=list(zip(runs["run"], _words(runs, "identity"), _words(runs, "provenance.command"), strict=True)),
        provenance={name: _distinct(runs, f"provenance.{name}") for name in (*_PROVENANCE, "data_fingerprint")},
        problems=problems,
    )


def summary(comparison: Comparison) -> list[str]:
    """What was swept, what won, by how much, what failed and how long it took; a sentence or two each."""
    runs, label = comparison.runs, comparison.score_label
    keys = (
        ", ".join(f"{name} ({_values(runs[key])})" for key, name in comparison.swept.items())
        or "nothing: all runs have the same settings"
    )
    said = [
        f"{_count(len(runs), 'run')} on {_values(runs.get('config.dataset.name', pd.Series(['?'])))}; swept: {keys}."
    ]
    if comparison.picked:
        score, test = comparison.score, comparison.metric(f"best_test_{comparison.score_name}")
        best = (
            f"Best by validation: run {runs['run'][0]} ({comparison.settings(0)}) at epoch "
            f"{comparison.metric('best_epoch')[0]:.0f}, validation {label} {score[0]:.4f}, test {label} {test[0]:.4f}."
        )
        if score.notna().sum() > 1:
            best += f" It is {score[0] - score[1]:.4f} above the second and {score[0] - score.median():.4f} above the"
            best += (
                " median on validation. A winner among many is picked for its luck too: its test figure is what counts."
            )
        said.append(best)
    else:
        said.append("There is no validation score, so no run is picked as the best.")
    dropped = runs["message"].astype("string").str.startswith(DROPPED).fillna(False)
    if dropped.any():
        trained, asked = comparison.metric("final_epoch").sum(), runs["config.training.epochs"].sum()
        said.append(
            f"Halving dropped {dropped.sum()} of {len(runs)} runs before their end: {trained:.0f} of {asked} epochs "
            f"were trained, {1 - trained / asked:.0%} were saved."
        )
    counts = runs["status"][~dropped].value_counts()
    bad = [
        _count(int(counts[status]), f"{status} run")
        for status in ("diverged", "failed", "interrupted")
        if status in counts
    ]
    all_else = "All others finished." if dropped.any() else "All runs finished."
    said.append(f"Not finished: {', '.join(bad)}; reasons below." if bad else all_else)
    said.append(f"Training and evaluation took {_duration(comparison.seconds.sum())} of computing, all runs together.")
    return said + conclusions(comparison)


def _absent(present: set[str]) -> list[str]:
    """Why a figure that others have is not here."""
    reasons = {
        "learning_curves": "No learning curves: no run has trained an epoch.",
        "effects": "No figure of effects: no key was swept that made a difference.",
        "heat_map": "No heat map: it needs two swept keys, of no more than 15 values each.",
    }
    return [reason for name, reason in reasons.items() if name not in present]


def _values(values: "pd.Series[Any]", most: int = 8) -> str:
    named = levels(values)
    return ", ".join(named[:most]) + (f", … {len(named)} values" if len(named) > most else "")


def _words(runs: pd.DataFrame, column: str) -> "pd.Series[str]":
    """A column of text, empty where it is missing."""
    return runs[column].fillna("") if column in runs else pd.Series("", runs.index)


def _distinct(runs: pd.DataFrame, column: str) -> list[str]:
    values: Any = runs[column].dropna() if column in runs else []
    return list(dict.fromkeys(text(value) for value in values))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
