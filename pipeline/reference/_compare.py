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

COLUMNS = [
    *("experiment", "dataset", "held out", "reported score", "our score", "difference in points"),
    *("reported loss", "our loss", "our penalty", "our objective", "reported seconds", "our seconds", "epochs"),
]


def compare(done: Sequence[tuple[Row, Path]]) -> pd.DataFrame:
    """One row per network: the report's final figures and those of our last epoch on the same split."""
    return pd.DataFrame([_line(row, folder) for row, folder in done], columns=COLUMNS)


def write(table: pd.DataFrame, figures: Sequence[Figure], out: Path) -> None:
    """reference.csv, .md and .tex, and the figures as SVG and PNG."""
    words = table.map(_text)
    write_whole(out / "reference.csv", table.to_csv(index=False, lineterminator="\n"))
    write_whole(out / "reference.md", str(words.to_markdown(index=False, disable_numparse=True)) + "\n")
    style_of = words.style.hide(axis="index").format(escape="latex")
    body = style_of.to_latex(hrules=True, column_format="lll" + "r" * (len(COLUMNS) - 3)).replace("–", "--")
    write_whole(out / "reference.tex", "% needs \\usepackage{booktabs}\n" + body)
    for figure in figures:
        write_whole(out / f"{figure.name}.svg", figure.svg)
        write_whole(out / f"{figure.name}.png", figure.png)


def curves(row: Row, folder: Path) -> Figure:
    """Loss, penalty and objective, and the score, by epoch; the report's figures dashed."""
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
        caption = "Dashed: given by the report, if its loss is a mean per example. Ours: loss without the penalty."
        return finish(figure, row.name, f"{row.experiment} on {row.dataset}", caption)


def _reported(axes: Axes, row: Row, columns: Sequence[str]) -> None:
    """The report's curve, if it has one on a comparable scale."""
    limit = 1.5 * axes.get_ylim()[1]
    for colour, column in zip(COLOURS, columns, strict=False):
        known = row.curve[["epoch", column]].dropna() if column in row.curve else pd.DataFrame()
        if len(known) and known[column].max() < max(limit, 3):
            label = f"{column.split('_')[0].replace('held', row.held_out)}, reported"
            axes.plot(known["epoch"], known[column], "--", color=colour, alpha=0.7, label=label)


def _line(row: Row, folder: Path) -> list[Any]:
    result, reported = _result(folder), row.reported
    metric, names = result.metric, ("final_penalty", "final_objective", "final_epoch")
    score, loss = (result.metrics.get(figures.final(row.held_out), math.nan) for figures in (metric, LOSS))
    penalty, objective, epochs = (result.metrics.get(name, math.nan) for name in names)
    return [
        *(row.experiment, row.dataset, row.held_out, reported["held_out_accuracy"], score),
        100 * (score - reported["held_out_accuracy"]) if metric == ACCURACY else None,
        reported["held_out_loss"] if pd.notna(reported["held_out_loss"]) else reported["train_loss"],
        *(loss, penalty, objective, reported["seconds"], result.seconds.get("total", math.nan), epochs),
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
