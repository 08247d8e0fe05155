"""The work behind hydra/launcher=stacked: check all jobs, plan, train stacks in worker processes."""

import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
from hydra.core.utils import JobReturn, JobStatus, configure_log, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from pipeline.build import build_dataset, build_run, compile_for
from pipeline.check import without_hydra
from pipeline.composition import check_all, compose
from pipeline.config import Config
from pipeline.datasets import Dataset
from pipeline.errors import RunFailed, UserError
from pipeline.files import write_whole
from pipeline.plan import plan
from pipeline.progress import Board
from pipeline.runs import Job, Outcome, write_failure
from pipeline.task import config_folder
from pipeline.training import Trainer


def launch(
    config: DictConfig,
    hydra_context: HydraContext,
    task_function: TaskFunction,
    job_overrides: Sequence[Sequence[str]],
    initial_job_idx: int,
    workers: int | None,
    progress: str,
) -> list[JobReturn]:
    """Train all jobs; one JobReturn each, in their order. Raises ConfigError before any data is read."""
    if workers is not None and workers < 1:
        raise UserError(f"hydra.launcher.workers={workers}: allowed: 1 or more, or null for one a core")
    setup_globals()
    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    sweep = Path(str(config.hydra.sweep.dir))
    composed = [
        compose(config, hydra_context.config_loader, overrides, initial_job_idx + i)
        for i, overrides in enumerate(job_overrides)
    ]
    jobs = [_job(*rows) for rows in zip(check_all(composed), composed, strict=True)]
    datasets = [build_dataset(job.config) for job in jobs]
    runs = [build_run(job.config, dataset) for job, dataset in zip(jobs, datasets, strict=True)]
    compile_for([job.config for job in jobs], runs)
    workers = workers or joblib.cpu_count()
    stacks = plan(jobs, runs, workers)
    processes = min(workers, len(stacks))
    started = time.perf_counter()
    print(f"{len(jobs)} runs in {len(stacks)} stacks on {processes} processes -> {sweep}", flush=True)
    for job, hydra_config in zip(jobs, composed, strict=True):
        _write_hydra(job, hydra_config)
        hydra_context.callbacks.on_job_start(config=hydra_config, task_function=task_function)
    outcomes = _train_all(jobs, datasets, stacks, processes, progress)
    print(f"{len(jobs)} runs ended after {time.perf_counter() - started:.1f} s", flush=True)
    returns = [_job_return(*rows) for rows in zip(jobs, composed, outcomes, strict=True)]
    for hydra_config, job_return in zip(composed, returns, strict=True):
        hydra_context.callbacks.on_job_end(config=hydra_config, job_return=job_return)
    return returns


def _job(checked: Config, composed: DictConfig) -> Job:
    hydra = composed.hydra
    return Job(checked, Path(hydra.runtime.output_dir), tuple(hydra.overrides.task), config_folder(hydra))


def _write_hydra(job: Job, composed: DictConfig) -> None:
    """The .hydra folder as Hydra's `run_job` writes it."""
    folder = job.folder / str(composed.hydra.output_subdir)
    folder.mkdir(parents=True, exist_ok=True)
    hydra_only = OmegaConf.masked_copy(composed, ["hydra"])
    write_whole(folder / "config.yaml", OmegaConf.to_yaml(without_hydra(composed)))
    write_whole(folder / "hydra.yaml", OmegaConf.to_yaml(hydra_only))
    write_whole(folder / "overrides.yaml", OmegaConf.to_yaml(composed.hydra.overrides.task))


def _train_all(
    jobs: Sequence[Job], datasets: Sequence[Dataset], stacks: list[list[int]], processes: int, progress: str
) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    # joblib maps large arrays into the workers' memory, so that the data set is there once.
    pool = joblib.Parallel(n_jobs=processes, return_as="generator_unordered", max_nbytes="1M", mmap_mode="r")
    work = (joblib.delayed(train_stack)(stack, [jobs[i] for i in stack], datasets[stack[0]]) for stack in stacks)
    with Board(jobs, progress) as board:
        try:
            for numbers, ended in pool(work):
                for number, outcome in zip(numbers, ended, strict=True):
                    outcomes[number] = outcome
                    board.end(number)
        except Exception as error:  # a worker died: what it had in hand is lost, nothing else
            message = f"{type(error).__name__}: a worker process ended; " + " ".join(str(error).split())[:200]
            rest = [number for number in range(len(jobs)) if number not in outcomes]
            outcomes |= {number: write_failure(jobs[number], "failed", message) for number in rest}
    return [outcomes[number] for number in range(len(jobs))]


def train_stack(numbers: list[int], jobs: Sequence[Job], dataset: Dataset) -> tuple[list[int], list[Outcome]]:
    """Runs in a worker: the outcome of every job, whatever happens to one of them."""
    trainer = None
    try:
        trainer = Trainer(jobs, dataset)
        return numbers, trainer.train()
    except Exception as error:
        if trainer is None:
            message = " ".join(f"{type(error).__name__}: {error}".split())
            return numbers, [write_failure(job, "failed", message) for job in jobs]
        for folder in trainer.folders:
            folder.log(traceback.format_exc())
        return numbers, trainer.ended()


def _job_return(job: Job, composed: DictConfig, outcome: Outcome) -> JobReturn:
    failed = outcome.status == "failed"
    value: Any = RunFailed(f"{job.folder}: {outcome.message}") if failed else outcome.score
    return JobReturn(
        overrides=list(job.overrides),
        cfg=without_hydra(composed),
        hydra_cfg=OmegaConf.masked_copy(composed, ["hydra"]),
        working_dir=str(Path.cwd()),
        task_name=composed.hydra.job.name,
        status=JobStatus.FAILED if failed else JobStatus.COMPLETED,
        _return_value=value,
    )
