"""From run folders to results.csv and report/."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pipeline.errors import UserError
from pipeline.files import JOURNAL, write_whole
from pipeline.pool import run_in_background
from pipeline.report.comparison import Comparison
from pipeline.report.figures.curves import learning_curves
from pipeline.report.figures.effects import heat_map, marginal_effects
from pipeline.report.figures.importance import importance_figure
from pipeline.report.figures.medium import SCREEN, Figure, Medium
from pipeline.report.figures.mistakes import figures_of
from pipeline.report.figures.search import search_progress
from pipeline.report.formats import Table
from pipeline.report.page.render import Contents, render
from pipeline.report.paper import COLUMN, write_paper
from pipeline.report.statistics.diagnosis import Diagnosis, diagnose
from pipeline.report.statistics.importance import Importance
from pipeline.report.statistics.replicates import Replicates, replicates_table
from pipeline.report.statistics.tests import compare_best
from pipeline.runs.read import Collected, collect, write_results


def build(folders: Sequence[Path], out: Path | None = None, column: Medium = COLUMN, reload: int | None = None) -> Path:
    """Write `results.csv` into each sweep folder and the report into `out`; -> its index.html.

    `out` is report/ in the first folder unless given; `column` is what the figures in paper/ are drawn for. With
    `reload` it is the report of a sweep that trains: the page loads itself anew after as many seconds, runs without a
    result are told as training, nothing but the report is written, no paper, and no network is loaded. Raises
    UserError where there is no run at all; runs that cannot be read are named in the report's footnotes.
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
    replicates = Replicates.of(comparison)
    tables = [comparison.listing]
    if repeated := replicates_table(replicates, compare_best(replicates)):
        tables.append(repeated)
    for table in tables:
        for name, content in table.files().items():
            write_whole(out / name, content)
    searched = len(folders) == 1 and (folders[0] / JOURNAL).exists()
    asked = run_in_background(Importance.of, comparison)
    diagnosis, why_not = _diagnosis_of_best(comparison, collected) if reload is None else (None, None)
    shown = comparison, collected.history, searched, diagnosis
    of_runs, of_best = _figures_of_runs(*shown, SCREEN)
    importance = asked()
    paper = (
        run_in_background(_write_paper, out, shown, importance, replicates, tables, column) if reload is None else None
    )
    figures = [*of_runs, *_figures_of_keys(comparison, importance, SCREEN), *of_best]
    for figure in figures:
        write_whole(out / f"{figure.name}.svg", figure.svg)
        write_whole(out / f"{figure.name}.png", figure.png)
    absent = [why_not] if why_not else []
    stamp = time.strftime("%Y-%m-%d %H:%M:%S") if reload else ""
    contents = Contents(
        comparison, collected.history, importance, figures, folders, collected.problems, absent, reload, stamp
    )
    write_whole(out / "index.html", render(contents))
    if paper is not None:
        paper()
    return out / "index.html"


def _training(collected: Collected) -> Collected:
    """The same, where runs that have no result yet are no fault: they train, or wait to."""
    missing = {problem.place for problem in collected.problems if problem.kind == "no_result"}
    unfinished = pd.Series([folder in missing for folder in collected.folders], collected.runs.index)
    runs = collected.runs.assign(status=collected.runs["status"].mask(unfinished, "training"))
    problems = [problem for problem in collected.problems if problem.place not in missing]
    return replace(collected, runs=runs, problems=problems)


Shown = tuple[Comparison, pd.DataFrame, bool, Diagnosis | None]


def _figures_of_runs(
    comparison: Comparison, history: pd.DataFrame, searched: bool, diagnosis: Diagnosis | None, medium: Medium
) -> tuple[list[Figure], list[Figure]]:
    """Of all runs, and of the best one."""
    made = [
        search_progress(comparison, medium) if searched else None,
        learning_curves(comparison, history, medium),
    ]
    of_best = figures_of(diagnosis, str(comparison.runs["run"][0]), medium) if diagnosis else []
    return [figure for figure in made if figure is not None], of_best


def _figures_of_keys(comparison: Comparison, importance: Importance, medium: Medium) -> list[Figure]:
    """Of what was swept."""
    made = [
        importance_figure(comparison, importance, medium),
        marginal_effects(comparison, importance, medium),
        heat_map(comparison, importance, medium),
    ]
    return [figure for figure in made if figure is not None]


def _write_paper(
    out: Path,
    shown: Shown,
    importance: Importance,
    replicates: Replicates,
    tables: Sequence[Table],
    column: Medium,
) -> None:
    """What `write_paper` does, with all figures drawn for the column."""
    of_runs, of_best = _figures_of_runs(*shown, column)
    figures = [*of_runs, *_figures_of_keys(shown[0], importance, column), *of_best]
    write_paper(out / "paper", replicates, tables, figures, searched=shown[2])


def _diagnosis_of_best(comparison: Comparison, collected: Collected) -> tuple[Diagnosis | None, str | None]:
    """What the best run confuses and looks for, or why that is not shown."""
    if not comparison.picked or comparison.task != "classification":
        return None, None
    folder_of = dict(zip(collected.runs["run"], collected.folders, strict=True))
    try:
        return diagnose(folder_of[comparison.runs["run"][0]]), None
    except UserError as error:
        return None, f"No figures of the best run's mistakes: {error}."
