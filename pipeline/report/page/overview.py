"""The page of a report on several data sets: how settings rank over all, then each data set to itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.report.comparison import Comparison
from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table
from pipeline.report.page._headline import tile_of_data, title
from pipeline.report.page._summary import summary
from pipeline.report.page._tables import cells_of
from pipeline.report.page.render import ROWS, environment, notes_of, scripts
from pipeline.runs.problem import Problem

_ROWS = 25  # of a data set's table; its page has all


@dataclass(frozen=True)
class Part:
    """The report on one data set: its title, its folder in that of the whole, and what of it the overview gives."""

    title: str
    folder: str
    comparison: Comparison
    by_example: str | None
    table: Table
    figures: Sequence[Figure]


def render_overview(
    folders: Sequence[Path],
    sentences: Sequence[str],
    table: Table,
    figure: Figure | None,
    parts: Sequence[Part],
    problems: Sequence[Problem],
    reload: int | None,
    stamp: str,
) -> str:
    """index.html, self-contained; without scripts its tables do not sort. It links to the page of each data set."""
    return (
        environment()
        .get_template("overview.html.j2")
        .render(
            title=title(*(part.comparison for part in parts)),
            meta=", ".join(folder.resolve().name for folder in folders),
            notes=notes_of(*(part.comparison for part in parts)),
            tiles=[tile_of_data(part.title, part.comparison, f"{part.folder}/index.html") for part in parts],
            sentences=sentences,
            table=cells_of(table, ROWS),
            figure=figure,
            parts=[
                {
                    "title": part.title,
                    "address": f"{part.folder}/index.html",
                    "summary": summary(part.comparison, part.by_example),
                    "table": cells_of(part.table, _ROWS),
                    "figures": [(f"{number}-{one.name}", one) for one in part.figures],
                }
                for number, part in enumerate(parts)
            ],
            problems=problems,
            reload=reload,
            stamp=stamp,
            **scripts("sorted_tables"),
        )
    )
