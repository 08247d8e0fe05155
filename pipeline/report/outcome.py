"""How runs ended, in lines for the terminal and the page: what is best, and what went wrong and why."""

from collections.abc import Sequence

import pandas as pd

from pipeline.metrics import SELECTION
from pipeline.report.comparison import Comparison
from pipeline.report.statistics.replicates import Replicates
from pipeline.runs.folders import natural

_NAMED = 20  # runs named per message
_LINES = 5  # of reasons in a terminal
BAD = ("diverged", "failed", "interrupted")  # statuses of runs that did not come to their end


def outcome(comparison: Comparison, replicates: Replicates, of_data: str = "") -> list[str]:
    """The best setting with its scores, then one line for each reason why runs have no more than they have."""
    wrong = [f"{status}: {whose}: {message}" for whose, status, message in messages(comparison.runs) if status in BAD]
    more = [f"… {len(wrong) - _LINES} more reasons in the report"] if len(wrong) > _LINES else []
    left = comparison.untrained
    begun = [f"not begun: {left} more {'run' if left == 1 else 'runs'} that the sweep asks for"] if left else []
    return [*_best(comparison, replicates, of_data), *wrong[:_LINES], *more, *begun]


def messages(runs: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Each message once: its runs, their status, and the text."""
    with_message = runs[runs["message"].fillna("").astype(bool)]
    told = []
    for (status, message), group in with_message.groupby(["status", "message"], sort=False):
        names = sorted(map(str, group["run"]), key=natural)
        told.append((_named(names), str(status), str(message).removeprefix("UserError: ")))
    return told


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"run{'s' if len(names) > 1 else ''} {', '.join(names[:_NAMED])}{more}"


def _best(comparison: Comparison, replicates: Replicates, of_data: str) -> list[str]:
    if not comparison.picked or len(comparison.runs) < 2:
        return []
    metric, form, first = comparison.metric, comparison.score_format, f"best{of_data}: {comparison.settings(0)}"
    if not comparison.swept:
        first = f"one setting{of_data}"
    if not comparison.replicated:
        scores = [f"{metric.heading(split)} {form.said(comparison.best(split)[0])}" for split in (SELECTION, "test")]
        return [f"{first} (run {comparison.runs['run'][0]}): {', '.join(scores)}"]
    test = replicates.summary("test").iloc[0]
    score = form.said(test["mean"], test["half"])
    return [f"{first}: {metric.heading('test')} {score}, mean of {test['n']:.0f} {replicates.noun}"]
