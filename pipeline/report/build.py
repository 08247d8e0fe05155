"""From run folders to results.csv and report/."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

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

    `out` defaults to report/ in the first folder; `column` is what the figures in paper/ are drawn for. `reload` is for
    the report of a sweep in training: the page reloads itself after that many seconds, runs without a result are listed
    as training, only the report is written, without paper/, and no network is loaded. Raises UserError if there is no
    run at all; runs that cannot be read are named in the report's footnotes.
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
    wait_for_diagnosis = _apart(_diagnosis_of_best, comparison, collected) if reload is None else _no_diagnosis
    wait_for_importance = run_in_background(Importance.of, comparison)
    replicates = Replicates.of(comparison)
    repeated = replicates_table(replicates, compare_best(replicates))
    tables = [*filter(None, [repeated]), comparison.listing]
    for table in tables:
        for name, content in table.files().items():
            write_whole(out / name, content)
    is_search = len(folders) == 1 and (folders[0] / JOURNAL).exists()
    importance = wait_for_importance()
    figures = _figures_of_runs(comparison, collected.history, is_search, SCREEN)
    figures += _figures_of_keys(comparison, importance, SCREEN)
    diagnosis, reason = wait_for_diagnosis()
    figure_inputs = comparison, collected.history, is_search, diagnosis
    wait_for_paper = (
        run_in_background(_write_paper, out, figure_inputs, importance, replicates, tables, column)
        if reload is None
        else None
    )
    figures += _figures_of_best(comparison, diagnosis, SCREEN)
    for figure in figures:
        write_whole(out / f"{figure.name}.svg", figure.svg)
        write_whole(out / f"{figure.name}.png", figure.png)
    absent = [reason] if reason else []
    stamp = time.strftime("%Y-%m-%d %H:%M:%S") if reload else ""
    contents = Contents(
        comparison,
        collected.history,
        importance,
        figures,
        folders,
        collected.problems,
        absent,
        repeated,
        reload,
        stamp,
    )
    write_whole(out / "index.html", render(contents))
    if wait_for_paper is not None:
        wait_for_paper()
    return out / "index.html"


def _training(collected: Collected) -> Collected:
    """The same, with runs that have no result yet as training or waiting, not as problems."""
    missing = {problem.place for problem in collected.problems if problem.kind == "no_result"}
    unfinished = pd.Series([folder in missing for folder in collected.folders], collected.runs.index)
    runs = collected.runs.assign(status=collected.runs["status"].mask(unfinished, "training"))
    problems = [problem for problem in collected.problems if problem.place not in missing]
    return replace(collected, runs=runs, problems=problems)


FigureInputs = tuple[Comparison, pd.DataFrame, bool, Diagnosis | None]


def _figures_of_runs(comparison: Comparison, history: pd.DataFrame, searched: bool, medium: Medium) -> list[Figure]:
    made = [
        search_progress(comparison, medium) if searched else None,
        learning_curves(comparison, history, medium),
    ]
    return [figure for figure in made if figure is not None]


def _figures_of_best(comparison: Comparison, diagnosis: Diagnosis | None, medium: Medium) -> list[Figure]:
    return figures_of(diagnosis, _name_of_best(comparison), medium) if diagnosis else []


def _name_of_best(comparison: Comparison) -> str:
    name = str(comparison.runs["run"][comparison.representative])
    return f"{name} (the replicate of the best setting nearest to its mean)" if comparison.replicated else name


def _figures_of_keys(comparison: Comparison, importance: Importance, medium: Medium) -> list[Figure]:
    """Figures of the swept keys."""
    made = [
        importance_figure(comparison, importance, medium),
        marginal_effects(comparison, importance, medium),
        heat_map(comparison, importance, medium),
    ]
    return [figure for figure in made if figure is not None]


def _write_paper(
    out: Path,
    inputs: FigureInputs,
    importance: Importance,
    replicates: Replicates,
    tables: Sequence[Table],
    column: Medium,
) -> None:
    """Write the paper, with all figures drawn for its column."""
    comparison, history, searched, diagnosis = inputs
    figures = [
        *_figures_of_runs(comparison, history, searched, column),
        *_figures_of_keys(comparison, importance, column),
        *_figures_of_best(comparison, diagnosis, column),
    ]
    write_paper(out / "paper", replicates, importance, tables, figures, searched)


def _apart(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Run it in the background where torch must be imported first; a fork of a process that has used torch may hang."""
    if "torch" not in sys.modules:
        return run_in_background(function, *arguments)
    result = function(*arguments)
    return lambda: result


def _no_diagnosis() -> tuple[None, None]:
    return None, None


def _diagnosis_of_best(comparison: Comparison, collected: Collected) -> tuple[Diagnosis | None, str | None]:
    """The diagnosis of the best run, or the reason why there is none."""
    if not comparison.picked or comparison.task != "classification":
        return None, None
    folder_of = dict(zip(collected.runs["run"], collected.folders, strict=True))
    try:
        return diagnose(folder_of[comparison.runs["run"][comparison.representative]]), None
    except UserError as error:
        return None, f"No figures of the best run's mistakes: {error}."
