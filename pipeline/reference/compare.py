"""From finished runs to the table "reported / ours" and the figures with the reported curves dashed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from pipeline.files import write_whole
from pipeline.report.figures.medium import COLOURS, SCREEN, Figure, finish
from pipeline.reported.rows import Row

COLUMNS = [
    *("experiment", "dataset", "held out", "reported score", "our score", "difference in points"),
    *("reported loss", "our loss", "our penalty", "our objective", "reported seconds", "our seconds", "epochs"),
]


def compare(done: Sequence[tuple[Row, Path]]) -> pd.DataFrame:
    """One row a network: the report's final figures and those of our last epoch on the same split."""
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
    """Loss, penalty and objective, and the score, by epoch; what the report printed dashed."""
    history = pd.read_csv(folder / "history.csv")
    score = "r2" if "train_r2" in history else "accuracy"
    with SCREEN.style():
        figure = SCREEN.canvas(10, 4)
        losses, scores = figure.subplots(1, 2)
        for axes, name in ((losses, "loss"), (scores, score)):
            for colour, split in zip(COLOURS, ("train", row.held_out), strict=False):
                axes.plot(history["epoch"], history[f"{split}_{name}"], color=colour, label=f"{split}, ours")
        if history["penalty"].any():
            losses.plot(history["epoch"], history["penalty"], ":", color=COLOURS[2], label="penalty, ours")
            losses.plot(history["epoch"], history["objective"], "-", color=COLOURS[4], label="objective, ours")
        _reported(losses, row, ["train_loss", "held_out_loss"])
        if score == "accuracy":
            _reported(scores, row, ["train_accuracy", "held_out_accuracy"])
        losses.set(xlabel="epoch", ylabel="loss (mean an example)")
        scores.set(xlabel="epoch", ylabel="accuracy" if score == "accuracy" else "R²")
        for axes in (losses, scores):
            axes.legend(fontsize=8)
        caption = "Dashed: printed by the report, where its loss is a mean an example. Ours: loss without the penalty."
        return finish(figure, row.name, f"{row.experiment} on {row.dataset}", caption)


def _reported(axes: Axes, row: Row, columns: Sequence[str]) -> None:
    """The report's curve, where it has one that can share our axis."""
    limit = 1.5 * axes.get_ylim()[1]
    for colour, column in zip(COLOURS, columns, strict=False):
        known = row.curve[["epoch", column]].dropna() if column in row.curve else pd.DataFrame()
        if len(known) and known[column].max() < max(limit, 3):
            label = f"{column.split('_')[0].replace('held', row.held_out)}, reported"
            axes.plot(known["epoch"], known[column], "--", color=colour, alpha=0.7, label=label)


def _line(row: Row, folder: Path) -> list[Any]:
    result = json.loads((folder / "result.json").read_text())
    ours, reported = result["metrics"], row.reported
    score = "accuracy" if f"final_{row.held_out}_accuracy" in ours else "r2"
    mine = ours[f"final_{row.held_out}_{score}"]
    theirs = reported["held_out_accuracy"]
    return [
        *(row.experiment, row.dataset, row.held_out, theirs, mine),
        100 * (mine - theirs) if score == "accuracy" else None,
        reported["held_out_loss"] if pd.notna(reported["held_out_loss"]) else reported["train_loss"],
        *(ours[f"final_{row.held_out}_loss"], ours["final_penalty"], ours["final_objective"]),
        *(reported["seconds"], result["seconds"]["total"], ours["final_epoch"]),
    ]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "–" if pd.isna(value) else f"{value:.4g}"
