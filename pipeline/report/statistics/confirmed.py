"""What confirms a sweep: the settings it selected, trained on new seeds, beside what they had been selected by."""

from collections.abc import Mapping, Sequence

import pandas as pd

from pipeline.metrics import SELECTION, metric_of
from pipeline.report.formats import Table
from pipeline.report.statistics.replicates import FEWEST, Replicates
from pipeline.runs.provenance import about_run
from pipeline.runs.selection import Selection


def confirmed_table(selection: Selection, replicates: Replicates, overrides: Mapping[str, Sequence[str]]) -> Table:
    """A row a selected setting, in the order of the selection: its figures there, and on the new seeds.

    `overrides` are those of each run, by its name.
    """
    comparison, metric = replicates.comparison, metric_of(selection.metric)
    test, rows = replicates.summary("test"), []
    repeated = {"seed", *(key.removeprefix("config.") for key in comparison.replicating)}
    setting_of = {
        frozenset(text for text in about_run(overrides[run]) if text.partition("=")[0] not in repeated): int(setting)
        for run, setting in zip(comparison.runs["run"], comparison.setting, strict=True)
    }
    selected_by = f"selected by {metric.heading(SELECTION)}"
    for one in selection.selected:
        setting = setting_of.get(frozenset(one.overrides))  # None if the command has changed it
        new = {} if setting is None else test.loc[setting].to_dict()
        rows.append(
            {
                "setting": one.words,
                selected_by: one.validation,
                "on test there": one.test,
                "n there": one.n,
                "confirmed on test": new.get("mean"),
                "confirmed, 95 % half-width": new.get("half"),
                "n": new.get("n"),
            }
        )
    caption = (
        f"The best of the {selection.settings} settings of the sweep {selection.sweep} by {metric.heading(SELECTION)}: "
        "their mean figures there, which selection makes look better than they are, and on new seeds, on which nothing "
        "had been selected."
    )
    if selection.settings == 1:  # then nothing was selected there either
        caption = f"The only setting of the sweep {selection.sweep}: its mean figures there, and on new seeds."
    digits = {selected_by: 4, "on test there": 4, "n there": 0, "confirmed on test": 4, "n": 0}
    halves = {"confirmed on test": "confirmed, 95 % half-width"}
    return Table("confirmed", pd.DataFrame(rows), digits, caption, halves)


def confirmation(selection: Selection, replicates: Replicates) -> str:
    """What these runs are, in a sentence or two."""
    seeds = "seed " + str(selection.seeds[0]) if len(selection.seeds) == 1 else f"{len(selection.seeds)} seeds"
    count = f"{len(selection.selected)} " if len(selection.selected) > 1 else ""
    runs = f"{selection.runs} run{'s' * (selection.runs > 1)}"
    which = f"{count}best of {selection.settings} settings" if selection.settings > 1 else "only setting"
    n = int(replicates.n.max())
    few = f" {n} new {'seed is' if n == 1 else 'seeds are'} too few for an interval." if n < FEWEST else ""
    claim = f": their test figures are the claim.{few}" if n else ", and none of them has finished."
    return (
        f"Confirmation: the {which} of the sweep {selection.sweep} ({runs} on {seeds}), trained again on new seeds. On "
        f"these nothing had been selected{claim}"
    )
