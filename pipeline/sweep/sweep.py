"""A sweep as one unit of work: what is done already, what trains together, and how it all ended."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.config.assemble import build_run, compile_for, plainly, refusals
from pipeline.config.schema import Sweep
from pipeline.datasets import Dataset
from pipeline.files import make_folder
from pipeline.runs.job import Job
from pipeline.runs.result import Result, ended_result, read_result
from pipeline.sweep import halving
from pipeline.sweep._stacks import one_per_stack, plan, seconds
from pipeline.sweep._states import split, state_path, states
from pipeline.sweep._workers import Work, train_all
from pipeline.sweep.backend import Backend
from pipeline.sweep.board import Board
from pipeline.sweep.memory import check_memory
from pipeline.training.checkpoint import reject

_WORTH_WORKERS = 3.0  # seconds of work that this process can do while a worker starts and imports the engine


@dataclass(frozen=True)
class SweepPlan:
    """The work for the jobs of one command; `jobs` holds duplicates as often as they were requested."""

    jobs: Sequence[Job]
    done: dict[Path, Result]  # finished before, by folder
    works: list[Work]
    processes: int
    backend: Backend
    plain: tuple[str, ...] = ()  # for each run that the compiled kernel refuses, why

    @classmethod
    def of(
        cls, sweep: Path, jobs: Sequence[Job], datasets: Sequence[Dataset], backend: Backend, *, alone: bool = False
    ) -> "SweepPlan":
        """Merge equal jobs, skip those that have ended, resume interrupted stacks, pack the rest into new ones.

        `alone`: each network in a stack of its own.
        """
        data = {job.folder: dataset for job, dataset in zip(jobs, datasets, strict=True)}
        unique = {job.folder: job for job in jobs}
        done = {folder: result for folder in unique if (result := ended_result(folder)) is not None}
        stacks = sweep / ".sweep" / "stacks"
        interrupted = list(_interrupted(stacks, unique, data))
        for work in [work for work in interrupted if alone and len(work.jobs) > 1]:
            reject(work.checkpoint, "the state of runs that trained together, and are to train one by one")
            interrupted.remove(work)
        waiting = {job.folder for work in interrupted for job in work.jobs} | set(done)
        fresh = [job for folder, job in unique.items() if folder not in waiting]
        runs = [build_run(job.config, data[job.folder]) for job in fresh]
        check_memory(fresh, runs)
        expected = sum(seconds(job, run, len(data[job.folder].train)) for job, run in zip(fresh, runs, strict=True))
        little = backend.optional and not interrupted and expected < _WORTH_WORKERS
        workers = 1 if little else backend.processes()
        configs = [job.config for job in fresh]
        compile_for(configs, runs)
        works = interrupted + [
            Work(stack_jobs, stack.rows, data[stack_jobs[0].folder], state_path(stacks, stack_jobs[0].name))
            for stack in (one_per_stack(fresh) if alone else plan(fresh, runs, workers))
            if (stack_jobs := tuple(fresh[i] for i in stack.numbers))
        ]
        if not backend.shares_memory:
            works = [replace(work, dataset=None) for work in works]
        return cls(jobs, done, works, min(workers, len(works)), backend, tuple(refusals(configs, runs)))

    @property
    def training(self) -> list[Job]:
        """The jobs that still have epochs to train."""
        return [job for work in self.works for job in work.jobs if job.folder not in self.done]

    def __str__(self) -> str:
        """For the user: how many runs will train, and why fewer than requested."""
        unique = len({job.folder for job in self.jobs})
        networks = sum(len(set(work.rows)) for work in self.works)
        parts = [
            (len(self.jobs) - unique, "requested twice"),
            (len(self.done), "finished before"),
            (len(self.training) - networks, "shorter lengths of others"),
        ]
        left = "".join(f", {count} {what}" for count, what in parts if count > 0)
        if not self.works:
            return f"{counted_runs(len(self.jobs))}{left}: nothing to train"
        stacks, processes = len(self.works), self.processes
        text = f"{counted_runs(len(self.jobs))}{left}: {networks} to train in {stacks} stacks on {processes} processes"
        slower = f", {len(self.plain)} {plainly(self.plain)}" if self.plain else ""
        return text.replace(" 1 stacks", " 1 stack").replace(" 1 processes", " 1 process") + slower

    def details(self) -> str:
        """One line per stack."""
        lines = []
        for work in self.works:
            longest = max(work.jobs, key=lambda job: job.config.training.epochs).config
            names = ", ".join(job.name for job in work.jobs)
            state = "resumes" if work.resumes else "new"
            training = longest.training
            lines.append(f"  runs {names}: {training.epochs} epochs of batch size {training.batch_size} ({state})")
        return "\n".join(lines)

    def train(self, options: Sweep, progress: str, deadline: float = math.inf) -> dict[Path, Result]:
        """Train what is missing; -> results by run folder. Runs that never started have none.

        At `deadline` (of `time.time()`) runs in training pause, and nothing new starts.
        """
        if not self.works:
            return dict(self.done)
        make_folder(self.works[0].checkpoint.parent)
        for work in self.works:
            if not work.resumes:  # left by a stack whose runs are not all requested now
                work.checkpoint.unlink(missing_ok=True)
        works = [replace(work, deadline=deadline) for work in self.works]
        if self.processes > 1:
            works = [replace(work, dataset=work.dataset and work.dataset.shared) for work in works]
        if options.kind == "halving":
            return self._halve(works, options, progress, deadline)
        return self.done | self._train(works, options, progress)

    def _halve(self, ready: Sequence[Work], options: Sweep, progress: str, deadline: float) -> dict[Path, Result]:
        """Train rung by rung; dropped runs are left as they are and can be resumed."""
        results = dict(self.done)
        parts = halving.by_data_set(list({job.folder: job for job in self.jobs}.values()))
        works = {work.jobs[0].folder: work for work in ready}
        for rungs in zip(*(halving.rungs(part, options) for part in parts), strict=True):
            rest = [
                replace(works[job.folder], until=rung.epochs(job))
                for part, rung in zip(parts, rungs, strict=True)
                for job in part
                if job.folder in works and halving.trained(job) < rung.epochs(job)
            ]
            results |= self._train(rest, options, progress)
            failures = sum(result.status == "failed" for result in results.values())
            if time.time() >= deadline or too_many(failures, options):
                break  # some may not have come as far as they are compared
            parts = [self._drop(part, rung, results) for part, rung in zip(parts, rungs, strict=True)]
        return results

    def _drop(self, jobs: Sequence[Job], rung: halving.Rung, results: dict[Path, Result]) -> list[Job]:
        """The jobs that go on from a rung; the records of the others say that they do not."""
        staying = halving.best(jobs, rung)
        for job in jobs:
            result = results.get(job.folder) or read_result(job.folder)
            if job in staying or not isinstance(result, Result):
                continue
            if result.status == "interrupted":
                result = result.dropped(rung.epochs(job), rung.stay)
                result.write(job.folder)
            results[job.folder] = result
        return staying

    def _train(self, works: Sequence[Work], options: Sweep, progress: str) -> dict[Path, Result]:
        results: dict[Path, Result] = {}
        jobs = [job for work in works for job in work.jobs if job.folder not in self.done]
        until = {job.folder: work.until or math.inf for work in works for job in work.jobs}
        lengths = [min(job.config.training.epochs, until[job.folder]) for job in jobs]
        places = {job.folder: i for i, job in enumerate(jobs)}
        failures = 0
        training = train_all(works, self.processes, self.backend)
        within = {work.reached: [places[job.folder] for job in work.jobs if job.folder in places] for work in works}
        with Board(jobs, progress, lengths, within) as board, closing(training) as ended:
            for stack, of_stack in ended:
                for job, result in zip(stack if of_stack else (), of_stack, strict=True):
                    results[job.folder] = result
                    failures += result.status == "failed"
                    if job.folder in places:
                        board.end(places[job.folder])
                if too_many(failures, options):
                    break
        return results


def too_many(failures: int, options: Sweep) -> bool:
    """Whether so many failed runs end the sweep."""
    return options.max_failures is not None and failures >= max(options.max_failures, 1)


def counted_runs(count: int) -> str:
    """ "1 run", "2 runs"."""
    return f"{count} run{'s' * (count != 1)}"


def _interrupted(stacks: Path, jobs: Mapping[Path, Job], data: Mapping[Path, Dataset]) -> Iterator[Work]:
    """The requested runs whose states the folder holds; of those that trained beside them a state stays there."""
    for path, facts in states(stacks):
        runs = facts["runs"]
        folders = [stacks.parents[1] / run["folder"] for run in runs]
        if not any(folder in jobs for folder in folders):
            continue
        requested = [i for i, folder in enumerate(folders) if folder in jobs and jobs[folder].facts() == runs[i]]
        others = [i for i, folder in enumerate(folders) if folder not in jobs and not ended_result(folder)]
        if all(ended_result(folders[i]) for i in requested):
            requested = []  # killed between the last result and the cleanup
        parts = [(path, facts)]
        if len(requested) < len(runs):
            parts = split(path, [group for group in (requested, others) if group])
        if requested and parts:
            members = tuple(jobs[folders[i]] for i in requested)
            place, facts = parts[0]
            yield Work(members, tuple(facts["rows"]), data[members[0].folder], place, resumes=True)
