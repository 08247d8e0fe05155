"""All jobs of a sweep, composed as Hydra composes them and checked before the first one starts."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, open_dict

from pipeline.check import ConfigError, check
from pipeline.config import Config


def compose(config: DictConfig, loader: ConfigLoader, overrides: Sequence[str], number: int) -> DictConfig:
    """The whole configuration of one job, as Hydra's own launchers make it."""
    composed = loader.load_sweep_config(config, list(overrides))
    with open_dict(composed):
        composed.hydra.job.id = f"{composed.hydra.job.name}_{number}"
        composed.hydra.job.num = number
        folder = Path(str(composed.hydra.sweep.dir)) / str(composed.hydra.sweep.subdir)
        composed.hydra.runtime.output_dir = str(folder.absolute())
    return composed


def grid(config: DictConfig, loader: ConfigLoader) -> Iterator[DictConfig]:
    """The jobs that Hydra's basic sweeper will make of the command line and the experiment's `sweeper.params`."""
    params = [f"{key}={value}" for key, value in (config.hydra.sweeper.get("params") or {}).items()]
    parser = OverridesParser.create(config_loader=loader)
    overrides = parser.parse_overrides([*params, *config.hydra.overrides.task])
    [jobs] = BasicSweeper.split_arguments(overrides, None)
    return (compose(config, loader, job, number) for number, job in enumerate(jobs))


def check_all(composed: Sequence[DictConfig]) -> list[Config]:
    """All jobs checked. Raises one ConfigError with all mistakes of all jobs, each with the jobs it is in."""
    checked: list[Config] = []
    mistakes: dict[str, list[str]] = {}
    for job in composed:
        try:
            checked.append(check(job))
        except ConfigError as error:
            for mistake in error.mistakes:
                mistakes.setdefault(mistake, []).append(str(job.hydra.job.num))
    if mistakes:
        raise ConfigError([f"{mistake} ({_in_jobs(found, len(composed))})" for mistake, found in mistakes.items()])
    return checked


def _in_jobs(numbers: Sequence[str], total: int) -> str:
    if len(numbers) == total:
        return "in every job"
    shown = ", ".join(numbers[:5]) + (", …" if len(numbers) > 5 else "")
    return f"in {len(numbers)} of {total} jobs: {shown}"
