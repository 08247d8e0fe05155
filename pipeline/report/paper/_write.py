"""Writes report/paper/: a paper.tex that compiles as it is, and everything it includes."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.errors import UserError
from pipeline.files import write_whole
from pipeline.report.figures.medium import Figure, Medium
from pipeline.report.formats import Table, latex, markdown
from pipeline.report.paper._data import own_references
from pipeline.report.paper._methods import methods
from pipeline.report.paper._references import as_latex, as_markdown, bibliography, cited
from pipeline.report.paper._settings import Settings
from pipeline.report.statistics.importance import Importance
from pipeline.report.statistics.replicates import Replicates

_INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27}  # TeX's point
COLUMN = Medium(width=84 / 25.4, font_size=9)  # a column of most two-column classes


def column(width: str, font_size: float) -> Medium:
    """A column such as "84mm", "3.3in" or "240pt" (what LaTeX's \\the\\columnwidth says). Raises UserError."""
    number, unit = width[:-2], width[-2:]
    try:
        inches = float(number) * _INCHES[unit]
    except (ValueError, KeyError):
        raise UserError(f"--paper-width {width}: not a length; give a number with in, cm, mm or pt: 84mm") from None
    if not 1 <= inches <= 20:
        raise UserError(f"--paper-width {width}: {inches:.2g} inches wide; give a width from 1 to 20 inches")
    if not 4 <= font_size <= 30:
        raise UserError(f"--paper-font-size {font_size:g}: give a size from 4 to 30 points")
    return Medium(inches, font_size)


def write_paper(
    out: Path,
    replicates: Replicates,
    importance: Importance,
    tables: Sequence[Table],
    figures: Sequence[Figure],
    searched: bool,
) -> None:
    """Tables (.tex), figures (.pdf), captions.md, methods.tex and .md, settings.tex, references.bib and paper.tex."""
    out.mkdir(exist_ok=True)
    settings = Settings(replicates.comparison)
    sentences = methods(settings, replicates, importance, tables, figures, searched)
    tables = [_narrow(table) for table in tables] + [settings.table()]
    files: dict[str, str | bytes] = {f"{table.name}.tex": table.latex(aligned=True) for table in tables}
    files |= {f"{figure.name}.pdf": figure.pdf for figure in figures}
    files["captions.md"] = "".join(
        f"## {name}\n\n{markdown(caption)}\n\n"
        for name, caption in [
            *((f"{table.name}.tex", table.full_caption) for table in tables),
            *((f"{figure.name}.pdf", f"{figure.title}. {figure.caption}") for figure in figures),
        ]
    )
    files["methods.md"] = as_markdown(" ".join(sentences)) + "\n"
    files["methods.tex"] = "% needs references.bib\n" + as_latex("\n".join(sentences)) + "\n"
    files["references.bib"] = bibliography(cited(sentences), own_references(replicates.comparison))
    files["paper.tex"] = _document(tables, figures)
    for name, content in files.items():
        write_whole(out / name, content)


def _narrow(table: Table) -> Table:
    """The columns of a table that fit on a page: settings and scores."""
    left_out = {"run", "best epoch", "seconds", "status", "validation loss"}
    left_out |= {name for name in table.columns if name.startswith("train ") or name.endswith(", sd")}
    columns = [name for name in table.data if name not in left_out]
    return Table(table.name, table.data[columns], table.digits, table.caption, table.halves, table.picked)


def _document(tables: Sequence[Table], figures: Sequence[Figure]) -> str:
    """A document that includes everything, to compile and to copy from."""
    environment = Environment(
        loader=PackageLoader("pipeline.report.paper"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
    )
    environment.filters["latex"] = latex
    return environment.get_template("paper.tex.j2").render(tables=tables, figures=figures)
