"""Hydra's callback for a command as a whole."""

import math
import sys
import time
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from pipeline.command._composition import Composer
from pipeline.command._destination import check_run_folder, check_sweep_folder
from pipeline.command._grids import experiments, typed
from pipeline.command._jobs import compose_all
from pipeline.command._sources import tell_files
from pipeline.command.grid import jobs
from pipeline.config.check import check
from pipeline.config.schema import Config
from pipeline.errors import UserError, explain


class PipelineCallback(Callback):
    """Rejects invalid commands before any file is written, and remembers the sweep's folder and when it began."""

    sweep_folder: Path | None = None
    run_folder: Path | None = None  # of a single run
    wants_report: bool = True
    tracks_mlflow: bool = False
    started: float = 0.0  # of `time.time()`

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        setup_globals()
        folder = Path(str(config.hydra.run.dir))
        try:
            checked = check(config)
            check_run_folder(folder)
            _check_single(config)
            tell_files(config.hydra)
            _check_data(checked)
        except (UserError, OSError) as error:
            _refuse(error)
        PipelineCallback.run_folder, PipelineCallback.wants_report = folder, checked.report
        PipelineCallback.tracks_mlflow = checked.tracking.mlflow is not None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        setup_globals()
        PipelineCallback.started = time.time()
        folder = Path(str(config.hydra.sweep.dir))
        stacked = str(config.hydra.launcher._target_).endswith("StackedLauncher")
        try:
            check_sweep_folder(config, folder, resumable=stacked)
            _check_sweeper(config)
            if not stacked:  # ours checks by itself
                _check_other_launcher(config)
        except HydraException:
            pass  # the sweeper will hit the same error and report it
        except (UserError, OSError) as error:
            _refuse(error)
        PipelineCallback.sweep_folder = None if config.sweep.dry_run else folder
        PipelineCallback.wants_report = bool(config.get("report", True))
        PipelineCallback.tracks_mlflow = config.get("tracking", {}).get("mlflow") is not None


def deadline(hours: float | None) -> float:
    """When a sweep of `sweep.hours` starts nothing new any more, as `time.time()` counts."""
    return math.inf if hours is None else PipelineCallback.started + 3600 * hours


def _check_single(config: DictConfig) -> None:
    if any(text.startswith("sweep.grids=") for text in typed(config)):
        raise UserError("sweep.grids: are several runs; add -m")


def _check_sweeper(config: DictConfig) -> None:
    """Raise UserError for a sweep that the sweeper would not carry out."""
    sweeper = str(config.hydra.runtime.choices["hydra/sweeper"])
    if str(config.hydra.sweeper._target_).startswith("hydra_plugins.scratchnet_sweeper."):
        return
    loader = GlobalHydra.instance().config_loader()
    wanted = {
        "sweep.grids": config.sweep.get("grids"),
        "sweep.zip": config.sweep.zip,
        "several experiments": experiments(config, loader),
    }
    for what, value in wanted.items():
        if value:
            raise UserError(f"hydra/sweeper={sweeper}: does not know {what}; use hydra/sweeper=grid")


def _check_other_launcher(config: DictConfig) -> None:
    """Check all jobs for a launcher that trains them one by one; a search's are not known yet."""
    launcher = f"hydra/launcher={config.hydra.runtime.choices['hydra/launcher']}"
    if config.sweep.kind != "grid":
        raise UserError(
            f"{launcher}: trains runs to their end, not sweep={config.sweep.kind}; use hydra/launcher=stacked"
        )
    if config.sweep.hours is not None:
        raise UserError(f"{launcher}: does not know sweep.hours; use hydra/launcher=stacked")
    if not str(config.hydra.sweeper._target_).endswith(("GridSweeper", "BasicSweeper")):
        tell_files(config.hydra)
        return
    loader = GlobalHydra.instance().config_loader()
    composed, _ = compose_all(Composer(config, loader), jobs(config, loader))
    tell_files(config.hydra, *(job.hydra["runtime"]["choices"] for job in composed))
    if config.sweep.dry_run:
        print(f"{len(composed)} runs, a job of {launcher} each -> {config.hydra.sweep.dir}")
        raise SystemExit(0)


def _check_data(config: Config) -> None:
    """Read the data, which are kept for the run, and build what is to train on them: mistakes are raised here."""
    dataset = config.dataset.load()
    from pipeline.config.assemble import build_run  # torch comes with it, which no earlier mistake waits for

    build_run(config, dataset)


def _refuse(error: UserError | OSError) -> None:
    """Exit: Hydra turns an exception in a callback into a warning, and one in a job into a traceback."""
    print(explain(error) if isinstance(error, OSError) else error, file=sys.stderr)
    raise SystemExit(1) from None
