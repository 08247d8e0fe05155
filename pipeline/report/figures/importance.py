"""How much each swept key matters, as bars."""

from pipeline.metrics import SELECTION
from pipeline.report.comparison import Comparison
from pipeline.report.figures.medium import COLOURS, GREY, SCREEN, Figure, Medium, finish, in_percent
from pipeline.report.statistics.importance import Importance

_METHODS = {
    "anova": "by analysis of variance (ω²: what chance alone would give is taken off)",
    "fanova": "by functional analysis of variance of a random forest, times its R² on runs that it has not seen",
}


def importance_figure(comparison: Comparison, importance: Importance, medium: Medium = SCREEN) -> Figure | None:
    """Bars, the most important key on top, then what no key explains; None with fewer than two keys or no shares."""
    shares = importance.shares
    if shares is None or len(shares) < 2:
        return None
    with medium.style():
        names = [*(comparison.names[key] for key in importance.order), *importance.rest]
        values = [*shares, *importance.rest.values()]
        figure = medium.canvas(7.5, 0.9 + 0.32 * len(names), lines=True)
        axes = figure.subplots()
        colours = [COLOURS[0]] * len(shares) + [GREY] * len(importance.rest)
        axes.barh(range(len(names)), values, color=colours, height=0.6)
        axes.set_yticks(range(len(names)), names)
        for place, value in enumerate(values):
            axes.text(value + 0.01, place, f"{100 * value:.0f} %", va="center", fontsize=medium.size(0.9))
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set(xlim=(0, 1.1), xlabel=f"share of the variance of the {comparison.metric.heading(SELECTION)}, %")
        in_percent(axes.xaxis)
        caption = (
            f"How much of the variance of the {comparison.metric.heading(SELECTION)} each key explains by itself, "
            f"{_METHODS[importance.method]}; all bars together are 100 %. "
            f"Importance holds for the values that were tried, and does not imply a cause.{comparison.at_that_epoch}"
        )
        return finish(figure, "importance", "Importance of each swept key", caption, medium)
