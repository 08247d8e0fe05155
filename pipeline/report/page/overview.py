"""The page of a report on several data sets: how settings rank over all, then each data set to itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.report.comparison import Comparison
from pipeline.report.figures.medium import Figure
from pipeline.report.formats import Table
from pipeline.report.page._summary import summary
from pipeline.report.page.render import environment, styles
from pipeline.runs.problem import Problem

_ROWS = 25  # of a data set's table; its page has all


@dataclass(frozen=True)
class Part:
    """One data set: its title, the address of its page, and what of it the overview gives."""

    title: str
    address: str
    comparison: Comparison
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
    """index.html, self-contained and without scripts; it links to the page of each data set."""
    return (
        environment()
        .get_template("overview.html.j2")
        .render(
            title=", ".join(folder.resolve().name for folder in folders),
            sentences=sentences,
            table=_cells(table),
            figure=figure,
            parts=[
                {
                    "title": part.title,
                    "address": part.address,
                    "summary": summary(part.comparison),
                    "table": _cells(part.table),
                    "figures": [(f"{number}-{one.name}", one) for one in part.figures],
                }
                for number, part in enumerate(parts)
            ],
            problems=problems,
            reload=reload,
            stamp=stamp,
            styles=styles(),
        )
    )


def _cells(table: Table) -> dict[str, Any]:
    """Columns (name, whether it holds figures), rows of texts, the footer, the caption."""
    formatted = table.formatted()
    return {
        "columns": [(name, name in table.digits) for name in table.columns],
        "rows": formatted.head(_ROWS).to_numpy().tolist(),
        "left": max(len(formatted) - _ROWS, 0),
        "footer": list(table.formatted_footer().values()),
        "caption": table.caption,
        "name": table.name,
        "picked": table.picked,
    }
