"""The tables of a paper: the settings with their means, and all runs for an appendix."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.metrics import LOSS, SELECTION
from pipeline.report.comparison import Comparison
from pipeline.report.formats import Table
from pipeline.report.presented import presented

_BEST = 10  # settings in the main table


def main_table(comparison: Comparison, tables: Sequence[Table]) -> Table:
    """Settings with their means where there are replicates, else the best runs, which are the settings."""
    for table in tables:
        if table.name == "replicates":
            deviations = [name for name in table.columns if name.endswith(", sd")]
            return presented(replace(_narrow(table, deviations), name="results"), comparison)
    listing = comparison.listing
    most = f" The best {_BEST} of {len(listing.data)}." if len(listing.data) > _BEST else ""
    narrow = _narrow(listing, ["best epoch", "seconds", "status", LOSS.heading(SELECTION)])
    table = replace(narrow, name="results", data=narrow.data.head(_BEST), caption=listing.caption + most)
    return presented(table, comparison)


def all_runs(comparison: Comparison) -> Table:
    """Every run, for an appendix."""
    return presented(replace(_narrow(comparison.listing, [LOSS.heading(SELECTION)]), name="runs"), comparison)


def _narrow(table: Table, left_out: Sequence[str]) -> Table:
    """Without some columns, and the training score, that a page has no room for."""
    columns = [name for name in table.data if name not in left_out and not str(name).startswith("train ")]
    return replace(table, data=table.data[columns])
