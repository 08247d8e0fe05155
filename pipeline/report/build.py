"""From run folders to results.csv and report/."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pipeline.errors import UserError
from pipeline.files import JOURNAL, RESULT, write_whole
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
from pipeline.report.statistics.fit import Fit, fit
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
    replicates = Replicates.of(comparison)
    repeated = replicates_table(replicates, compare_best(replicates))
    tables = [*filter(None, [repeated]), comparison.listing]
    for table in tables:
        for name, content in table.files().items():
            write_whole(out / name, content)
    is_search = len(folders) == 1 and (folders[0] / JOURNAL).exists()
    wait_for_importance = run_in_background(Importance.of, comparison)
    best_folder = _folders_of(comparison, collected)[comparison.representative]
    diagnosis, fitted, reason = _look_at_best(comparison, best_folder) if reload is None else (None, None, None)
    figure_inputs = comparison, collected.history, is_search, diagnosis
    of_runs, of_best = _figures_of_runs(*figure_inputs, SCREEN)
    importance = wait_for_importance()
    wait_for_paper = (
        run_in_background(_write_paper, out, figure_inputs, importance, replicates, tables, column)
        if reload is None
        else None
    )
    figures = [*of_runs, *_figures_of_keys(comparison, importance, SCREEN), *of_best]
    for figure in figures:
        write_whole(out / f"{figure.name}.svg", figure.svg)
        write_whole(out / f"{figure.name}.png", figure.png)
    run_folders = _folders_of(comparison, collected)
    contents = Contents(
        comparison,
        replicates,
        collected.history,
        importance,
        figures,
        folders,
        run_folders,
        is_search,
        diagnosis,
        fitted,
        collected.problems,
        [reason] if reason else [],
        repeated,
        _links(tables, figures, paper=reload is None),
        _date(run_folders),
        reload,
        time.strftime("%Y-%m-%d %H:%M:%S") if reload else "",
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


def _figures_of_runs(
    comparison: Comparison, history: pd.DataFrame, searched: bool, diagnosis: Diagnosis | None, medium: Medium
) -> tuple[list[Figure], list[Figure]]:
    """Figures of all runs, and of the best one."""
    made = [
        search_progress(comparison, medium) if searched else None,
        learning_curves(comparison, history, medium),
    ]
    of_best = figures_of(diagnosis, _name_of_best(comparison), medium) if diagnosis else []
    return [figure for figure in made if figure is not None], of_best


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
    of_runs, of_best = _figures_of_runs(*inputs, column)
    figures = [*of_runs, *_figures_of_keys(inputs[0], importance, column), *of_best]
    write_paper(out / "paper", replicates, importance, tables, figures, searched=inputs[2])


def _look_at_best(comparison: Comparison, folder: Path) -> tuple[Diagnosis | None, Fit | None, str | None]:
    """What the best run gets wrong or how it fits, or the reason why that cannot be said."""
    try:
        if comparison.picked and comparison.task == "classification":
            return diagnose(folder), None, None
        if comparison.picked and comparison.task == "regression":
            return None, fit(folder), None
    except UserError as error:
        return None, None, f"No figures of the best run's mistakes: {error}."
    return None, None, None


def _folders_of(comparison: Comparison, collected: Collected) -> list[Path]:
    """The run folder of each row."""
    folder_of = dict(zip(collected.runs["run"], collected.folders, strict=True))
    return [folder_of[run] for run in comparison.runs["run"]]


def _date(run_folders: Sequence[Path]) -> str:
    """When the last run ended, "" where none has."""
    results = [path.stat().st_mtime for folder in run_folders if (path := folder / RESULT).is_file()]
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(max(results))) if results else ""


def _links(tables: Sequence[Table], figures: Sequence[Figure], *, paper: bool) -> list[tuple[str, list[str]]]:
    """The files beside the page, by kind."""
    drawn = [f"{figure.name}.{ending}" for figure in figures for ending in ("svg", "png")]
    links = [("tables", [name for table in tables for name in table.files()]), ("figures", drawn)]
    return [*links, ("paper", ["paper/paper.tex"])] if paper else links
