"""What each swept key does to the validation score: marginal effects, and a heat map of the two that matter most."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from pipeline.report.figures import COLOURS, GREY, MANY, Figure, brief, canvas, finish, style
from pipeline.report.scales import Scale
from pipeline.report.tables import Comparison, levels, text

PANELS = 6
CELLS = 15  # levels along a side of the heat map that can still be read


def importance(comparison: Comparison) -> pd.Series:
    """Range of the mean validation score over the values of each swept key, the largest first."""
    score = comparison.score
    ranges = {}
    for key in comparison.swept:
        means = score.groupby(comparison.runs[key].map(text)).mean().dropna()
        if len(means) > 1:
            ranges[key] = means.max() - means.min()
    return pd.Series(ranges, dtype=float).sort_values(ascending=False)


def marginal_effects(comparison: Comparison) -> Figure | None:
    """A panel a key: every run a dot, the mean over all other keys a line. None where nothing was swept."""
    keys = list(importance(comparison).index[:PANELS])
    if not keys:
        return None
    with style():
        columns = 2 if len(keys) in (2, 4) else min(3, len(keys))
        lines = -(-len(keys) // columns)
        figure = canvas(3.4 * columns, 2.9 * lines)
        grid = figure.subplots(lines, columns, sharey=True, squeeze=False)
        for axes, key in zip(grid.flat, keys, strict=False):
            _panel(axes, comparison, key)
        for axes in grid.flat[len(keys) :]:
            axes.set_visible(False)
        for axes in grid[:, 0]:
            axes.set_ylabel(f"validation {comparison.score_label}")
        left_out = len(comparison.swept) - len(keys)
        caption = (
            "Each dot is a run, the line is the mean over all other keys, the keys with the largest range first. "
            "A mean over a grid, not a cause: keys may act together."
            + (f" {left_out} more keys made no difference that could be shown." if left_out else "")
        )
        return finish(figure, "effects", "Effect of each swept key", caption)


def heat_map(comparison: Comparison) -> Figure | None:
    """Mean validation score over the two keys that matter most. None with fewer than two swept keys."""
    keys = list(importance(comparison).index[:2])
    if len(keys) < 2:
        return None
    down, across = (levels(comparison.runs[key]) for key in keys)
    if max(len(down), len(across)) > CELLS:
        return None
    shown = [comparison.swept[key] for key in keys]
    means = cells(comparison, *keys)[f"validation {comparison.score_label}"].unstack()
    means = means.reindex(index=down, columns=across)
    with style():
        figure = canvas(1.9 + 0.85 * max(3, len(across)), 1.4 + 0.5 * max(3, len(down)))
        axes = figure.subplots()
        image = axes.imshow(means.to_numpy(dtype=float), cmap="cividis", aspect="auto")
        axes.grid(visible=False)
        axes.set_xticks(range(len(across)), list(map(brief, across)))
        axes.set_yticks(range(len(down)), list(map(brief, down)))
        axes.set(xlabel=shown[1], ylabel=shown[0])
        middle = (np.nanmin(means) + np.nanmax(means)) / 2
        for (row, column), value in np.ndenumerate(means.to_numpy(dtype=float)):
            if np.isfinite(value):
                colour = "black" if value > middle else "white"
                axes.text(column, row, f"{value:.3f}", ha="center", va="center", color=colour, fontsize=9)
        figure.colorbar(image, label=f"mean validation {comparison.score_label}")
        rest = [name for key, name in comparison.swept.items() if key not in keys]
        over = f", averaged over {', '.join(rest)}" if rest else ""
        caption = f"Mean validation {comparison.score_label} for {shown[0]} and {shown[1]}{over}."
        return finish(figure, "heat_map", "The two keys that matter most", caption)


def cells(comparison: Comparison, down: str, across: str) -> pd.DataFrame:
    """Number of runs and mean figures for each pair of values of two keys, which index the rows."""
    name, label = comparison.score_name, comparison.score_label
    figures = {
        f"validation {label}": comparison.score,
        f"test {label}": comparison.metric(f"best_test_{name}"),
        "validation loss": comparison.metric("best_validation_loss"),
        "seconds": comparison.seconds,
    }
    groups = pd.DataFrame(figures).groupby([comparison.runs[key].map(text) for key in (down, across)])
    return groups.mean().assign(runs=groups.size())[["runs", *figures]]


def _panel(axes: Axes, comparison: Comparison, key: str) -> None:
    values, score = comparison.runs[key], comparison.score
    scale = Scale.of(values)
    if scale.kind == "log":
        axes.set_xscale("log")
    elif scale.kind == "category":
        axes.set_xticks(list(scale.place.values()), list(map(brief, scale.levels)))
        axes.set_xlim(-0.5, len(scale.levels) - 0.5)
    x = values.map(text).map(scale.place)
    many = len(x) > MANY
    axes.plot(x, score, "o", color=GREY, alpha=0.6, markersize=4, markeredgewidth=0, rasterized=many)
    means = score.groupby(x).mean()
    if len(means) > CELLS:  # of a search: hardly two runs have the same value
        means = means[:0]
    axes.plot(means.index, means.to_numpy(), "o-", color=COLOURS[0], linewidth=1.8, markersize=5)
    axes.set_xlabel(comparison.swept[key])
