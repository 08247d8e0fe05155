"""The pipeline: from overrides to run folders to a report.

`load(FOLDER)` reads runs, `tables` and `figures` are the report's for those you choose, `load_model(RUN_FOLDER)` is the
network of a run.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.report.figures.medium import Figure
    from pipeline.report.formats import Table
    from pipeline.runs.model import TrainedModel
    from pipeline.runs.read import Collected

__all__ = ["figures", "load", "load_model", "tables"]


def load(*folders: str | Path) -> "Collected":
    """Read the runs of one or several sweeps for analysis in Python: `load("outputs/mine").runs`.

    Folders are sweep or run folders. -> `pipeline.runs.read.Collected` with two tidy data frames: `runs`, one row per
    run, and `history`, one row per epoch of each run; both have the column `run`. Imports pandas, but not torch. Raises
    UserError if there is no run; warns if some cannot be read, and `problems` says which and why.
    """
    from pipeline.runs.read import load as read  # pandas imports slowly: --help should not wait for it

    return read([Path(folder) for folder in folders])


def tables(runs: "pd.DataFrame") -> "dict[str, Table]":
    """The report's tables of these rows of `load(…).runs`, by name: `table`, and `replicates` where there are any.

    A notebook shows a table as it is; `.data` is its data frame, `.markdown()` and `.latex()` are text. Raises
    UserError if there is no row.
    """
    from pipeline.report.analysis import make_tables  # pandas and matplotlib import slowly

    return make_tables(runs)


def figures(runs: "pd.DataFrame", history: "pd.DataFrame") -> "dict[str, Figure]":
    """The report's figures of these rows of `load(…).runs`, by name: `learning_curves`, `effects`, `heat_map`, ….

    `history` may hold other runs too. A notebook shows a figure as it is; `.svg` and `.png` are its bytes. Raises
    UserError if there is no row.
    """
    from pipeline.report.analysis import draw_figures

    return draw_figures(runs, history)


def load_model(folder: str | Path) -> "TrainedModel":
    """The network of a run's folder, with the weights of its best epoch: see `pipeline.runs.model.load_model`."""
    from pipeline.runs.model import load_model as read  # imports torch, for which the command line should not wait

    return read(folder)
