"""The pipeline: from overrides to run folders to a report. `load_model(RUN_FOLDER)` is the network of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.runs.model import TrainedModel
    from pipeline.runs.read import Collected

__all__ = ["load", "load_model"]


def load(*folders: str | Path) -> "Collected":
    """Read the runs of one or several sweeps, to go on with in Python: `load("outputs/mine").runs`.

    Folders are sweeps' or runs' own. -> `pipeline.runs.read.Collected` with two tidy data frames: `runs`, a row a run,
    and `history`, a row an epoch of a run; both have the column `run`. Nothing is imported but pandas. Raises
    UserError where there is no run; warns where some cannot be read, and `problems` says which and why.
    """
    from pipeline.runs.read import load as read  # pandas takes a while: not for who asks for --help

    return read([Path(folder) for folder in folders])


def load_model(folder: str | Path) -> "TrainedModel":
    """The network of a run's folder, with the weights of its best epoch: see `pipeline.runs.model.load_model`."""
    from pipeline.runs.model import load_model as read  # torch comes with it, which the command line does not wait for

    return read(folder)
