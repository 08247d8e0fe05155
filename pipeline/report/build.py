"""From run folders to results.csv and report/."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.errors import UserError
from pipeline.files import JOURNAL, write_whole
from pipeline.report.curves import learning_curves
from pipeline.report.diagnosis import Diagnosis, diagnose
from pipeline.report.effects import heat_map, marginal_effects
from pipeline.report.figures import SCREEN, Figure, Medium
from pipeline.report.importance import Importance, importance_figure
from pipeline.report.mistakes import figures_of
from pipeline.report.page import render
from pipeline.report.paper import COLUMN, write_paper
from pipeline.report.progress import search_progress
from pipeline.report.replicates import Replicates, replicates_table
from pipeline.report.statistics import compare_best
from pipeline.report.tables import Comparison
from pipeline.results import Collected, collect, write_results


def build(folders: Sequence[Path], out: Path | None = None, column: Medium = COLUMN) -> Path:
    """Write `results.csv` into each sweep folder and the report into `out`; -> its index.html.

    `out` is report/ in the first folder unless given; `column` is what the figures in paper/ are drawn for. Raises
    UserError where there is no run at all; runs that cannot be read are named in the report's footnotes.
    """
    folders = [Path(folder) for folder in folders]
    collected = collect(folders)
    for folder in folders:
        if any(origin == folder for origin, _ in collected.origins):
            write_results(folder, collected)
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
    diagnosis, why_not = _diagnosis_of_best(comparison, collected)
    draw = _drawing(comparison, collected, searched, diagnosis)
    figures = draw(SCREEN)
    for figure in figures:
        write_whole(out / f"{figure.name}.svg", figure.svg)
        write_whole(out / f"{figure.name}.png", figure.png)
    write_paper(out / "paper", replicates, tables, draw(column), searched)
    write_whole(out / "index.html", render(comparison, figures, why_not, collected.problems, folders))
    return out / "index.html"


def _drawing(
    comparison: Comparison, collected: Collected, searched: bool, diagnosis: Diagnosis | None
) -> Callable[[Medium], list[Figure]]:
    """All figures that the runs allow, for a medium; what is slow to find out is found out once."""
    importance = Importance.of(comparison)

    def draw(medium: Medium) -> list[Figure]:
        made = [
            search_progress(comparison, medium) if searched else None,
            learning_curves(comparison, collected.history, medium),
            importance_figure(comparison, importance, medium),
            marginal_effects(comparison, importance, medium),
            heat_map(comparison, importance, medium),
        ]
        of_best = figures_of(diagnosis, str(comparison.runs["run"][0]), medium) if diagnosis else []
        return [figure for figure in made if figure is not None] + of_best

    return draw


def _diagnosis_of_best(comparison: Comparison, collected: Collected) -> tuple[Diagnosis | None, str | None]:
    """What the best run confuses and looks for, or why that is not shown."""
    if not comparison.picked or comparison.score_name != "accuracy":
        return None, None
    folder_of = dict(zip(collected.runs["run"], collected.folders, strict=True))
    try:
        return diagnose(folder_of[comparison.runs["run"][0]]), None
    except UserError as error:
        return None, f"No figures of the best run's mistakes: {error}."
