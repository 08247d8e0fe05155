"""Where a command may write: overwriting runs and mistyped folders are rejected before anything is written."""

from collections.abc import Sequence
from pathlib import Path, PurePath

from omegaconf import DictConfig

from pipeline.errors import UserError
from pipeline.files import CHECKPOINT
from pipeline.runs.folders import DEPTH, holds_result, run_folders


def check_run_folder(folder: Path) -> None:
    """Raise UserError if the folder holds a run that has ended."""
    if not (folder / CHECKPOINT).exists() and holds_result(folder):
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
    if holds_result(folder):
        raise UserError(f"{folder}: is the folder of a single run, not of a sweep; give another sweep.name")
    if not resumable and folder.is_dir() and any(map(holds_result, run_folders(folder))):
        raise UserError(
            f"{folder}: already holds runs, which would be overwritten; give another sweep.name, or resume them with "
            "hydra/launcher=stacked"
        )


def check_job_folders(sweep: Path, folders: Sequence[Path]) -> None:
    """Raise UserError unless each job's folder is where reports look for runs: below the sweep's, in no other's."""
    key = "hydra.sweep.subdir"
    places = set(folders)
    for folder in places:
        parts = folder.relative_to(sweep).parts if folder.is_relative_to(sweep) else ()
        if not parts or ".." in parts:
            raise UserError(f"{key}: {folder} is not below the sweep's folder, {sweep}; give a name without ..")
        if any(part.startswith(".") for part in parts) or parts[0] == "report":
            raise UserError(f"{key}: {folder}: reports look for no runs there; give another name")
        if len(parts) > DEPTH:
            raise UserError(f"{key}: {folder}: more than {DEPTH} folders in one another; give fewer")
        if outer := next((other for other in folder.parents if other in places), None):
            raise UserError(
                f"{key}: {folder} lies in the folder of another job, {outer}; give folders beside each other"
            )
