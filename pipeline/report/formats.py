"""A table as CSV (full precision), Markdown and LaTeX: the only place where tables of the report are written."""

import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from pylatexenc.latexencode import (
    RULE_DICT,
    RULE_REGEX,
    UnicodeToLatexConversionRule,
    UnicodeToLatexEncoder,
)

from pipeline.runs.spreadsheet import to_csv

_LATEX_ROWS, _LONG_ROWS = 50, 200  # more are in the CSV
NOTHING = "–"  # shown in cells without a value
# LaTeX's default font encoding lacks some of these, and [ or * at the start of a row would be an argument of \\.
_SYMBOLS = {"<": r"\textless", ">": r"\textgreater", "|": r"\textbar", "–": "--", "[": "{[}", "*": "{*}"}
_ENCODER = UnicodeToLatexEncoder(
    conversion_rules=[
        UnicodeToLatexConversionRule(RULE_REGEX, [(re.compile("R²"), "$R^2$")]),
        UnicodeToLatexConversionRule(RULE_DICT, {ord(symbol): command for symbol, command in _SYMBOLS.items()}),
        "defaults",
    ],
    unknown_char_warning=False,  # left as they are: XeLaTeX and LuaLaTeX have fonts for them
)


@dataclass(frozen=True)
class Table:
    """Rows to be written as NAME.csv and NAME.md, and as LaTeX.

    `digits` are the decimals of the columns that hold figures; all others hold settings and text. `halves` maps a
    figure's column to that with the half-width of its interval: both are shown as one, "figure ± half". The first row
    is bold if it was `picked`.
    """

    name: str
    data: pd.DataFrame
    digits: Mapping[str, int]
    caption: str
    halves: Mapping[str, str] = field(default_factory=dict)
    picked: bool = False
    footer: Mapping[str, Any] = field(default_factory=dict)  # a last row by column, in the files that people read

    def csv(self) -> str:
        """All rows at full precision."""
        counts = [field for field, name in zip(self.fields, self.data, strict=True) if self.digits.get(str(name)) == 0]
        return to_csv(self.data.set_axis(self.fields, axis=1), counts)

    @property
    def fields(self) -> list[str]:
        """The columns' names in the CSV, in snake_case and distinct: "validation_r2"."""
        names: list[str] = []
        for name in map(str, self.data):
            plain = re.sub(r"[^a-z0-9]+", "_", name.lower().replace("²", "2")).strip("_") or "column"
            names.append(next(one for n in range(1, 10**6) if (one := plain + f"_{n}" * (n > 1)) not in names))
        return names

    @property
    def columns(self) -> list[str]:
        """The columns that are shown."""
        return [str(name) for name in self.data if name not in self.halves.values()]

    def formatted(self, sign: str = " ± ") -> pd.DataFrame:
        """The table with formatted cells."""
        return pd.DataFrame({name: self._texts(name, sign) for name in self.columns})

    def formatted_footer(self) -> dict[str, str]:
        """Formatted cells of the footer by column, empty where it says nothing."""
        if not self.footer:
            return {}
        cells = {name: self.footer.get(name, "") for name in self.columns}
        return {
            name: _fixed(value, self.digits[name]) if name in self.digits and not isinstance(value, str) else str(value)
            for name, value in cells.items()
        }

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return str(self.formatted().to_html(index=False))

    def markdown(self) -> str:
        """A pipe table, the first row bold if it was picked."""
        rows = self.formatted().map(markdown).rename(columns=markdown)
        if self.picked:
            rows.iloc[0] = [f"**{cell}**" for cell in rows.iloc[0]]
        if footer := self.formatted_footer():
            rows.loc[len(rows)] = [markdown(cell) for cell in footer.values()]
        return str(rows.to_markdown(index=False, disable_numparse=True)) + "\n"

    def latex(self, *, long: bool = False) -> str:
        """A floating table, or a `long` one over pages, with the caption above; siunitx aligns numbers."""
        rows = self.formatted(" +- ").head(_LONG_ROWS if long else _LATEX_ROWS)
        if footer := self.formatted_footer():
            rows.loc[len(rows)] = [cell or NOTHING for cell in footer.values()]
        numbers = [name for name in rows if name in self.digits]
        formats = {name: self._column(name, rows[name]) for name in self.columns}
        for name in rows:
            if name in numbers:  # siunitx needs braces around headers and anything that is not a number
                rows[name] = rows[name].replace(NOTHING, "{--}").str.replace("−", "-")
            else:
                rows[name] = rows[name].map(latex)
        heads = {name: f"{{{latex(name)}}}" if name in numbers else latex(name) for name in self.columns}
        style = rows.rename(columns=heads).style.hide(axis="index")
        if self.picked:
            style = style.apply(lambda row: ["font-weight: bold" if row.name == 0 else ""] * len(row), axis=1)
        placed: Any = {"environment": "longtable"} if long else {"position": "tbp", "position_float": "centering"}
        body: str = style.to_latex(
            hrules=True,
            convert_css=True,
            column_format="".join(formats.values()),
            caption=latex(self._caption(_LONG_ROWS if long else _LATEX_ROWS)),
            label=f"tab:{self.name}",
            **placed,
        )
        if not long:  # no wider than the text or the column
            body = body.replace("\\begin{tabular}", "\\begin{adjustbox}{max width=\\linewidth}\n\\begin{tabular}", 1)
            body = body.replace("\\end{tabular}", "\\end{tabular}\n\\end{adjustbox}", 1)
        return f"% needs \\usepackage{{booktabs,siunitx{',longtable' if long else ',adjustbox'}}}\n" + body

    def _caption(self, most: int) -> str:
        """The caption, with a note on omitted rows."""
        rows = len(self.data)
        return self.caption + (f" The first {most} of {rows} rows." if rows > most else "")

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

    def _column(self, name: str, cells: "pd.Series[str]") -> str:
        if name not in self.digits:
            return "l"
        figures, halves = zip(*(cell.partition(" +- ")[::2] for cell in cells), strict=True)
        whole = max([len(cell.lstrip("−").partition(".")[0]) for cell in figures if cell != NOTHING], default=1)
        sign = "-" if any(cell.startswith("−") for cell in figures) else ""
        size = f"{sign}{whole}.{self.digits[name]}" if self.digits[name] else f"{sign}{whole}"
        half = max([len(str(int(half.replace(".", "")))) for half in halves if half], default=0)
        spread = f"({half}), separate-uncertainty" if half else ""
        return f"S[table-format={size}{spread}, detect-weight, mode=text]"


def text(value: Any) -> str:
    """A setting as it is typed: 0.001, 1e-05, [256], true, null; a list of layers in short, [linear 256, relu]."""
    if value is None:
        return "null"
    if value is pd.NA:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return NOTHING if math.isnan(value) else f"{value:g}"
    words = str(value)
    if words.startswith("[") and '"' in words:  # JSON of more than numbers
        with suppress(ValueError, RecursionError):
            return f"[{_in_short(json.loads(words))}]"
    return words


def _in_short(value: Any) -> str:
    """Nested lists and mappings without the marks that only a parser needs."""
    if isinstance(value, list):
        return ", ".join(map(_word, value))
    if isinstance(value, dict):
        hidden = ("layer", "layers")  # of {layer: my_layers:Gate, width: 64} and {repeat: 3, layers: [...]}
        return " ".join(_word(item) if key in hidden else f"{key} {_word(item)}" for key, item in value.items())
    return text(value)


def _word(value: Any) -> str:
    return f"[{_in_short(value)}]" if isinstance(value, list) else _in_short(value)


def p_value(p: float, label: str = "p") -> str:
    """ "p = 0.012", "p < 0.001"."""
    return f"{label} < 0.001" if p < 0.001 else f"{label} = {p:.3f}"


def latex(words: str) -> str:
    """Escape text for LaTeX."""
    return str(_ENCODER.unicode_to_latex(words))


def minus(number: str) -> str:
    """A number with a minus sign in place of a hyphen."""
    return number.replace("-", "−")


def _fixed(value: float, digits: int) -> str:
    return minus(f"{value:z.{digits}f}") if pd.notna(value) and math.isfinite(value) else NOTHING


def markdown(words: str) -> str:
    """Escape text for a cell of a Markdown table."""
    for mark in ("\\", "|", "*", "_", "`"):
        words = words.replace(mark, f"\\{mark}")
    return words.replace("&", "&amp;").replace("<", "&lt;")
