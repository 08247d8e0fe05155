"""Writes report.md, and paper/: a paper.tex that compiles as it is, and everything it includes."""

from pathlib import Path

from pipeline.errors import UserError
from pipeline.files import write_whole
from pipeline.report.figures.medium import Medium
from pipeline.report.paper._compose import compose
from pipeline.report.paper._findings import Findings
from pipeline.report.paper._latex import tables, to_latex
from pipeline.report.paper._markdown import to_markdown
from pipeline.report.paper._references import bibliography

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


def write_paper(out: Path, findings: Findings) -> None:
    """report.md, and in paper/ paper.tex, a .tex file for each table, a .pdf for each figure, and references.bib."""
    (out / "paper").mkdir(exist_ok=True)
    document = compose(findings)
    files: dict[str, str | bytes] = {f"{figure.name}.pdf": figure.pdf for figure in document.figures}
    files |= tables(document)
    files |= {"references.bib": bibliography(document.references), "paper.tex": to_latex(document)}
    for name, content in files.items():
        write_whole(out / "paper" / name, content)
    write_whole(out / "report.md", to_markdown(document))
