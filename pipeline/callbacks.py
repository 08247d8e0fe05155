"""What Hydra tells us of a command as a whole."""

import sys
from pathlib import Path
from typing import Any

from hydra.core.utils import setup_globals
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from pipeline.check import check
from pipeline.errors import UserError


class PipelineCallback(Callback):
    """Checks a single run before its folder is made, and remembers where a sweep goes."""

    sweep_folder: Path | None = None

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        setup_globals()
        try:
            check(config)
        except UserError as error:
            # Hydra turns an exception in a callback into a warning, and one in a job into a page.
            print(error, file=sys.stderr)
            raise SystemExit(1) from None

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        PipelineCallback.sweep_folder = Path(str(config.hydra.sweep.dir))
