"""Where a command may write: overwriting runs and mistyped folders are rejected before anything is written."""

from pathlib import Path, PurePath

from omegaconf import DictConfig

from pipeline.errors import UserError
from pipeline.files import CHECKPOINT, HISTORY, RESULT


def check_run_folder(folder: Path) -> None:
    """Raise UserError if the folder holds a run that has ended."""
    if not (folder / CHECKPOINT).exists() and _holds_run(folder):
        raise UserError(f"hydra.run.dir={folder}: already holds a run; give another folder")


def check_sweep_folder(config: DictConfig, folder: Path, *, resumable: bool) -> None:
    """Raise UserError if the sweep of `config` cannot use the folder; `resumable`: its launcher keeps old runs."""
    name, resume = str(config.sweep.name), config.sweep.resume
    if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
        raise UserError(
            f"sweep.name={name}: must be a name below outputs/, without ..; for other folders, hydra.sweep.dir=FOLDER"
        )
    if resume is not None and not Path(str(resume)).is_dir():
        raise UserError(f"sweep.resume={resume}: no such folder; to start a new sweep, use sweep.name=NAME")
    if _holds_run(folder):
        raise UserError(f"{folder}: is the folder of a single run, not of a sweep; give another sweep.name")
    if not resumable and any(next(folder.glob(f"*/{name}"), None) for name in (HISTORY, RESULT)):
        raise UserError(
            f"{folder}: already holds runs, which would be overwritten; give another sweep.name, or resume them with "
            "hydra/launcher=stacked"
        )


def _holds_run(folder: Path) -> bool:
    return any((folder / name).exists() for name in (HISTORY, RESULT))
