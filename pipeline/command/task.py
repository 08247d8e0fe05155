"""The task that Hydra calls for each job, under any launcher."""

import sys
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from pipeline.command._sources import config_flags, tell_once
from pipeline.config.check import check
from pipeline.datasets import Dataset
from pipeline.errors import RunFailed, UserError, explain
from pipeline.files import CHECKPOINT


def run(composed: DictConfig) -> float | None:
    """Train the composed configuration into Hydra's output folder; the score, for sweepers that use one."""
    from pipeline.config.assemble import build_run, plainly, refusals
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
        job = Job(config, folder, tuple(hydra.overrides.task), config_flags(hydra), identity)
        network = build_run(config, dataset)
        check_memory([job], [network])
        if reasons := refusals([config], [network]):
            print(f"trains {plainly(reasons)}", file=sys.stderr)
        with Board([job]) as board:
            [result] = train([job], dataset, lambda epochs: board.advance(0, epochs), checkpoint=folder / CHECKPOINT)
    except (UserError, OSError) as error:
        if hydra.mode != RunMode.RUN:
            raise RunFailed(f"{folder}: {explain(error) if isinstance(error, OSError) else error}") from error
        # Hydra would print a line of its own first. A sweep must continue, a single run may exit here.
        print(explain(error) if isinstance(error, OSError) else error, file=sys.stderr)
        raise SystemExit(1) from None
    print(f"{result.summary()}\n{job.folder}")
    return result.score


def tell(*datasets: Dataset) -> None:
    """Say once what was decided in reading the data."""
    for note in dict.fromkeys(note for dataset in datasets for note in dataset.card.notes):
        tell_once(note)
