"""From run folders to results.csv and report/."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pipeline.errors import UserError
from pipeline.files import JOURNAL, write_whole
from pipeline.report.curves import learning_curves
from pipeline.report.diagnosis import diagnose
from pipeline.report.effects import heat_map, marginal_effects
from pipeline.report.figures import Figure
from pipeline.report.mistakes import figures_of
from pipeline.report.page import Contents, render
from pipeline.report.progress import search_progress
from pipeline.report.tables import Comparison
from pipeline.results import Collected, collect, write_results


def build(folders: Sequence[Path], out: Path | None = None, reload: int | None = None) -> Path:
    """Write `results.csv` into each sweep folder and the report into `out`; -> its index.html.

    `out` is report/ in the first folder unless given. With `reload` it is the report of a sweep that trains: the page
    loads itself anew after as many seconds, runs without a result are told as training, nothing but the report is
    written, and no network is loaded. Raises UserError where there is no run at all; runs that cannot be read are
    named in the report's footnotes.
    """
    folders = [Path(folder) for folder in folders]
    collected = collect(folders)
    if reload is None:
        for folder in folders:
            if any(origin == folder for origin, _ in collected.origins):
                write_results(folder, collected)
    else:
        collected = _training(collected)
    out = out or folders[0] / "report"
    out.mkdir(parents=True, exist_ok=True)
    comparison = Comparison.of(collected.runs)
    for name, text in comparison.files().items():
        write_whole(out / name, text)
    made = [learning_curves(comparison, collected.history), marginal_effects(comparison), heat_map(comparison)]
    if len(folders) == 1 and (folders[0] / JOURNAL).exists():
        made.insert(0, search_progress(comparison, folders[0]))
    figures = [figure for figure in made if figure is not None]
    folder_of = dict(zip(collected.runs["run"], collected.folders, strict=True))
    of_best, why_not = _figures_of_best(comparison, folder_of) if reload is None else ([], None)
    figures += of_best
    for figure in figures:
        write_whole(out / f"{figure.name}.svg", figure.svg)
        write_whole(out / f"{figure.name}.png", figure.png)
    absent = [why_not] if why_not else []
    stamp = time.strftime("%Y-%m-%d %H:%M:%S") if reload else ""
    contents = Contents(comparison, collected.history, figures, folders, collected.problems, absent, reload, stamp)
    write_whole(out / "index.html", render(contents))
    return out / "index.html"


def _training(collected: Collected) -> Collected:
    """The same, where runs that have no result yet are no fault: they train, or wait to."""
    missing = {place for place, fault in collected.problems if fault.startswith("result.json is missing")}
    unfinished = pd.Series([folder in missing for folder in collected.folders], collected.runs.index)
    runs = collected.runs.assign(status=collected.runs["status"].mask(unfinished, "training"))
    problems = [(place, fault) for place, fault in collected.problems if place not in missing]
    return replace(collected, runs=runs, problems=problems)


def _figures_of_best(comparison: Comparison, folder_of: Mapping[str, Path]) -> tuple[list[Figure], str | None]:
    """What the best run confuses and looks for, or why that is not shown."""
    name = str(comparison.runs["run"][0])
    if not comparison.picked or comparison.score_name != "accuracy":
        return [], None
    try:
        return figures_of(diagnose(folder_of[name]), name), None
    except UserError as error:
        return [], f"No figures of the best run's mistakes: {error}."
