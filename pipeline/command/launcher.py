"""The work behind hydra/launcher=stacked: check all jobs, plan, train what is missing."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

from hydra.core.utils import JobReturn, JobStatus, configure_log, setup_globals
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from pipeline.command._composition import Composed, Composer, one_metric
from pipeline.command._confirm import select
from pipeline.command._destination import check_job_folders
from pipeline.command._jobs import compose_all
from pipeline.command._sources import config_flags, tell_files
from pipeline.command.callbacks import PipelineCallback, deadline
from pipeline.command.task import tell
from pipeline.config.assemble import build_run, check_device
from pipeline.config.schema import Config
from pipeline.datasets import Dataset
from pipeline.errors import RunFailed, UserError
from pipeline.files import clean, clear, looking_only, make_folder, write_whole
from pipeline.runs.identity import Identity
from pipeline.runs.job import Job
from pipeline.runs.latest import COMMAND, write_latest
from pipeline.runs.result import Result
from pipeline.runs.tracking import catch_up
from pipeline.sweep import halving
from pipeline.sweep.backend import Backend
from pipeline.sweep.estimate import estimate
from pipeline.sweep.ledger import Ledger, Request
from pipeline.sweep.lock import locked
from pipeline.sweep.memory import check_memory
from pipeline.sweep.sweep import SweepPlan, counted_runs


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
    composed, checked = compose_all(compose, job_overrides, initial_job_idx)
    tell_files(config.hydra, *(job.hydra["runtime"]["choices"] for job in composed))
    _refuse_two_sweeps(checked)
    datasets = [run_config.dataset.load() for run_config in checked]
    tell(*datasets)
    identities = [Identity.of(run_config, data.fingerprint) for run_config, data in zip(checked, datasets, strict=True)]
    check_job_folders(Path(str(config.hydra.sweep.dir)), [job.folder for job in composed])
    _refuse_shared_folders(composed, identities)
    _refuse_unfit(checked, datasets, composed)
    if backend.shares_memory:
        for run_config in checked:
            check_device(run_config)
    sweep, options = Path(str(config.hydra.sweep.dir)), checked[0].sweep
    if options.kind == "halving":
        one_metric(checked, "sweep=halving")
    with looking_only() if options.dry_run else locked(sweep):
        ledger = Ledger(sweep)
        requests = [Request(job.overrides, identity) for job, identity in zip(composed, identities, strict=True)]
        numbers = ledger.numbers(requests, initial_job_idx, options.mismatch)
        ledger.check_files(numbers, options)
        composed = [
            _place(ledger, job if job.number == number else compose(overrides, number), number)
            for job, number, overrides in zip(composed, numbers, job_overrides, strict=True)
        ]
        flags = config_flags(config.hydra)
        parts = zip(checked, composed, identities, strict=True)
        jobs = [
            Job(run_config, job.folder, job.overrides, flags, identity, job.folder.relative_to(sweep).as_posix())
            for run_config, job, identity in parts
        ]
        plan = SweepPlan.of(sweep, jobs, datasets, backend, alone=options.kind == "halving")
        print(f"{plan} -> {sweep}", flush=True)
        if options.kind == "halving":
            print(halving.summary(list({job.folder: job for job in jobs}.values()), options), flush=True)
        if options.dry_run:
            print("\n".join(filter(None, [plan.details(), estimate(plan.works, plan.processes, options)])), flush=True)
            return [EndedJob(*rows, None, may_be_absent=True) for rows in zip(jobs, composed, strict=True)]
        clean(sweep)
        ledger.write()
        if options.kind == "confirm":
            selection = select(config)[0]
            selection.write(sweep)
            if (count := len(selection.selected)) < options.top:
                print(
                    f"{selection.sweep}: of its settings {count} finished, less than sweep.top={options.top}; all train"
                )
        clear(sweep / COMMAND)
        write_whole(sweep / COMMAND, OmegaConf.to_yaml(config))
        write_latest(sweep, [job.name for job in jobs], options, goes_on=initial_job_idx > 0)
        started = time.perf_counter()
        training = {job.folder for job in plan.training}
        _write_hydra([job for job in composed if job.folder in training])
        _notify(hydra_context, "on_job_start", composed, task_function=task_function)
        end = deadline(options.hours)
        catch_up([job for job in jobs if job.folder in plan.done])
        if plan.processes > 1 and PipelineCallback.wants_report:  # this process only waits for its workers
            Thread(target=import_module, args=["pipeline.report.build"], daemon=True).start()
        results = plan.train(options, progress, end)
        if training:
            print(
                f"{counted_runs(len(training & results.keys()))} ended after {time.perf_counter() - started:.1f} s",
                flush=True,
            )
        late = time.time() >= end
        if late and (left := _left(jobs, results)):
            print(f"sweep.hours={options.hours:g} are over: {left}; the same command goes on", flush=True)
    returns: list[JobReturn] = [
        EndedJob(job, source, results.get(job.folder), may_be_absent=late)
        for job, source in zip(jobs, composed, strict=True)
    ]
    _notify(hydra_context, "on_job_end", composed, job_return=returns)
    return returns


# Of `training`, what fits to the data.
_FITTED = {"loss", "class_weight", "label_smoothing", "metrics", "select", "kernel", "dtype"}


def _refuse_two_sweeps(configs: Sequence[Config]) -> None:
    """Raise UserError if jobs differ in what holds for a sweep as a whole."""
    sweeps = [config.sweep.model_dump(exclude={"name", "grids", "zip"}) for config in configs]
    for key, value in sweeps[0].items():
        other = next((sweep[key] for sweep in sweeps if sweep[key] != value), None)
        if other is not None:
            raise UserError(
                f"sweep.{key}: {value} for some jobs and {other} for others; a sweep has one: give sweep.{key}=…"
            )


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


def _refuse_unfit(configs: Sequence[Config], datasets: Sequence[Dataset], composed: Sequence[Composed]) -> None:
    """Raise UserError where networks, losses or metrics do not fit data or memory, before the sweep has a folder."""
    kinds = {
        (
            "".join(part.model_dump_json() for part in (config.model, config.dataset, config.schedule)),
            config.optimizer.name,
            config.training.model_dump_json(include=_FITTED),
        ): (Job(config, job.folder, job.overrides), dataset)
        for config, dataset, job in zip(configs, datasets, composed, strict=True)
    }
    lines: dict[str, None] = {}
    for job, dataset in kinds.values():
        try:
            check_memory([job], [build_run(job.config, dataset)])
        except UserError as error:
            lines[str(error)] = None
    if lines:
        raise UserError("\n".join(lines))


def _place(ledger: Ledger, job: Composed, number: int) -> Composed:
    """The job as that number of the sweep, in the folder that this run had in earlier commands, else its own."""
    name = job.folder.relative_to(ledger.sweep).as_posix()
    return job.in_folder(ledger.place(number, name))


def _write_hydra(composed: Sequence[Composed]) -> None:
    """The .hydra folders as Hydra's `run_job` writes them."""

    def write(job: Composed) -> None:
        job.folder.mkdir(parents=True, exist_ok=True)
        if job.hydra["output_subdir"] is None:
            return
        folder = job.folder / str(job.hydra["output_subdir"])
        make_folder(folder)
        for name, text in job.files().items():
            clear(folder / name)
            write_whole(folder / name, text, durable=False)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, composed))


def _notify(context: HydraContext, event: str, composed: Sequence[Composed], **values: Any) -> None:
    """Call the user's callbacks with the whole configuration they expect; ours ignores jobs."""
    others = [call for call in context.callbacks.callbacks if not isinstance(call, PipelineCallback)]
    for i, job in enumerate(composed if others else ()):
        config = OmegaConf.create(job.raw | {"hydra": job.hydra})
        arguments = {name: value[i] if isinstance(value, list) else value for name, value in values.items()}
        getattr(context.callbacks, event)(config=config, **arguments)


class EndedJob(JobReturn):
    """What the sweeper gets for a job; its `return_value` raises where the job failed.

    `cfg` and `hydra_cfg` are made when they are asked for: a thousand jobs take seconds, and few sweepers want them.
    """

    folder: Path
    result: Result | None  # None if it has not started

    def __init__(self, job: Job, composed: Composed, result: Result | None, *, may_be_absent: bool) -> None:
        failed = result.status == "failed" if result else not may_be_absent
        message = result.message if result else "not trained: the sweep stopped at sweep.max_failures"
        value: Any = RunFailed(f"{job.folder}: {message}") if failed else result and result.score
        self.composed, self.folder, self.result = composed, job.folder, result
        chdir = composed.hydra["job"]["chdir"]
        super().__init__(
            overrides=list(job.overrides),
            working_dir=str(job.folder.absolute() if chdir else Path.cwd()),
            task_name=composed.hydra["job"]["name"],
            status=JobStatus.FAILED if failed else JobStatus.COMPLETED,
            _return_value=value,
        )

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if value is None and name in ("cfg", "hydra_cfg"):
            composed = super().__getattribute__("composed")
            value = OmegaConf.create(composed.raw if name == "cfg" else {"hydra": composed.hydra})
            setattr(self, name, value)
        return value


def _left(jobs: Sequence[Job], results: Mapping[Path, Result]) -> str:
    """How many runs have not come to their end, in words; "" if all have."""
    folders = {job.folder for job in jobs}
    begun = [results[folder] for folder in folders if folder in results]
    paused = sum(not result.decided for result in begun)
    counts = {"paused": paused, "not begun": len(folders) - len(begun)}
    left = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return left and f"of {len(folders)} runs {left}"
