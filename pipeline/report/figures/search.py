"""The progress of a search: the score of each run in order, the best so far, and the best to expect of fewer runs."""

import numpy as np
import pandas as pd

from pipeline.metrics import SELECTION
from pipeline.report.comparison import Comparison
from pipeline.report.figures.medium import COLOURS, GREY, SCREEN, Figure, Medium, drawable, finish, in_percent, level
from pipeline.runs.folders import natural


def search_progress(comparison: Comparison, medium: Medium = SCREEN) -> Figure | None:
    """A dot a point, at its mean over replicates; lines for the best so far, and the expected best.

    None if fewer than two points have a score.
    """
    first = comparison.runs["run"].astype(str).groupby(comparison.setting).agg(lambda runs: min(runs, key=natural))
    scores = drawable(comparison.score.groupby(comparison.setting).mean()).set_axis(first).dropna()
    scores = scores.loc[sorted(scores.index, key=natural)]
    if len(scores) < 2:
        return None
    with medium.style():
        figure = medium.canvas(7.5, 3.6)
        axes = figure.subplots()
        places = range(1, len(scores) + 1)
        what = "point" if comparison.replicated else "run"
        axes.plot(places, scores, "o", color=GREY, markersize=4, markeredgewidth=0, label=f"one {what}")
        higher = comparison.metric.higher_is_better
        best = scores.cummax() if higher else scores.cummin()
        axes.step(places, best, where="post", color=COLOURS[0], label="best so far")
        axes.plot(places, expected_best(scores, higher=higher), color=COLOURS[1], linestyle="--", label="expected best")
        axes.set(xlabel=f"{what}s", ylabel=comparison.score_format.heading(SELECTION))
        if comparison.metric.share:
            in_percent(axes.yaxis)
        if comparison.baseline:
            level(axes, comparison.baseline.scores[SELECTION], f"always {comparison.baseline.words}")
        axes.legend(loc="lower right" if higher else "upper right")
        mean = ", the mean over its replicates," if comparison.replicated else ""
        caption = (
            f"Best {comparison.metric.heading(SELECTION)} of each {what}{mean} in the order of their suggestion, "
            "and the best so far. Dashed: the best to expect of so many of these, drawn at random (Dodge et al. 2019); "
            "where it has levelled off, more of the same would find little."
        )
        return finish(figure, "search", "Progress of the search", caption, medium)


def expected_best(scores: "pd.Series[float]", *, higher: bool) -> np.ndarray:
    """The expected best of n = 1 … N scores, drawn with replacement from these N.

    With the scores in order, the worst first, P(best of n ≤ the i-th) = (i / N)^n, so that the expected best is the sum
    of the i-th score times (i / N)^n − ((i − 1) / N)^n. Source: J. Dodge et al., "Show your work: improved reporting of
    experimental results", EMNLP 2019, equation 7.
    """
    ordered = np.sort(scores.to_numpy()) if higher else np.sort(scores.to_numpy())[::-1]
    shares = np.arange(len(ordered) + 1) / len(ordered)
    powers = shares[None, :] ** np.arange(1, len(ordered) + 1)[:, None]
    expected: np.ndarray = np.diff(powers, axis=1) @ ordered
    return expected
