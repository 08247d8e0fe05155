"""The settings that the shipped sweeps pick on validation, beside the reports' best."""

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.report.comparison import Comparison
from pipeline.report.statistics.replicates import Replicates
from pipeline.runs.provenance import about_run
from pipeline.runs.read import collect
from pipeline.runs.result import Result, read_result
from pipeline.runs.selection import read_selection

COLUMNS = [
    *("sweep", "dataset", "reports' best", "test accuracy", "validation accuracy", "seeds", "picked"),
    *("runs", "core minutes", "command"),
]


def best(folders: Sequence[Path], reports: pd.DataFrame) -> pd.DataFrame:
    """One row per sweep: its settings with the highest mean validation accuracy over seeds, and their test mean.

    Settings tried on fewer seeds than others are not picked: a mean of one is luck. Figures are those of each run's
    best epoch on validation; ± is the standard deviation over the seeds. Of a folder that confirms another sweep they
    are of the new seeds alone, and runs and minutes are those of both.
    """
    return pd.DataFrame([_line(folder, reports) for folder in folders], columns=COLUMNS)


def _line(folder: Path, reports: pd.DataFrame) -> dict[str, object]:
    collected = collect([folder])
    comparison = Comparison.of(collected.runs)
    replicates, selection = Replicates.of(comparison), read_selection(folder)
    first, every = comparison.runs.iloc[0], [comparison]
    name, picked = folder.name, replicates.name(0) if len(replicates.settings.columns) else "as written"
    command = f"`python -m pipeline experiment={name}`"
    if selection is not None:
        name, picked = selection.sweep, selection.selected[0].words
        every.append(Comparison.of(collect([folder.with_name(name)]).runs))
        repeated = {"seed", *(key.removeprefix("config.") for key in comparison.replicating)}
        changed = _changed(collected.folders[0], selection.selected[0].overrides, repeated)
        confirmed = " ".join(["sweep=confirm", *changed])
        command = f"`python -m pipeline experiment={name}`, then with `{confirmed}`"
    return {
        "sweep": name,
        "dataset": first["config.dataset.name"],
        "reports' best": f"{_reported(first, reports):.4f}",
        "test accuracy": _mean(replicates, "test"),
        "validation accuracy": _mean(replicates, "validation"),
        "seeds": int(replicates.n.iloc[0]),
        "picked": picked,
        "runs": sum(len(one.runs) for one in every),
        "core minutes": f"{sum(one.seconds.sum() for one in every) / 60:.0f}",
        "command": command,
    }


def _changed(folder: Path, selected: Sequence[str], repeated: Container[str]) -> list[str]:
    """What the confirmation gave otherwise than the selected run was given it, such as longer training."""
    result = read_result(folder)
    given = about_run(result.overrides) if isinstance(result, Result) else []
    before, now = ({text.partition("=")[0]: text for text in overrides} for overrides in (selected, given))
    return [text for key, text in now.items() if key not in repeated and before.get(key) != text]


def _reported(run: "pd.Series[Any]", reports: pd.DataFrame) -> float:
    """The best held-out accuracy in a report on this data set, with this kind of network where a report has it."""
    on_data = reports[reports["dataset"] == run["config.dataset.name"]]
    patches = (on_data["report"] == "patch_mlp") == (run["config.model.name"] == "patch_mlp")
    return float((on_data[patches] if patches.any() else on_data)["held_out_accuracy"].max())


def _mean(replicates: Replicates, split: str) -> str:
    picked = replicates.summary(split).iloc[0]
    return f"{picked['mean']:.4f} ± {picked['sd']:.4f}"
