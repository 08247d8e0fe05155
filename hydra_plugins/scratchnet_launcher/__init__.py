"""Registers `hydra/launcher=stacked` with Hydra; `pipeline.command.launcher` does the work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.errors import CompactHydraException
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

if TYPE_CHECKING:
    from pipeline.sweep.backend import Kind


@dataclass
class StackedConf:
    """Keys of hydra/launcher=stacked."""

    _target_: str = "hydra_plugins.scratchnet_launcher.StackedLauncher"
    workers: int | None = None  # processes; null: one per core, and none for work of a few seconds
    backend: str = "loky"  # loky (processes on this machine) or dask
    scheduler: str | None = None  # for dask: tcp://HOST:PORT
    progress: str = "auto"  # auto (a bar on a terminal, else lines), plain, off


ConfigStore.instance().store("stacked", StackedConf, group="hydra/launcher", provider="scratchnet")


class StackedLauncher(Launcher):
    """Checks all jobs, packs them into stacks and trains the stacks in worker processes."""

    def __init__(self, workers: int | None, backend: "Kind", scheduler: str | None, progress: str) -> None:
        self.workers, self.backend, self.scheduler, self.progress = workers, backend, scheduler, progress

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        if not {"sweep", "training", "model"} <= set(config):
            raise CompactHydraException(
                "hydra/launcher=stacked: trains what `python -m pipeline` composes, which this application does not; "
                "use another launcher, such as basic"
            )
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config
        if self.backend == "loky" and self.workers != 1:
            from pipeline.pool import prepare

            prepare("pipeline.command.preload")

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        from pipeline.command.launcher import launch  # imports torch, so only when there is work
        from pipeline.sweep.backend import Backend

        return launch(
            self.config,
            self.hydra_context,
            self.task_function,
            job_overrides,
            initial_job_idx,
            Backend(self.backend, self.scheduler, self.workers),
            self.progress,
        )
