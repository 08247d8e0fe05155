"""What each swept key does to the validation score: marginal effects, and a heat map of the two that matter most."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from pipeline.metrics import LOSS, SELECTION
from pipeline.report.comparison import Comparison
from pipeline.report.figures.medium import (
    COLOURS,
    GREY,
    MANY,
    SCREEN,
    Figure,
    Medium,
    distinct,
    drawable,
    finish,
    in_percent,
    level,
)
from pipeline.report.figures.scales import Scale
from pipeline.report.formats import NOTHING, text
from pipeline.report.statistics.importance import Importance
from pipeline.report.swept import levels
from pipeline.report.vocabulary import value_name

PANELS = 6
CELLS = 15  # levels per side at which a heat map is still readable
_APART = 0.12  # of an axis: numbers so far apart are its ticks
_LETTERS = 24  # per setting under a panel


def marginal_effects(comparison: Comparison, importance: Importance, medium: Medium = SCREEN) -> Figure | None:
    """One panel per key: each run a dot, the mean over all other keys a line. None if nothing was swept."""
    keys = importance.order[:PANELS]
    if not keys:
        return None
    with medium.style():
        columns = 2 if len(keys) in (2, 4) else min(3, len(keys))
        figure, panels = medium.panels(-(-len(keys) // columns), columns, 3.4, 2.9, sharey=True)
        for number, (axes, key) in enumerate(zip(panels, keys, strict=False)):
            _panel(axes, comparison, key)
            if number % columns == 0:
                axes.set_ylabel(comparison.score_format.heading(SELECTION))
        for axes in panels[len(keys) :]:
            axes.remove()
        left_out = len(comparison.swept) - len(keys)
        caption = (
            "Each dot is a run, the line is the mean over all other keys, the most important key first. "
            "Means over a grid show no cause: keys may interact."
            + (f" Dotted: always answering {comparison.baseline.words}." if comparison.baseline else "")
            + (f" {left_out} more keys made no difference that can be shown." if left_out else "")
            + comparison.at_that_epoch
        )
        return finish(figure, "effects", "Effect of each swept key", caption, medium)


def heat_map(comparison: Comparison, importance: Importance, medium: Medium = SCREEN) -> Figure | None:
    """Mean validation score over the two keys that matter most. None with fewer than two swept keys."""
    keys = importance.order[:2]
    if len(keys) < 2:
        return None
    down, across = (levels(comparison.runs[key]) for key in keys)
    if max(len(down), len(across)) > CELLS:
        return None
    names, form = [comparison.names[key] for key in keys], comparison.score_format
    means = cells(comparison, *keys)[comparison.metric.heading(SELECTION)].unstack()
    means = means.reindex(index=down, columns=across).apply(drawable) * form.scale
    digits = form.digits(value=np.nanmax(np.abs(means))) if means.notna().any(axis=None) else 1
    with medium.style():
        figure = medium.canvas(1.9 + 0.85 * max(3, len(across)), 1.4 + 0.5 * max(3, len(down)))
        axes = figure.subplots()
        image = axes.imshow(means.to_numpy(dtype=float), cmap="cividis", aspect="auto")
        axes.grid(visible=False)
        width = figure.get_figwidth()
        ticks = [list(map(value_name, values)) for values in (down, across)]
        axes.set_xticks(range(len(across)), distinct(ticks[1], medium.letters(0.6 * width / len(across))))
        axes.set_yticks(range(len(down)), distinct(ticks[0], medium.letters(0.3 * width)))
        axes.set(xlabel=names[1], ylabel=names[0])
        middle = (np.nanmin(means) + np.nanmax(means)) / 2
        if medium.letters(0.6 * width / len(across)) < len("00.00"):
            means = means[:0]  # colours alone if numbers would overlap
        for (row, column), value in np.ndenumerate(means.to_numpy(dtype=float)):
            if np.isfinite(value):
                colour = "black" if value > middle else "white"
                axes.text(
                    column,
                    row,
                    f"{value:.{digits}f}",
                    ha="center",
                    va="center",
                    color=colour,
                    fontsize=medium.size(0.9),
                )
        figure.colorbar(image).set_label(f"mean {form.heading(SELECTION)}", fontsize=medium.size(0.9))
        rest = [comparison.names[key] for key in comparison.swept if key not in keys]
        over = f", averaged over {', '.join(rest)}" if rest else ""
        what = f"Mean {comparison.metric.heading(SELECTION)} for {names[0]} and {names[1]}{over}."
        caption = what + comparison.at_that_epoch
        return finish(figure, "heat_map", "The two keys that matter most", caption, medium)


def cells(comparison: Comparison, down: str, across: str) -> pd.DataFrame:
    """Number of runs, how many diverged, and mean figures for each pair of values of two keys, the index."""
    metric = comparison.metric
    figures = {
        metric.heading(SELECTION): comparison.score,
        metric.heading("test"): comparison.best("test"),
        LOSS.heading(SELECTION): comparison.best(SELECTION, LOSS),
        "seconds": comparison.seconds,
    }
    keys = [comparison.runs[key].map(text) for key in (down, across)]
    groups = pd.DataFrame(figures).groupby(keys)
    diverged = (comparison.runs["status"] == "diverged").groupby(keys).sum()
    return groups.mean().assign(runs=groups.size(), diverged=diverged)[["runs", "diverged", *figures]]


def _panel(axes: Axes, comparison: Comparison, key: str) -> None:
    there = comparison.runs[key].map(text) != NOTHING  # an optimizer without momentum shows no effect of it
    values, score = comparison.runs.loc[there, key], drawable(comparison.score)[there]
    scale = Scale.of(values)
    if scale.kind == "log":
        axes.set_xscale("log")
    if scale.kind == "category" or _fits(scale):
        axes.set_xticks(list(scale.place.values()), distinct(list(map(value_name, scale.levels)), _LETTERS))
        axes.set_xticks([], minor=True)
    elif scale.kind == "log":
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    if scale.kind == "category":
        axes.set_xlim(-0.5, len(scale.levels) - 0.5)
    x = values.map(text).map(scale.place)
    many = len(x) > MANY
    axes.plot(x, score, "o", color=GREY, alpha=0.6, markersize=4, markeredgewidth=0, rasterized=many)
    means = score.groupby(x).mean()
    if len(means) > CELLS:  # a search: hardly any two runs share a value
        means = means[:0]
    axes.plot(means.index, means.to_numpy(), "o-", color=COLOURS[0], linewidth=1.8, markersize=5)
    axes.set_xlabel(comparison.names[key])
    if comparison.metric.share:
        in_percent(axes.yaxis)
    if comparison.baseline:
        level(axes, comparison.baseline.scores[SELECTION], "baseline")


def _fits(scale: Scale) -> bool:
    """Whether each value along an axis of numbers has room for its name."""
    places = np.array(sorted(scale.place.values()))
    steps = np.diff(np.log(places) if scale.kind == "log" else places)
    return bool(len(steps) > 0 and steps.min() >= _APART * steps.sum())
