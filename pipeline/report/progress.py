"""How a search came on: the score of each run in order, the best so far, and which keys made the difference."""

import warnings
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from pipeline.files import JOURNAL
from pipeline.report.figures import COLOURS, GREY, Figure, canvas, finish, style
from pipeline.report.tables import Comparison
from pipeline.results import natural


def search_progress(comparison: Comparison, sweep: Path) -> Figure | None:
    """A dot a run and a line for the best so far; bars for importance. None where fewer than two runs have a score."""
    scores = comparison.score.set_axis(comparison.runs["run"].astype(str)).dropna()
    scores = scores.loc[sorted(scores.index, key=natural)]
    if len(scores) < 2:
        return None
    weights = importances(sweep / JOURNAL)
    with style():
        figure = canvas(10, 3.4)
        progress, bars = figure.subplots(1, 2)
        places = range(1, len(scores) + 1)
        progress.plot(places, scores, "o", color=GREY, markersize=4, markeredgewidth=0, label="a run")
        progress.step(places, scores.cummax(), where="post", color=COLOURS[0], label="best so far")
        progress.set(xlabel="runs", ylabel=f"validation {comparison.score_label}")
        progress.legend(loc="lower right")
        _bars(bars, weights)
        caption = (
            f"Left: best validation {comparison.score_label} of each run in the order in which they were suggested. "
            "Right: how much each key decided who is among the best tenth (PED-ANOVA, S. Watanabe et al., IJCAI 2023), "
            "as a share of 1; from few runs it is a rough guess, and it says nothing of keys that act together."
        )
        return finish(figure, "search", "Progress of the search", caption)


def importances(journal: Path) -> "pd.Series[float]":
    """Share of each searched key in what the best have in common, the largest last; empty for too few runs."""
    import optuna  # whoever has searched has it
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.load_study(study_name="sweep", storage=JournalStorage(JournalFileBackend(str(journal))))
        if sum(trial.value is not None for trial in study.trials) < 10:
            return pd.Series(dtype=float)
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        return pd.Series(optuna.importance.get_param_importances(study, evaluator=evaluator)).sort_values()


def _bars(axes: Axes, weights: "pd.Series[float]") -> None:
    if weights.empty:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "importance: needs 10 runs", ha="center", va="center", color=GREY)
        return
    axes.barh(list(map(str, weights.index)), weights.to_numpy(), color=COLOURS[0])
    axes.grid(visible=False, axis="y")
    axes.set(xlabel="importance", xlim=(0, 1))
