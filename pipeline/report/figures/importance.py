"""How much each swept key matters, as bars."""

from pipeline.metrics import SELECTION
from pipeline.report.comparison import Comparison
from pipeline.report.figures.medium import COLOURS, SCREEN, Figure, Medium, finish
from pipeline.report.statistics.importance import FOLDS, Importance


def importance_figure(comparison: Comparison, importance: Importance, medium: Medium = SCREEN) -> Figure | None:
    """Bars, the most important key on top; None with fewer than two keys or ten runs."""
    shares = importance.shares
    if shares is None or len(shares) < 2:
        return None
    with medium.style():
        figure = medium.canvas(7.5, 0.9 + 0.32 * len(shares), lines=True)
        axes = figure.subplots()
        names = [comparison.swept[key] for key in importance.order]
        axes.barh(names, shares["mean"], xerr=shares["sd"], color=COLOURS[0], height=0.6)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlabel("importance (share of the variance)")
        caption = (
            f"By how much the error of a random forest that predicts the {comparison.metric.heading(SELECTION)} rises, "
            "on runs it has not seen, when a key's values are shuffled, as a share of the variance of the scores "
            f"(permutation importance; mean and standard deviation over {FOLDS} folds). The forest explains "
            f"{max(importance.explained, 0):.0%} of that variance; the figure says nothing about the rest. "
            "Importance holds for the values that were tried, with the others as they were, and does not imply a "
            "cause."
        )
        return finish(figure, "importance", "Importance of each swept key", caption, medium)
