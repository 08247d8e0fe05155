"""The best run or setting in sentences: by how much it leads, and how far its figures are to be trusted."""

import pandas as pd

from pipeline.metrics import ACCURACY, FURTHER, SELECTION
from pipeline.report.comparison import Comparison
from pipeline.report.statistics.shares import EQUAL, wilson

_TOP = 3
_MEDIAN_OF = 5  # scores from which their median says something


def best_run(comparison: Comparison) -> list[str]:
    """The best of runs that are no replicates, and its lead."""
    runs, metric = comparison.runs, comparison.metric
    score, test, written = comparison.score, comparison.best("test"), comparison.score_format.said
    setting = f" ({comparison.settings(0)})" if comparison.swept else ""
    sentence = (
        f"Best by validation{comparison.among}: run {runs['run'][0]}{setting} at epoch "
        f"{comparison.figure('best_epoch')[0]:.0f}, {metric.heading(SELECTION)} {written(score[0])}, "
        f"{metric.heading('test')} {written(test[0])}."
    )
    beside = [one for one in dict.fromkeys((*comparison.beside, *FURTHER.values())) if one != metric]
    others = [
        f"{one.label} {comparison.format_of(one).score(value)}"
        for one in beside
        if pd.notna(value := comparison.best("test", one)[0])
    ]
    if others:
        sentence += f" Further on test: {', '.join(others)}."
    rivals = score[comparison.finished].notna().sum() > 1
    if rivals:
        sentence += f" {_lead(comparison)}"
    elif len(runs) > 1:
        sentence += " No other run has finished."
    if comparison.dropped.any():
        sentence += (
            f" Halving picked it among {len(runs)} runs on validation, which makes its figure there look better than "
            "it is: the test figure is what counts."
        )
    elif rivals and not _tied(comparison):
        sentence += " A winner among many also owes something to luck: its test figure is what counts."
    return [sentence]


def trust(comparison: Comparison) -> list[str]:
    """What limits the claim of the best run or setting: the size of the test split, chance, too little training."""
    return [*_of_test(comparison), *_against_baseline(comparison), *_at_the_end(comparison), *_gap(comparison)]


def _lead(comparison: Comparison) -> str:
    metric = comparison.metric
    score = comparison.score.where(comparison.finished)  # runs of equal length
    side = "above" if metric.higher_is_better else "below"
    if tied := _tied(comparison):
        named = ", ".join(tied[:5]) + (f" and {len(tied) - 5} more" if len(tied) > 5 else "")
        return f"It is tied on validation with run{'s' * (len(tied) > 1)} {named}: nothing there tells them apart."
    lead, median = abs(score[0] - score[1:].dropna().iloc[0]), abs(score[0] - score.median())
    examples = comparison.examples(SELECTION)
    count = f" ({lead * examples:.0f} of {examples:,} examples)" if examples and metric == ACCURACY else ""
    written = comparison.score_format.distance
    scored = score.notna().sum()
    of = " of those that finished" * bool(scored < len(score))
    to_median = f" and {written(median)} {side} the median{of}" if scored >= _MEDIAN_OF else ""
    return f"It is {written(lead)}{count} {side} the second{to_median} on validation."


def _tied(comparison: Comparison) -> list[str]:
    """The runs that finished with the score of the first."""
    score = comparison.score.where(comparison.finished)
    return [str(run) for run in comparison.runs["run"][1:][(score[1:] - score[0]).abs() < EQUAL]]


def _of_test(comparison: Comparison) -> list[str]:
    """The test split as a sample: Wilson's interval of the accuracy (E. Wilson, JASA 22, 1927)."""
    examples, score = comparison.examples("test"), comparison.best("test")[comparison.representative]
    if not examples or comparison.metric != ACCURACY or pd.isna(score):
        return []
    interval = comparison.score_format.ends(*wilson(score, examples))
    right = round(score * examples)
    one = "Of one run, the" if comparison.replicated else "The"
    return [
        f"{one} test split is a sample as well: {right:,} right of {examples:,} leave{'s' * (right == 1)} a "
        f"95 % interval {interval} (Wilson)."
    ]


def _against_baseline(comparison: Comparison) -> list[str]:
    baseline, score = comparison.baseline, comparison.score
    if baseline is None or not score.notna().any():
        return []
    level = baseline.scores[SELECTION]
    worse, scored = int((score <= level + EQUAL).sum()), int(score.notna().sum())
    reached = f"{comparison.metric.heading(SELECTION)} {comparison.score_format.score(level)}"
    always = f"always answering {baseline.words} ({reached})"
    better = "better" if not worse else "no better"
    with_score = " with a score" if scored < len(score) else ""
    if scored == 1:
        return [f"The {'only ' * bool(with_score)}run{with_score} is {better} than {always}."]
    if worse in (0, scored):
        which = "Both" if scored == 2 else f"All {scored}"
        return [f"{which} runs{with_score} are {better} than {always}."]
    which = f"{worse} of {'the ' * bool(with_score)}{scored} runs{with_score}"
    return [f"{which} {'is' if worse == 1 else 'are'} no better than {always}."]


def _at_the_end(comparison: Comparison) -> list[str]:
    """Whether the first runs, or all runs of the first settings, were still getting better when they ended."""
    setting = comparison.setting[comparison.score.notna()]
    first = setting.unique()[:_TOP]
    rows = setting.index[setting.isin(first)]
    if not len(rows) or not comparison.best_at_the_end[rows].all():
        return []
    of_table = f" {len(first)} settings" if len(first) > 1 else " setting"
    if comparison.replicated:
        which = f"All runs of the first{of_table} are" if comparison.swept else "All runs are"
    else:
        which = f"The first {len(first)} runs of the table are" if len(first) > 1 else "The run is"
    return [f"{which} best at the last epoch: longer training (training.epochs) may give more."]


def _gap(comparison: Comparison) -> list[str]:
    metric, row = comparison.metric, comparison.representative
    train, validation = comparison.best("train")[row], comparison.score[row]
    if not metric.share or pd.isna(train) or pd.isna(validation):
        return []
    gap, side = comparison.score_format.distance(abs(train - validation)), "above" if train > validation else "below"
    by = f"{gap} {side}" if abs(train - validation) >= EQUAL else "equal to"
    return [f"On training the {metric.label} of run {comparison.representative_name} is {by} that on validation."]
