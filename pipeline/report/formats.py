"""A table as CSV (full precision), Markdown and LaTeX: the one place where any of the report's tables is written."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from pandas.io.formats.style import Styler
from pylatexenc.latexencode import (
    RULE_DICT,
    RULE_REGEX,
    UnicodeToLatexConversionRule,
    UnicodeToLatexEncoder,
)

_LATEX_ROWS = 50
NOTHING = "–"  # what a cell without a value shows
# LaTeX's first font encoding shows some as something else, and a row that starts with [ or * is part of the \\ before.
_SYMBOLS = {"<": r"\textless", ">": r"\textgreater", "|": r"\textbar", "–": "--", "[": "{[}", "*": "{*}"}
_ENCODER = UnicodeToLatexEncoder(
    conversion_rules=[
        UnicodeToLatexConversionRule(RULE_REGEX, [(re.compile("R²"), "$R^2$")]),
        UnicodeToLatexConversionRule(RULE_DICT, {ord(symbol): command for symbol, command in _SYMBOLS.items()}),
        "defaults",
    ],
    unknown_char_warning=False,  # kept as they are: XeLaTeX and LuaLaTeX have fonts for them
)


@dataclass(frozen=True)
class Table:
    """Rows to be written as NAME.csv, .md and .tex.

    `digits` are the decimals of the columns that hold figures; all others hold settings and words. `halves` names the
    column with the half-width of a figure's interval, shown as "figure ± half" in place of two columns. The first row
    is bold where it was `picked`.
    """

    name: str
    data: pd.DataFrame
    digits: Mapping[str, int]
    caption: str
    halves: Mapping[str, str] = field(default_factory=dict)
    picked: bool = False

    def files(self) -> dict[str, str]:
        """File name -> content in each format."""
        return {
            f"{self.name}.csv": self.data.to_csv(index=False, lineterminator="\n"),
            f"{self.name}.md": self.markdown(),
            f"{self.name}.tex": self.latex(),
        }

    @property
    def shown(self) -> list[str]:
        """The columns for people."""
        return [str(name) for name in self.data if name not in self.halves.values()]

    def written(self, sign: str = " ± ") -> pd.DataFrame:
        """The table as texts for people."""
        return pd.DataFrame({name: self._texts(name, sign) for name in self.shown})

    def markdown(self) -> str:
        """A pipe table, the first row bold where it was picked."""
        rows = self.written().map(markdown).rename(columns=markdown)
        if self.picked:
            rows.iloc[0] = [f"**{cell}**" for cell in rows.iloc[0]]
        return str(rows.to_markdown(index=False, disable_numparse=True)) + "\n"

    def latex(self, *, aligned: bool = False, label: str | None = None) -> str:
        """A floating table with the caption above; `aligned` lets siunitx align decimals and uncertainties."""
        rows = self.written(" +- " if aligned else " ± ").head(_LATEX_ROWS)
        numbers = [name for name in rows if name in self.digits]
        columns = {name: self._column(name, rows[name], aligned) for name in self.shown}
        for name in rows:
            if aligned and name in numbers:  # what is no number, and all headers, siunitx takes in braces
                rows[name] = rows[name].replace(NOTHING, "{--}")
            else:
                rows[name] = rows[name].map(latex)
        heads = {name: f"{{{latex(name)}}}" if aligned and name in numbers else latex(name) for name in self.shown}
        style: Styler = rows.rename(columns=heads).style.hide(axis="index")
        if self.picked:
            style = style.apply(lambda row: ["font-weight: bold" if row.name == 0 else ""] * len(row), axis=1)
        body = style.to_latex(
            hrules=True,
            convert_css=True,
            column_format="".join(columns.values()),
            position="tbp",
            position_float="centering",
            caption=latex(self.full_caption),
            label=f"tab:{label or self.name}",
        )
        needs = "booktabs, siunitx" if aligned else "booktabs"
        return f"% needs \\usepackage{{{needs}}}\n" + body

    @property
    def full_caption(self) -> str:
        """The caption with what is left out of a long table."""
        rows = len(self.data)
        return self.caption + (f" The first {_LATEX_ROWS} of {rows} rows." if rows > _LATEX_ROWS else "")

    def _texts(self, name: str, sign: str) -> list[str]:
        if name not in self.digits:
            return [text(value) for value in self.data[name]]
        figures = [_fixed(value, self.digits[name]) for value in self.data[name]]
        if name not in self.halves:
            return figures
        halves = [_fixed(value, self.digits[name]) for value in self.data[self.halves[name]]]
        return [
            figure if NOTHING in (figure, half) else f"{figure}{sign}{half}"
            for figure, half in zip(figures, halves, strict=True)
        ]

    def _column(self, name: str, cells: "pd.Series[str]", aligned: bool) -> str:
        if name not in self.digits or not aligned:
            return "r" if name in self.digits else "l"
        figures, halves = zip(*(cell.partition(" +- ")[::2] for cell in cells), strict=True)
        whole = max([len(cell.lstrip("-").partition(".")[0]) for cell in figures if cell != NOTHING], default=1)
        sign = "-" if any(cell.startswith("-") for cell in figures) else ""
        size = f"{sign}{whole}.{self.digits[name]}" if self.digits[name] else f"{sign}{whole}"
        half = max([len(str(int(half.replace(".", "")))) for half in halves if half], default=0)
        spread = f"({half}), separate-uncertainty" if half else ""
        return f"S[table-format={size}{spread}, detect-weight, mode=text]"


def text(value: Any) -> str:
    """A setting as people write it: 0.001, 1e-05, [256], true, null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return NOTHING if math.isnan(value) else f"{value:g}"
    return str(value)


def latex(words: str) -> str:
    """Words for LaTeX's text mode: nothing in them is a command, and all shows as it is."""
    return str(_ENCODER.unicode_to_latex(words))


def _fixed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if pd.notna(value) and math.isfinite(value) else NOTHING


def markdown(words: str) -> str:
    """Words for Markdown: nothing in them ends a cell, starts a tag or becomes emphasis."""
    for mark in ("\\", "|", "*", "_", "`"):
        words = words.replace(mark, f"\\{mark}")
    return words.replace("&", "&amp;").replace("<", "&lt;")
