"""The work behind hydra/launcher=stacked: check all jobs, plan, train what is missing."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus, configure_log, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from pipeline.command._composition import Composed, Composer, check_all, one_metric
from pipeline.command.callbacks import PipelineCallback
from pipeline.command.task import config_folder, tell, tell_kernel
from pipeline.config.assemble import build_run, plain_because
from pipeline.config.schema import Config
from pipeline.datasets import Dataset
from pipeline.errors import RunFailed, UserError
from pipeline.files import clean, write_whole
from pipeline.runs.identity import Identity
from pipeline.runs.job import Job
from pipeline.runs.result import Result
from pipeline.sweep import halving
from pipeline.sweep.backend import Backend
from pipeline.sweep.ledger import Ledger, Request
from pipeline.sweep.lock import locked
from pipeline.sweep.sweep import SweepPlan


def launch(
    config: DictConfig,
    hydra_context: HydraContext,
    task_function: TaskFunction,
    job_overrides: Sequence[Sequence[str]],
    initial_job_idx: int,
    backend: Backend,
    progress: str,
) -> list[JobReturn]:
    """Train all jobs; return one JobReturn each, in order. Raises ConfigError before any data is read."""
    setup_globals()
    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    compose = Composer(config, hydra_context.config_loader)
    composed = [compose(overrides, initial_job_idx + i) for i, overrides in enumerate(job_overrides)]
    checked = check_all(composed)
    datasets = [run_config.dataset.load() for run_config in checked]
    tell(*datasets)
    identities = [Identity.of(run_config, data.fingerprint) for run_config, data in zip(checked, datasets, strict=True)]
    _refuse_shared_folders(composed, identities)
    _refuse_unfit(checked, datasets)
    sweep, options = Path(str(config.hydra.sweep.dir)), checked[0].sweep
    if options.kind == "halving":
        one_metric(checked, "sweep=halving")
    with nullcontext() if options.dry_run else locked(sweep):
        ledger = Ledger(sweep)
        requests = [Request(job.overrides, identity) for job, identity in zip(composed, identities, strict=True)]
        numbers = ledger.numbers(requests, initial_job_idx, options.mismatch)
        composed = [_place(ledger, job, number) for job, number in zip(composed, numbers, strict=True)]
        groups = config_folder(config.hydra)
        parts = zip(checked, composed, identities, strict=True)
        jobs = [Job(run_config, job.folder, job.overrides, groups, identity) for run_config, job, identity in parts]
        plan = SweepPlan.of(sweep, jobs, datasets, backend, alone=options.kind == "halving")
        print(f"{plan} -> {sweep}", flush=True)
        if options.kind == "halving":
            print(halving.summary(list({job.folder: job for job in jobs}.values()), options), flush=True)
        if options.dry_run:
            print(plan.details(), flush=True)
            return [_job_return(*rows, None, dry_run=True) for rows in zip(jobs, composed, strict=True)]
        clean(sweep)
        ledger.write()
        write_whole(sweep / "multirun.yaml", OmegaConf.to_yaml(config))
        started = time.perf_counter()
        training = {job.folder for job in plan.training}
        _write_hydra([job for job in composed if job.folder in training])
        _notify(hydra_context, "on_job_start", composed, task_function=task_function)
        results = plan.train(options, progress)
        if training:
            print(f"{len(training)} runs ended after {time.perf_counter() - started:.1f} s", flush=True)
    returns = [_job_return(job, source, results.get(job.folder)) for job, source in zip(jobs, composed, strict=True)]
    _notify(hydra_context, "on_job_end", composed, job_return=returns)
    return returns


_FITTED = {"loss", "class_weight", "label_smoothing", "metrics", "select", "kernel"}  # of `training`, to the data


def _refuse_shared_folders(composed: Sequence[Composed], identities: Sequence[Identity]) -> None:
    """Raise UserError if two different runs would share a folder, so that one would never be trained."""
    first: dict[Path, int] = {}
    for number, (job, identity) in enumerate(zip(composed, identities, strict=True)):
        other = first.setdefault(job.folder, number)
        if identity != identities[other]:
            differ = sorted(set(composed[other].overrides) ^ set(job.overrides))
            raise UserError(
                f"hydra.sweep.subdir: jobs {other} and {number} would both write to {job.folder}, but they differ "
                f"({', '.join(differ)}); include every swept key in hydra.sweep.subdir, or omit it"
            )


def _refuse_unfit(configs: Sequence[Config], datasets: Sequence[Dataset]) -> None:
    """Raise UserError where model, loss or metrics do not fit the data, before there is a folder for the sweep."""
    kinds = {
        config.model.model_dump_json()
        + config.dataset.model_dump_json()
        + config.training.model_dump_json(include=_FITTED): (config, dataset)
        for config, dataset in zip(configs, datasets, strict=True)
    }
    for config, dataset in kinds.values():
        tell_kernel(plain_because(config, build_run(config, dataset)))


def _place(ledger: Ledger, job: Composed, number: int) -> Composed:
    """The job as that number of the sweep, in the folder of that number unless its folder has a custom name."""
    if job.folder.name.isdecimal():
        return job.numbered(number)
    ledger.folders[number] = job.folder.name
    return job


def _write_hydra(composed: Sequence[Composed]) -> None:
    """The .hydra folders as Hydra's `run_job` writes them."""

    def write(job: Composed) -> None:
        folder = job.folder / str(job.hydra["output_subdir"])
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in job.files().items():
            write_whole(folder / name, text, durable=False)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, composed))


def _notify(context: HydraContext, event: str, composed: Sequence[Composed], **values: Any) -> None:
    """Call the user's callbacks with the whole configuration they expect; ours ignores jobs."""
    others = [call for call in context.callbacks.callbacks if not isinstance(call, PipelineCallback)]
    for i, job in enumerate(composed if others else ()):
        config = OmegaConf.create(job.raw | {"hydra": job.hydra})
        arguments = {name: value[i] if isinstance(value, list) else value for name, value in values.items()}
        if "job_return" in arguments:
            arguments["job_return"].cfg = OmegaConf.create(job.raw)
            arguments["job_return"].hydra_cfg = OmegaConf.create({"hydra": job.hydra})
        getattr(context.callbacks, event)(config=config, **arguments)


def _job_return(job: Job, composed: Composed, result: Result | None, dry_run: bool = False) -> JobReturn:
    """What the sweeper gets for a job; its `return_value` raises where the job failed."""
    failed = not dry_run and (result is None or result.status == "failed")
    message = result.message if result else "not trained: the sweep stopped at sweep.max_failures"
    value: Any = RunFailed(f"{job.folder}: {message}") if failed else result and result.score
    return JobReturn(
        overrides=list(job.overrides),
        working_dir=str(Path.cwd()),
        task_name=composed.hydra["job"]["name"],
        status=JobStatus.FAILED if failed else JobStatus.COMPLETED,
        _return_value=value,
    )
