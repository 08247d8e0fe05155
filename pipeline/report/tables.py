"""The comparison of runs as one table: CSV in full precision, Markdown and LaTeX for pasting, rows for the page."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from tabulate import tabulate

from pipeline.report import formats
from pipeline.report.comparison import Comparison, score_name
from pipeline.report.swept import display_names

LATEX_ROWS = 50
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~$&])")
_LATEX_SPECIAL = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\char34{}", "'": r"\char39{}"}
    | {"²": r"\textsuperscript{2}", formats.MISSING: "--", "…": r"\ldots{}"}
)


@dataclass(frozen=True)
class Table:
    """One row a run, best first. `values` and `texts` have the same shape and titles."""

    values: pd.DataFrame
    texts: pd.DataFrame
    best: list[bool]
    numeric: list[bool]  # by column: set flush right

    def csv(self) -> str:
        """Every digit, for programs."""
        return self.values.to_csv(index=False, lineterminator="\n")

    def markdown(self) -> str:
        """A pipe table; the best runs are bold."""
        cells = [
            [_markdown(text, bold) for text in row]
            for row, bold in zip(self.texts.itertuples(index=False), self.best, strict=True)
        ]
        align = ["right" if numeric else "left" for numeric in self.numeric]
        titles = [_markdown(title) for title in self.texts.columns]
        return tabulate(cells, titles, tablefmt="pipe", colalign=align, disable_numparse=True) + "\n"

    def latex(self) -> str:
        r"""A `tabular` that needs only \usepackage{booktabs}; of a long table the first rows."""
        shown = self.texts.head(LATEX_ROWS).map(_latex).reset_index(drop=True)
        shown.columns = [_latex(title) for title in shown.columns]
        best = [index for index in shown.index if self.best[index]]
        style = shown.style.hide(axis="index")
        style.set_properties(subset=(best, shown.columns), textbf="--rwrap")
        align = "".join("r" if numeric else "l" for numeric in self.numeric)
        cut = len(self.texts) > LATEX_ROWS
        note = f"% The first {LATEX_ROWS} of {len(self.texts)} rows; table.csv holds all.\n" if cut else ""
        return f"% \\usepackage{{booktabs}}\n{note}" + style.to_latex(hrules=True, column_format=align)


def make_table(comparisons: Sequence[Comparison], runs: pd.DataFrame) -> Table:
    """All comparisons one under another, with the keys that vary over all runs."""
    from pipeline.report.swept import swept_keys

    rows = pd.concat([comparison.rows for comparison in comparisons])
    score = score_name(rows["task"])
    keys = swept_keys(runs)
    columns: list[tuple[str, pd.Series[Any], Callable[[Any], str]]] = [("run", rows["run"], str)]
    for key, name in display_names(keys).items():
        columns.append((name, runs.loc[rows.index, key], formats.setting))
    columns.append(("epoch", rows["epoch"].astype("Int64"), formats.count))
    for title, name in _figures(score).items():
        if name.startswith("validation") and rows[name].isna().all():
            continue
        columns.append((title, rows[name], formats.figure))
    columns.append(("seconds", rows["seconds"], formats.seconds))
    columns.append(("status", rows["status"].astype(str), str))
    values = pd.DataFrame({title: series for title, series, _ in columns})
    texts = pd.DataFrame({title: [show(value) for value in series] for title, series, show in columns}, dtype=object)
    numeric = [title == "run" or show is not str and _is_numeric(series) for title, series, show in columns]
    return Table(values, texts, list(rows["best"]), numeric)


def _figures(score: str) -> dict[str, str]:
    scores = {f"{split} {score}": f"{split}_score" for split in ("validation", "test", "train")}
    return scores | {"validation loss": "validation_loss"}


def _is_numeric(values: pd.Series) -> bool:
    return all(isinstance(value, (int, float)) or pd.isna(value) for value in values)


def _markdown(text: str, bold: bool = False) -> str:
    escaped = _MARKDOWN_SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return f"**{escaped}**" if bold else escaped


def _latex(text: str) -> str:
    escaped = " ".join(text.split()).translate(_LATEX_SPECIAL)
    return re.sub(r"^-(?=\d)", "$-$", escaped)
