"""Hydra's callback for a command as a whole."""

import sys
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from pipeline.command._composition import Composer, check_all
from pipeline.command._destination import check_run_folder, check_sweep_folder
from pipeline.command.grid import arguments, grid
from pipeline.config.check import check
from pipeline.config.schema import Config
from pipeline.errors import UserError, explain


class PipelineCallback(Callback):
    """Rejects invalid commands before any file is written, and remembers the sweep's folder."""

    sweep_folder: Path | None = None

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        setup_globals()
        folder = Path(str(config.hydra.run.dir))
        try:
            checked = check(config)
            check_run_folder(folder)
            _check_data(checked)
        except (UserError, OSError) as error:
            _refuse(error)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        setup_globals()
        folder = Path(str(config.hydra.sweep.dir))
        stacked = str(config.hydra.launcher._target_).endswith("StackedLauncher")
        known_jobs = str(config.hydra.sweeper._target_).endswith(("GridSweeper", "BasicSweeper"))
        try:
            check_sweep_folder(config, folder, resumable=stacked)
            if not stacked and known_jobs:  # our launcher checks by itself; a search's jobs are not known yet
                loader = GlobalHydra.instance().config_loader()
                compose = Composer(config, loader)
                jobs = grid(arguments(config), config.sweep.zip, loader)
                check_all([compose(job, number) for number, job in enumerate(jobs)])
        except HydraException:
            pass  # the sweeper will hit the same error and report it
        except (UserError, OSError) as error:
            _refuse(error)
        PipelineCallback.sweep_folder = None if config.sweep.dry_run else folder


def _check_data(config: Config) -> None:
    """Read the data, which are kept for the run, and build what is to train on them: mistakes are raised here."""
    dataset = config.dataset.load()
    from pipeline.config.assemble import build_run  # torch comes with it, which no earlier mistake waits for

    build_run(config, dataset)


def _refuse(error: UserError | OSError) -> None:
    """Exit: Hydra turns an exception in a callback into a warning, and one in a job into a traceback."""
    print(explain(error) if isinstance(error, OSError) else error, file=sys.stderr)
    raise SystemExit(1) from None
