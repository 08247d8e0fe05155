"""The task that Hydra calls for each job, under any launcher."""

import functools
import sys
from pathlib import Path

from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from pipeline.config.check import check
from pipeline.datasets import Dataset
from pipeline.errors import UserError
from pipeline.files import CHECKPOINT


def run(composed: DictConfig) -> float | None:
    """Train the composed configuration into Hydra's output folder; the score, for sweepers that use one."""
    from pipeline.config.assemble import build_run, plain_because
    from pipeline.runs.identity import Identity
    from pipeline.runs.job import Job
    from pipeline.sweep.board import Board
    from pipeline.sweep.memory import check_memory
    from pipeline.training.trainer import train

    hydra = HydraConfig.get()
    config, folder = check(composed), Path(hydra.runtime.output_dir)
    try:
        dataset = config.dataset.load()
        tell(dataset)
        identity = Identity.of(config, dataset.fingerprint)
        job = Job(config, folder, tuple(hydra.overrides.task), config_folder(hydra), identity)
        engine_run = build_run(config, dataset)
        tell_kernel(plain_because(config, engine_run))
        check_memory([job], [engine_run])
        with Board([job]) as board:
            [result] = train([job], dataset, lambda epochs: board.advance(0, epochs), checkpoint=folder / CHECKPOINT)
    except UserError as error:
        if hydra.mode != RunMode.RUN:
            raise
        # Hydra would print a line of its own first. A sweep must continue, a single run may exit here.
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    print(f"{result.summary()}\n{job.folder}")
    return result.score


def tell(*datasets: Dataset) -> None:
    """Say once what was decided in reading the data."""
    for note in dict.fromkeys(note for dataset in datasets for note in dataset.card.notes):
        _tell_once(note)


def tell_kernel(reason: str | None) -> None:
    """Say once why a network is not trained by the compiled kernel."""
    if reason is not None:
        _tell_once(f"trained by the plain kernel: {reason}")


@functools.cache
def _tell_once(note: str) -> None:
    print(note, file=sys.stderr)


def config_folder(hydra: HydraConf) -> str | None:
    """The folder given by --config-dir, which a command that repeats the run also needs."""
    return next((source.path for source in hydra.runtime.config_sources if source.provider == "command-line"), None)
