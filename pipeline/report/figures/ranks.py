"""The critical-difference plot: average ranks over data sets, and which settings do not differ."""

import numpy as np

from pipeline.report.figures.medium import COLOURS, SCREEN, Figure, Medium, finish, plain
from pipeline.report.statistics.ranks import Ranks

_MOST = 20  # settings


def critical_differences(ranks: Ranks, medium: Medium = SCREEN) -> Figure | None:
    """A dot a setting at its average rank, and bars over those that do not differ. None for fewer than two settings."""
    average = ranks.average.head(_MOST)
    if len(average) < 2:
        return None
    bars = [span for span in ranks.cliques if span[0] < len(average)] if np.isfinite(ranks.critical_difference) else []
    rows = len(average)
    with medium.style():
        figure = medium.canvas(7.5, 0.9 + 0.3 * rows + 0.12 * len(bars), lines=True)
        axes = figure.subplots()
        places = np.arange(rows)
        axes.hlines(places, 1, average, color="#E6E6E6", linewidth=1)
        axes.plot(average, places, "o", color=COLOURS[0])
        for number, (first, last) in enumerate(bars, 1):
            ends = average.iloc[first], average.iloc[min(last, rows - 1)]
            axes.plot(ends, (-0.4 - 0.4 * number,) * 2, color="black", linewidth=3, solid_capstyle="butt")
        width = medium.width or 7.5
        axes.set_yticks(places, [plain(str(name), medium.letters(0.5 * width)) for name in average.index])
        axes.set(xlabel=f"average rank over {ranks.scores.shape[1]} data sets", xlim=(0.9, len(ranks.scores) + 0.1))
        axes.set_ylim(rows - 0.5, -0.8 - 0.4 * len(bars))
        axes.grid(axis="y", visible=False)
        caption = "Average rank on test over the data sets; 1 would be the best on each."
        if bars:
            caption += (
                f" Settings under one black bar differ by less than the critical difference of "
                f"{ranks.critical_difference:.2f} ranks (Nemenyi's test), so that no difference is shown."
            )
        elif not np.isfinite(ranks.critical_difference):
            caption += " No test shows a difference, or there are too few data sets for one."
        if len(ranks.average) > _MOST:
            caption += f" The first {_MOST} of {len(ranks.average)} settings."
        return finish(figure, "ranks", "Ranks over the data sets", caption, medium)
