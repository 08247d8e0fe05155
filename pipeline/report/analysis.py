"""Tables and figures of the report, of runs that you chose yourself, in a notebook."""

import pandas as pd

from pipeline.errors import UserError
from pipeline.report.build import figures_of_keys, figures_of_runs
from pipeline.report.comparison import Comparison
from pipeline.report.equal_length import at_equal_length
from pipeline.report.figures.medium import SCREEN, Figure
from pipeline.report.formats import Table
from pipeline.report.statistics.importance import Importance
from pipeline.report.statistics.replicates import Replicates, replicates_table
from pipeline.report.statistics.tests import compare_best


def draw_figures(runs: pd.DataFrame, history: pd.DataFrame) -> dict[str, Figure]:
    """What `pipeline.figures` returns."""
    comparison = _compared(runs)
    epochs = history[history["run"].isin(comparison.runs["run"])].reset_index(drop=True)
    at_epoch = at_equal_length(comparison, epochs)
    drawn = figures_of_runs(comparison, epochs, searched=False, medium=SCREEN)
    drawn += figures_of_keys(at_epoch, Importance.of(at_epoch), SCREEN)
    return {figure.name: figure for figure in drawn}


def make_tables(runs: pd.DataFrame) -> dict[str, Table]:
    """What `pipeline.tables` returns."""
    comparison = _compared(runs)
    replicates = Replicates.of(comparison)
    made = [comparison.listing, replicates_table(replicates, compare_best(replicates))]
    return {table.name: table for table in made if table is not None}


def _compared(runs: pd.DataFrame) -> Comparison:
    """Rows of `pipeline.load(…).runs`, compared as the report compares its own."""
    missing = {"run", "status", "task"} - set(runs)
    if missing:
        raise UserError(f"no runs of pipeline.load: the column {min(missing)} is missing")
    if runs.empty:
        raise UserError("no runs are left: the filter takes none")
    rows = runs.reset_index(drop=True)
    nullable = [name for name in rows if isinstance(rows[name].dtype, (pd.Int64Dtype, pd.BooleanDtype))]
    settings = [name for name in nullable if str(name).startswith("config.")]
    rows = rows.assign(
        **{str(name): rows[name].astype(object).where(rows[name].notna(), float("nan")) for name in settings}
    )
    return Comparison.of(rows)
