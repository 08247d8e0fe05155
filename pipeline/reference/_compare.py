"""From finished runs to the table "reported / ours" and the figures with the reported curves dashed."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from pipeline.errors import UserError
from pipeline.files import write_whole
from pipeline.metrics import ACCURACY, LOSS
from pipeline.report.figures.medium import COLOURS, SCREEN, Figure, finish
from pipeline.reported.rows import Row
from pipeline.runs.problem import Problem
from pipeline.runs.read import collect
from pipeline.runs.result import Result, read_result

CAPTION = "Dashed: given by the report, if its loss is a mean per example. Ours: loss without the penalty."
KEY = ["experiment", "dataset"]
SCORE, SPREAD = "our score", "sd of our score"
COLUMNS = [
    *(*KEY, "held out", "seeds", "reported score", SCORE, SPREAD, "difference in points"),
    *("reported loss", "our loss", "our penalty", "our objective", "reported seconds", "our seconds", "epochs"),
]


def compare(done: Sequence[tuple[Row, Sequence[Path]]]) -> pd.DataFrame:
    """One row per network: the report's final figures, and those of our last epoch on the same split.

    Ours are means over the runs, one a seed; the score's standard deviation is beside it, NaN of a single run.
    """
    return pd.DataFrame([_line(row, folders) for row, folders in done], columns=COLUMNS)


def in_words(table: pd.DataFrame) -> pd.DataFrame:
    """The table as it is read: four digits, the score with its standard deviation."""
    words = table.map(_text)
    many = table[SPREAD].notna()
    spread = table[SPREAD].map("{:.4f}".format)
    words[SCORE] = table[SCORE].map("{:.4f}".format).where(many, words[SCORE]) + (" ± " + spread).where(many, "")
    return words.drop(columns=SPREAD)


def write(table: pd.DataFrame, figures: Sequence[Figure], out: Path) -> None:
    """reference.csv, .md and .tex, and the figures as SVG and PNG."""
    words = in_words(table)
    write_whole(out / "reference.csv", table.to_csv(index=False, lineterminator="\n"))
    write_whole(out / "reference.md", markdown(words))
    style_of = words.style.hide(axis="index").format(escape="latex")
    body = style_of.to_latex(hrules=True, column_format="lll" + "r" * (len(words.columns) - 3)).replace("–", "--")
    write_whole(out / "reference.tex", "% needs \\usepackage{booktabs}\n" + body)
    for figure in figures:
        write_whole(out / f"{figure.name}.svg", figure.svg)
        write_whole(out / f"{figure.name}.png", figure.png)


def markdown(words: pd.DataFrame) -> str:
    """A table of text."""
    return str(words.to_markdown(index=False, disable_numparse=True)) + "\n"


def curves(row: Row, folder: Path) -> Figure:
    """Loss, penalty and objective, and the score, by epoch of one run; the report's figures dashed."""
    history, metric = collect([folder]).history, _result(folder).metric
    with SCREEN.style():
        figure = SCREEN.canvas(10, 4)
        losses, scores = figure.subplots(1, 2)
        for axes, figures in ((losses, LOSS), (scores, metric)):
            for colour, split in zip(COLOURS, ("train", row.held_out), strict=False):
                axes.plot(history["epoch"], history[figures.on(split)], color=colour, label=f"{split}, ours")
        if history["penalty"].any():
            losses.plot(history["epoch"], history["penalty"], ":", color=COLOURS[2], label="penalty, ours")
            losses.plot(history["epoch"], history["objective"], "-", color=COLOURS[4], label="objective, ours")
        _reported(losses, row, ["train_loss", "held_out_loss"])
        if metric == ACCURACY:
            _reported(scores, row, ["train_accuracy", "held_out_accuracy"])
        losses.set(xlabel="epoch", ylabel="loss (mean per example)")
        scores.set(xlabel="epoch", ylabel=metric.label)
        for axes in (losses, scores):
            axes.legend(fontsize=8)
        return finish(figure, row.name, f"{row.experiment} on {row.dataset}", CAPTION)


def _reported(axes: Axes, row: Row, columns: Sequence[str]) -> None:
    """The report's curve, if it has one on a comparable scale."""
    limit = 1.5 * axes.get_ylim()[1]
    for colour, column in zip(COLOURS, columns, strict=False):
        known = row.curve[["epoch", column]].dropna() if column in row.curve else pd.DataFrame()
        if len(known) and known[column].max() < max(limit, 3):
            label = f"{column.split('_')[0].replace('held', row.held_out)}, reported"
            axes.plot(known["epoch"], known[column], "--", color=colour, alpha=0.7, label=label)


def _line(row: Row, folders: Sequence[Path]) -> list[Any]:
    results, reported = [_result(folder) for folder in folders], row.reported
    metric = results[0].metric
    names = [metric.final(row.held_out), LOSS.final(row.held_out), "final_penalty", "final_objective", "final_epoch"]
    figures = pd.DataFrame([result.metrics for result in results]).reindex(columns=names)
    score, loss, penalty, objective, epochs = figures.mean()
    seconds = pd.Series([result.seconds.get("total", math.nan) for result in results]).mean()
    return [
        *(row.experiment, row.dataset, row.held_out, len(results)),
        *(reported["held_out_accuracy"], score, figures[names[0]].std()),
        100 * (score - reported["held_out_accuracy"]) if metric == ACCURACY else None,
        reported["held_out_loss"] if pd.notna(reported["held_out_loss"]) else reported["train_loss"],
        *(loss, penalty, objective, reported["seconds"], seconds, int(epochs)),
    ]


def _result(folder: Path) -> Result:
    result = read_result(folder)
    if isinstance(result, Problem):
        raise UserError(str(result))
    return result


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "–" if pd.isna(value) else f"{value:.4g}"
