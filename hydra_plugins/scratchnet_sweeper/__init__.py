"""Registers `hydra/sweeper=grid` and `=search` with Hydra; `pipeline.command.grid` and `.search` do the work."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from hydra_plugins.scratchnet_launcher import StackedLauncher


@dataclass
class GridConf:
    """Keys of hydra/sweeper=grid."""

    _target_: str = "hydra_plugins.scratchnet_sweeper.GridSweeper"
    params: dict[str, str] | None = field(default=None)  # swept by an experiment: key -> values


@dataclass
class SearchConf:
    """Keys of hydra/sweeper=search."""

    _target_: str = "hydra_plugins.scratchnet_sweeper.SearchSweeper"
    params: dict[str, str] | None = field(default=None)  # key -> interval(…), range(…), choices, tag(log, …)
    trials: int = 50  # points to try
    batch: int = 8  # points to suggest and train at once
    sampler: str = "tpe"  # how points are suggested: tpe, gp, cmaes, random, qmc
    seed: int = 0  # of the sampler


for name, node in (("grid", GridConf), ("search", SearchConf)):
    ConfigStore.instance().store(name, node, group="hydra/sweeper", provider="scratchnet")


class GridSweeper(Sweeper):
    """All combinations in one launch, with the keys of `sweep.zip` varied together.

    Jobs are not composed here to validate them: the pipeline checks them all before the first starts.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context, self.composed, self.loader = hydra_context, config, hydra_context.config_loader
        self.jobs_launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        from pipeline.command.grid import jobs

        overrides = jobs(self.composed, self.loader)
        if not isinstance(self.jobs_launcher, StackedLauncher):  # that one writes it once it has locked the folder
            folder = Path(str(self.composed.hydra.sweep.dir))
            folder.mkdir(parents=True, exist_ok=True)
            OmegaConf.save(self.composed, folder / "multirun.yaml")
        returns = self.jobs_launcher.launch(overrides, initial_job_idx=0)
        _raise_first_failure(returns)
        return [returns]


class SearchSweeper(GridSweeper):
    """Points that Optuna suggests from earlier scores, in batches."""

    def sweep(self, arguments: list[str]) -> Any:
        if self.composed.sweep.kind == "confirm":  # what has been found is trained again
            return super().sweep(arguments)
        from pipeline.command.search import Options, search

        options = Options(*(self.options[name] for name in ("trials", "batch", "seed", "sampler")))
        returns = search(self.composed, self.loader, self.jobs_launcher, options)
        _raise_first_failure(returns)
        return [returns]


def _raise_first_failure(returns: Sequence[JobReturn]) -> None:
    """Of a run that has failed, before those that were not trained because of it."""
    failed = [job for job in returns if job.status == JobStatus.FAILED]
    for job in sorted(failed, key=lambda job: getattr(job, "result", job) is None):
        raise job._return_value  # `job.return_value` would print a line of Hydra's before ours
