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
from pipeline.report.figures.medium import (
    COLOURS,
    GREY,
    MANY,
    SCREEN,
    Figure,
    Medium,
    drawable,
    finish,
    in_percent,
    level,
    plain,
)

CURVES: tuple[Split, ...] = ("train", SELECTION)
_COLOURED = len(COLOURS)


def by_setting(comparison: Comparison, history: pd.DataFrame) -> pd.DataFrame:
    """The epochs that make each setting's curves, with its number in `setting`, in the order of the table.

    They are those of its finished runs; of all its runs where none has finished.
    """
    runs = comparison.runs.assign(setting=comparison.setting, finished=comparison.runs["status"] == "finished")
    none = ~runs.groupby("setting")["finished"].transform("any")
    number = runs[runs["finished"] | none].set_index("run")["setting"]
    return history.assign(setting=history["run"].map(number)).dropna(subset="setting").astype({"setting": int})


def mean_and_range(epochs: pd.DataFrame, column: str) -> pd.DataFrame:
    """mean, low and high of a column by setting and epoch, over epochs that all runs of the setting have."""
    if column not in epochs:
        return pd.DataFrame(columns=["mean", "low", "high"], dtype=float)
    values = drawable(epochs[column]).groupby([epochs["setting"], epochs["epoch"]])
    table = values.agg(["mean", "min", "max", "count"]).set_axis(["mean", "low", "high", "count"], axis=1)
    runs = epochs.groupby("setting")["run"].nunique()
    complete = table["count"].to_numpy() == runs[table.index.get_level_values("setting")].to_numpy()
    complete_epochs: pd.DataFrame = table.loc[complete]
    return complete_epochs


def learning_curves(comparison: Comparison, history: pd.DataFrame, medium: Medium = SCREEN) -> Figure | None:
    """Two panels: train dashed, validation solid. None if no run has a figure after an epoch."""
    if history.empty:
        return None
    epochs = by_setting(comparison, history)
    if not any(frame(epochs, metric, CURVES) for metric in comparison.charted):
        return None
    settings = sorted(epochs["setting"].unique())
    best = settings[:_COLOURED]
    loss = "loss (mean per example)" if medium.width is None else "loss"  # a column's panels are low
    labels = {metric: metric.label + ", %" * metric.share for metric in comparison.charted} | {LOSS: loss}
    width = (medium.width or 10) - 0.6  # inches for the words of the legend
    names = [fill(plain(_name(comparison, epochs, number)), medium.letters(width)) for number in best]
    with medium.style():
        lines = sum(name.count("\n") + 1 for name in names) + 3
        figure, panels = medium.panels(1, 2, 5, 4.4, legend=lines)
        for axes, (metric, label) in zip(panels, labels.items(), strict=True):
            _panel(axes, epochs, best, metric)
            if metric == comparison.metric and comparison.baseline:
                level(axes, comparison.baseline.scores[SELECTION], "baseline")
            axes.set(xlabel="epoch", ylabel=label)
            if metric.share:
                in_percent(axes.yaxis)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        handles = [Line2D([], [], color=colour, label=name) for colour, name in zip(COLOURS, names, strict=False)]
        handles += [
            Line2D([], [], color="black", label="validation"),
            Line2D([], [], color="black", ls="--", label="train"),
        ]
        what = "settings" if comparison.replicated else "runs"
        if len(settings) > _COLOURED:
            handles.append(Line2D([], [], color=GREY, alpha=0.5, label=f"other {what}, validation"))
        longest = max(len(str(handle.get_label())) for handle in handles)
        columns = 2 if longest <= medium.letters(width / 2) else 1
        figure.legend(handles=handles, loc="outside lower center", ncols=columns)
        others, which = "", f"Each {what.removesuffix('s')} in a colour of its own"
        if len(settings) > len(best):  # of which some may have no score
            which = f"The first {len(best)} {what} of the table in colour"
            left = len(settings) - len(best)
            others = f"; the other{f' {left}' * (left > 1)} in grey"
        if len(settings) == 1:
            which = "The only setting" if comparison.replicated else "The run"
        if comparison.replicated:
            others += ". A line is the mean over the replicates of a setting that finished, its band their range"
        if comparison.baseline:
            others += f". Dotted, where it lies in the frame: always answering {comparison.baseline.words}"
        caption = (
            f"{which}{others}. Loss is the mean data loss per example, without the penalty. "
            "Epoch 0, before training, may lie outside the frame."
        )
        return finish(figure, "learning_curves", "Learning curves", caption, medium)


def _name(comparison: Comparison, epochs: pd.DataFrame, number: int) -> str:
    runs = epochs["run"][epochs["setting"] == number].unique()
    whose = f"run {runs[0]}" if len(runs) == 1 else f"mean of {len(runs)} runs"
    return f"{comparison.settings(int(comparison.setting.eq(number).argmax()))} ({whose})"


def _panel(axes: Axes, epochs: pd.DataFrame, best: Sequence[int], metric: Metric) -> None:
    train, validation = map(metric.on, CURVES)
    main = validation if validation in epochs and epochs[validation].notna().any() else train
    others = mean_and_range(epochs[~epochs["setting"].isin(best)], main)["mean"].dropna().reset_index()
    if len(others):
        starts = np.flatnonzero(np.diff(others["setting"])) + 1
        lines = np.split(others[["epoch", "mean"]].to_numpy(), starts)
        axes.add_collection(
            LineCollection(lines, colors=GREY, alpha=0.35, linewidths=0.9, zorder=1, rasterized=len(lines) > MANY)
        )
    coloured = epochs[epochs["setting"].isin(best)]
    for name, dashes in ((train, "--"), (validation, "-")):
        of_name = mean_and_range(coloured, name)
        for colour, number in zip(COLOURS, best, strict=False):
            if number not in of_name.index:
                continue
            line = of_name.loc[number]
            if name == main and (line["high"] > line["low"]).any():
                axes.fill_between(line.index, line["low"], line["high"], color=colour, alpha=0.18, linewidth=0)
            axes.plot(line.index, line["mean"], dashes, color=colour, linewidth=1.8, zorder=3)
    axes.autoscale_view()
    if limits := frame(epochs, metric, CURVES if main == validation else CURVES[:1]):
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
