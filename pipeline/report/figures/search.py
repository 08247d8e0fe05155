"""The progress of a search: the score of each run in order, and the best so far."""

from pipeline.metrics import SELECTION
from pipeline.report.comparison import Comparison
from pipeline.report.figures.medium import COLOURS, GREY, SCREEN, Figure, Medium, drawable, finish
from pipeline.runs.read import natural


def search_progress(comparison: Comparison, medium: Medium = SCREEN) -> Figure | None:
    """A dot per run and a line for the best so far. None if fewer than two runs have a score."""
    scores = drawable(comparison.score).set_axis(comparison.runs["run"].astype(str)).dropna()
    scores = scores.loc[sorted(scores.index, key=natural)]
    if len(scores) < 2:
        return None
    with medium.style():
        figure = medium.canvas(7.5, 3.6)
        axes = figure.subplots()
        places = range(1, len(scores) + 1)
        axes.plot(places, scores, "o", color=GREY, markersize=4, markeredgewidth=0, label="one run")
        higher = comparison.metric.higher_is_better
        best = scores.cummax() if higher else scores.cummin()
        axes.step(places, best, where="post", color=COLOURS[0], label="best so far")
        axes.set(xlabel="runs", ylabel=comparison.metric.heading(SELECTION))
        axes.legend(loc="lower right" if higher else "upper right")
        caption = (
            f"Best {comparison.metric.heading(SELECTION)} of each run in the order in which they were suggested, and "
            "the best so far."
        )
        return finish(figure, "search", "Progress of the search", caption, medium)
