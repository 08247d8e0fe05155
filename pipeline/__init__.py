"""The pipeline: from overrides to run folders to a report. `load_model(RUN_FOLDER)` is the network of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.runs.model import TrainedModel
    from pipeline.runs.read import Collected

__all__ = ["load", "load_model"]


def load(*folders: str | Path) -> "Collected":
    """Read the runs of one or several sweeps for analysis in Python: `load("outputs/mine").runs`.

    Folders are sweep or run folders. -> `pipeline.runs.read.Collected` with two tidy data frames: `runs`, one row per
    run, and `history`, one row per epoch of each run; both have the column `run`. Imports pandas, but not torch. Raises
    UserError if there is no run; warns if some cannot be read, and `problems` says which and why.
    """
    from pipeline.runs.read import load as read  # pandas imports slowly: --help should not wait for it

    return read([Path(folder) for folder in folders])


def load_model(folder: str | Path) -> "TrainedModel":
    """The network of a run's folder, with the weights of its best epoch: see `pipeline.runs.model.load_model`."""
    from pipeline.runs.model import load_model as read  # imports torch, for which the command line should not wait

    return read(folder)
