"""Learning curves: loss and score by epoch, the best runs in colour over all others in grey."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from pipeline.metrics import LOSS, SELECTION, Metric, Split
from pipeline.report.comparison import Comparison
from pipeline.report.figures.medium import COLOURS, GREY, MANY, SCREEN, Figure, Medium, drawable, finish, plain

CURVES: tuple[Split, ...] = ("train", SELECTION)
_SHOWN = len(COLOURS)


def learning_curves(comparison: Comparison, history: pd.DataFrame, medium: Medium = SCREEN) -> Figure | None:
    """Two panels: train dashed, validation solid. None if no run has trained an epoch."""
    if history.empty or history["epoch"].max() < 1:
        return None
    by_run = {str(name): rows for name, rows in history.groupby("run", sort=False)}
    runs = [name for name in comparison.runs["run"] if name in by_run]
    best = runs[:_SHOWN]
    loss = "loss (mean per example)" if medium.width is None else "loss"  # a column's panels are low
    labels = {metric: metric.label for metric in comparison.charted} | {LOSS: loss}
    width = (medium.width or 10) - 0.6  # inches for the words of the legend
    rows = [comparison.runs.index[comparison.runs["run"] == run][0] for run in best]
    names = [f"{comparison.settings(row)} (run {run})" for row, run in zip(rows, best, strict=True)]
    names = [fill(plain(name), medium.letters(width)) for name in names]
    with medium.style():
        lines = sum(name.count("\n") + 1 for name in names) + 3
        figure, panels = medium.panels(1, 2, 5, 4.4, legend=lines)
        for axes, (metric, label) in zip(panels, labels.items(), strict=True):
            _panel(axes, by_run, runs, best, metric)
            axes.set(xlabel="epoch", ylabel=label)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        handles = [Line2D([], [], color=colour, label=name) for colour, name in zip(COLOURS, names, strict=False)]
        handles += [
            Line2D([], [], color="black", label="validation"),
            Line2D([], [], color="black", ls="--", label="train"),
        ]
        if len(runs) > _SHOWN:
            handles.append(Line2D([], [], color=GREY, alpha=0.5, label="other runs, validation"))
        longest = max(len(str(handle.get_label())) for handle in handles)
        columns = 2 if longest <= medium.letters(width / 2) else 1
        figure.legend(handles=handles, loc="outside lower center", ncols=columns)
        others = f"; the other {len(runs) - len(best)} in grey" if len(runs) > len(best) else ""
        which = (
            f"The {len(best)} runs with the best {comparison.metric.heading(SELECTION)} in colour"
            if len(runs) > 1
            else "The run"
        )
        caption = (
            f"{which}{others}. Loss is the mean data loss per example, without the penalty. "
            "Epoch 0, before training, may lie outside the frame."
        )
        return finish(figure, "learning_curves", "Learning curves", caption, medium)


def _panel(axes: Axes, by_run: dict[str, pd.DataFrame], runs: list[str], best: list[str], metric: Metric) -> None:
    train, validation = map(metric.on, CURVES)
    curves = pd.concat([by_run[run] for run in runs], ignore_index=True)
    main = validation if validation in curves and curves[validation].notna().any() else train
    if len(runs) > len(best) and main in curves:
        faint = curves[["run", "epoch"]].assign(value=drawable(curves[main]))[~curves["run"].isin(best)].dropna()
        starts = np.flatnonzero(faint["run"].to_numpy()[1:] != faint["run"].to_numpy()[:-1]) + 1
        lines = np.split(faint[["epoch", "value"]].to_numpy(), starts)
        axes.add_collection(
            LineCollection(lines, colors=GREY, alpha=0.35, linewidths=0.9, zorder=1, rasterized=len(lines) > MANY)
        )
    for colour, run in zip(COLOURS, best, strict=False):
        rows = by_run[run]
        for name, dashes in ((train, "--"), (validation, "-")):
            if name in rows:
                axes.plot(rows["epoch"], drawable(rows[name]), dashes, color=colour, linewidth=1.8, zorder=3)
    axes.autoscale_view()
    if limits := frame(curves, metric, CURVES if main == validation else CURVES[:1]):
        axes.set_ylim(limits)


def frame(curves: pd.DataFrame, metric: Metric, splits: Sequence[str]) -> tuple[float, float] | None:
    """Lowest and highest value to show, so that the start and diverging runs do not flatten the rest.

    The worst 2 % of values after epoch 0 are cut off, then a margin of 5 % is added. None without values.
    """
    trained = curves[curves["epoch"] > 0]
    columns = [drawable(trained[name]) for split in splits if (name := metric.on(split)) in trained]
    values = pd.concat(columns).dropna() if columns else pd.Series(dtype=float)
    if values.empty:
        return None
    worst = 0.02 if metric.higher_is_better else 0.98
    ends = np.quantile(values, [worst, 1.0 if metric.higher_is_better else 0.0])
    margin = 0.05 * np.ptp(ends) or 0.05
    return float(ends.min() - margin), float(ends.max() + margin)
