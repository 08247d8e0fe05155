"""Where a command may write: what must not be overwritten, or was mistyped, is refused before anything is written."""

from pathlib import Path, PurePath

from omegaconf import DictConfig

from pipeline.errors import UserError
from pipeline.files import CHECKPOINT, HISTORY, RESULT


def check_run_folder(folder: Path) -> None:
    """Raise UserError where the folder holds a run that has ended."""
    if not (folder / CHECKPOINT).exists() and _holds_run(folder):
        raise UserError(f"hydra.run.dir={folder}: already holds a run; give another folder")


def check_sweep_folder(config: DictConfig, folder: Path, *, goes_on: bool) -> None:
    """Raise UserError where the sweep of `config` cannot go into the folder; `goes_on`: its launcher keeps old runs."""
    name, resume = str(config.sweep.name), config.sweep.resume
    if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
        raise UserError(f"sweep.name={name}: a name below outputs/, without ..; hydra.sweep.dir=FOLDER goes anywhere")
    if resume is not None and not Path(str(resume)).is_dir():
        raise UserError(f"sweep.resume={resume}: no such folder; a new sweep takes its name from sweep.name=NAME")
    if _holds_run(folder):
        raise UserError(f"{folder}: is the folder of a run, and a sweep has a folder a run; give another sweep.name")
    if not goes_on and any(next(folder.glob(f"*/{name}"), None) for name in (HISTORY, RESULT)):
        raise UserError(
            f"{folder}: already holds runs, which would be overwritten; give another sweep.name, or go on with them by "
            "hydra/launcher=stacked"
        )


def _holds_run(folder: Path) -> bool:
    return any((folder / name).exists() for name in (HISTORY, RESULT))
