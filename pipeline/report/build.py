"""From run folders to results.csv and report/."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.errors import UserError
from pipeline.files import JOURNAL, RESULT, write_whole
from pipeline.pool import run_in_background
from pipeline.report.comparison import Comparison
from pipeline.report.data_sets import DataSets
from pipeline.report.equal_length import at_equal_length
from pipeline.report.figures.curves import learning_curves
from pipeline.report.figures.effects import heat_map, marginal_effects
from pipeline.report.figures.importance import importance_figure
from pipeline.report.figures.medium import SCREEN, Figure, Medium
from pipeline.report.figures.mistakes import figures_of
from pipeline.report.figures.ranks import critical_differences
from pipeline.report.figures.search import search_progress
from pipeline.report.files import table_files, write_readme, write_tables
from pipeline.report.formats import Table
from pipeline.report.outcome import outcome
from pipeline.report.page.overview import Part, render_overview
from pipeline.report.page.render import Contents, render
from pipeline.report.paper import COLUMN, Findings, write_further, write_overview, write_paper
from pipeline.report.presented import presented, presented_across
from pipeline.report.statistics.confirmed import confirmation, confirmed_table
from pipeline.report.statistics.diagnosis import Diagnosis, diagnose
from pipeline.report.statistics.examples import compare_examples
from pipeline.report.statistics.fit import Fit, fit
from pipeline.report.statistics.importance import Importance
from pipeline.report.statistics.ranks import Ranks, across, across_table
from pipeline.report.statistics.replicates import Replicates, replicates_table
from pipeline.report.statistics.tests import compare_best
from pipeline.runs.latest import read_latest
from pipeline.runs.read import Collected, collect, write_results
from pipeline.runs.result import Result, read_result
from pipeline.runs.selection import read_selection


def build(
    folders: Sequence[Path],
    out: Path | None = None,
    column: Medium | None = COLUMN,
    reload: int | None = None,
    tell: Callable[[str], object] = lambda line: None,
    also: Sequence[str] = (),
) -> Path:
    """Write `results.csv` into each sweep folder and the report into `out`; -> its index.html.

    `out` defaults to report/ in the first folder; `column` is what the figures in paper/ are drawn for, None
    for a report without it. `tell` is called with each line of how the runs ended, such as `print`. `also` are kinds of
    `pipeline.report.paper.FURTHER`. `reload` is for the report of a sweep in training: the page reloads itself after
    that many seconds, runs without a result are listed as training, only the report is written, without paper/, and no
    network is loaded. Runs of several data sets have a report each, in folders of `out`, and its index.html compares
    settings over all. Raises UserError if there is no run at all; runs that cannot be read are named in the report's
    footnotes.
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
    data_sets = DataSets.of(collected.runs)
    if not data_sets.several:
        _build_one(collected, folders, out, column, reload, tell, also, untrained=_untrained(folders, collected))
        return out / "index.html"
    parts = [
        _build_one(
            _of_runs(collected, set(part.runs["run"])), folders, out / folder, column, reload, tell, also, title, folder
        )
        for (title, part), folder in zip(data_sets.comparisons.items(), data_sets.folders.values(), strict=True)
    ]
    return _build_overview(data_sets, parts, collected, folders, out, reload)


def _build_one(
    collected: Collected,
    folders: Sequence[Path],
    out: Path,
    column: Medium | None,
    reload: int | None,
    tell: Callable[[str], object],
    also: Sequence[str],
    title: str = "",
    folder: str = "",
    untrained: int = 0,
) -> Part:
    """Write the report of runs of one data set, whose `title` and `folder` are given where there are several."""
    of_data = f" on {title}" if title else ""
    out.mkdir(parents=True, exist_ok=True)
    comparison = replace(Comparison.of(collected.runs), untrained=untrained)
    wait_for_diagnosis = _apart(_look_at_best, comparison, collected) if reload is None else _no_diagnosis
    at_epoch = at_equal_length(comparison, collected.history)
    wait_for_importance = run_in_background(Importance.of, at_epoch)
    replicates = Replicates.of(comparison)
    repeated = replicates_table(replicates, compare_best(replicates))
    selection = read_selection(folders[0]) if len(folders) == 1 else None
    confirmed = confirmed_table(selection, replicates, _overrides(collected)) if selection else None
    tables = [*filter(None, [confirmed, repeated]), comparison.listing]
    read = [presented(table, comparison) for table in tables]
    write_tables(out / "tables", tables, read, comparison)
    paper = column is not None and reload is None
    for line in outcome(comparison, replicates, of_data):
        tell(line)
    is_search = len(folders) == 1 and (folders[0] / JOURNAL).exists()
    by_example = None if reload else compare_examples(comparison, collected.folder_of)
    run_folders = [collected.folder_of[run] for run in comparison.runs["run"]]
    told = confirmation(selection, replicates) if selection else None
    date = _date(run_folders)
    importance = wait_for_importance()
    diagnosis, fitted, reason = wait_for_diagnosis()
    findings = Findings(
        replicates, importance, tables, [], folders, is_search, diagnosis, fitted, by_example, told, date
    )
    wait_for_paper = (
        run_in_background(_write_paper, out, findings, collected.history, at_epoch, column)
        if paper and column
        else None
    )
    figures = figures_of_runs(comparison, collected.history, is_search, SCREEN)
    figures += figures_of_keys(at_epoch, importance, SCREEN)
    figures += _figures_of_best(comparison, diagnosis, SCREEN)
    _write_figures(out, figures)
    contents = Contents(
        comparison,
        at_epoch,
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
        told,
        by_example,
        confirmed,
        repeated,
        _links(tables, figures, paper=paper),
        date,
        reload,
        _stamp(reload),
        of_data,
    )
    write_whole(out / "index.html", render(contents))
    if wait_for_paper is not None:
        wait_for_paper()
    if also:
        write_further(out, replace(findings, figures=figures), also)
    write_readme(out)
    return Part(title, folder, comparison, by_example, read[0], figures)


def _untrained(folders: Sequence[Path], collected: Collected) -> int:
    """How many runs the latest command of a sweep asks for that have not begun, as where it stopped early."""
    latest = read_latest(folders[0]) if len(folders) == 1 else None
    return len(set(latest.runs) - set(collected.runs["run"])) if latest else 0


def _build_overview(
    data_sets: DataSets,
    parts: Sequence[Part],
    collected: Collected,
    folders: Sequence[Path],
    out: Path,
    reload: int | None,
) -> Path:
    """Write the page of several data sets, which compares settings by their ranks and holds the figures of each."""
    ranks = Ranks.of(data_sets)
    raw, figure = across_table(data_sets, ranks), critical_differences(ranks)
    table = presented_across(raw, data_sets)
    write_tables(out / "tables", [raw], [table], data_sets.whole)
    _write_figures(out, [figure] if figure is not None else [])
    page = render_overview(folders, across(ranks), table, figure, parts, collected.problems, reload, _stamp(reload))
    write_whole(out / "index.html", page)
    if reload is None:
        write_overview(out, across(ranks), table, figure, parts)
    write_readme(out)
    return out / "index.html"


def _write_figures(out: Path, figures: Sequence[Figure]) -> None:
    (out / "figures").mkdir(exist_ok=True)
    for figure in figures:
        write_whole(out / "figures" / f"{figure.name}.svg", figure.svg)
        write_whole(out / "figures" / f"{figure.name}.png", figure.png)


def _stamp(reload: int | None) -> str:
    """When a page that reloads was built."""
    return time.strftime("%Y-%m-%d %H:%M:%S") if reload else ""


def _of_runs(collected: Collected, names: set[str]) -> Collected:
    """Some of the runs, without problems, which are told once."""
    chosen = collected.runs["run"].isin(names)
    origins = [origin for origin, here in zip(collected.origins, chosen, strict=True) if here]
    history = collected.history[collected.history["run"].isin(names)].reset_index(drop=True)
    return Collected(collected.runs[chosen].reset_index(drop=True), history, [], origins)


def _training(collected: Collected) -> Collected:
    """The same, with runs that have no result yet as training or waiting, not as problems."""
    missing = {problem.place for problem in collected.problems if problem.kind == "no_result"}
    unfinished = pd.Series([folder in missing for folder in collected.folders], collected.runs.index)
    runs = collected.runs.assign(status=collected.runs["status"].mask(unfinished, "training"))
    problems = [problem for problem in collected.problems if problem.place not in missing]
    return replace(collected, runs=runs, problems=problems)


def figures_of_runs(comparison: Comparison, history: pd.DataFrame, searched: bool, medium: Medium) -> list[Figure]:
    """Figures of the runs as a whole."""
    made = [
        search_progress(comparison, medium) if searched else None,
        learning_curves(comparison, history, medium),
    ]
    return [figure for figure in made if figure is not None]


def _figures_of_best(comparison: Comparison, diagnosis: Diagnosis | None, medium: Medium) -> list[Figure]:
    return figures_of(diagnosis, comparison.representative_name, medium) if diagnosis else []


def figures_of_keys(comparison: Comparison, importance: Importance, medium: Medium) -> list[Figure]:
    """Figures of the swept keys."""
    made = [
        importance_figure(comparison, importance, medium),
        marginal_effects(comparison, importance, medium),
        heat_map(comparison, importance, medium),
    ]
    return [figure for figure in made if figure is not None]


def _write_paper(out: Path, findings: Findings, history: pd.DataFrame, at_epoch: Comparison, column: Medium) -> None:
    """Write the paper, with all figures drawn for its column."""
    comparison = findings.comparison
    figures = [
        *figures_of_runs(comparison, history, findings.searched, column),
        *figures_of_keys(at_epoch, findings.importance, column),
        *_figures_of_best(comparison, findings.diagnosis, column),
    ]
    write_paper(out, replace(findings, figures=figures))


def _apart(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Run it in the background, as it reads the data; but a fork of a process that has used torch may hang."""
    if "torch" not in sys.modules:
        return run_in_background(function, *arguments)
    result = function(*arguments)
    return lambda: result


def _no_diagnosis() -> tuple[None, None, None]:
    return None, None, None


def _overrides(collected: Collected) -> dict[str, Sequence[str]]:
    """What the user gave for each run, by its name."""
    results = {run: read_result(folder) for run, folder in collected.folder_of.items()}
    return {run: result.overrides if isinstance(result, Result) else [] for run, result in results.items()}


def _look_at_best(comparison: Comparison, collected: Collected) -> tuple[Diagnosis | None, Fit | None, str | None]:
    """What the run that stands for the best setting gets wrong or how it fits, or why that cannot be said."""
    folder = collected.folder_of[comparison.runs["run"][comparison.representative]]
    try:
        if comparison.picked and comparison.task == "classification":
            return diagnose(folder), None, None
        if comparison.picked and comparison.task == "regression":
            return None, fit(folder), None
    except UserError as error:
        return None, None, f"No figures of mistakes: {error}."
    return None, None, None


def _date(run_folders: Sequence[Path]) -> str:
    """When the last run ended, "" where none has."""
    results = [path.stat().st_mtime for folder in run_folders if (path := folder / RESULT).is_file()]
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(max(results))) if results else ""


def _links(tables: Sequence[Table], figures: Sequence[Figure], *, paper: bool) -> list[tuple[str, list[str]]]:
    """The files beside the page, by kind."""
    drawn = [f"figures/{figure.name}.{ending}" for figure in figures for ending in ("svg", "png")]
    links = [("tables", [f"tables/{name}" for name in table_files(tables)]), ("figures", drawn)]
    return [*links, ("paper", ["report.md", "paper/paper.tex"])] if paper else links
