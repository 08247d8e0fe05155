"""What Hydra calls for one job, under whatever launcher."""

from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from pipeline.check import check


def run(composed: DictConfig) -> float | None:
    """Train the composed configuration into Hydra's output folder; the score, for sweepers that want one."""
    from pipeline.progress import Board
    from pipeline.runs import Job
    from pipeline.training import train

    hydra = HydraConfig.get()
    config = check(composed)
    job = Job(config, Path(hydra.runtime.output_dir), tuple(hydra.overrides.task))
    with Board([job]) as board:
        [outcome] = train([job], progress=lambda epochs: board.advance(0, epochs))
    print(f"{outcome.summary()}\n{job.folder}")
    return outcome.score
