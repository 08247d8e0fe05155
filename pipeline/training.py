"""Train a stack of runs and record every epoch. Knows nothing of sweeps: one run is a stack of one."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

import scratchnet as sn
from pipeline.build import (
    DTYPES,
    build_augment,
    build_dataset,
    build_device,
    build_examples,
    build_run,
    compile_for,
)
from pipeline.datasets import Dataset
from pipeline.errors import UserError
from pipeline.runs import Job, Outcome, Row, RunFolder, Status

Progress = Callable[[float], None]  # epochs done by the stack, with fractions inside an epoch

_PIECES = 20  # an epoch is trained in this many calls, between which progress is told


@dataclass
class Clock:
    """Seconds of training and of evaluation."""

    training: float = 0.0
    evaluation: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def seconds(self, runs: int) -> dict[str, float]:
        """A run's share: a stack's time divided by its runs."""
        total = time.perf_counter() - self.started
        shares = {"total": total, "training": self.training, "evaluation": self.evaluation}
        return {name: value / runs for name, value in shares.items()}


def train(
    jobs: Sequence[Job], dataset: Dataset | None = None, progress: Progress = lambda epochs: None
) -> list[Outcome]:
    """Train `jobs` (stackable, of equal data, order, batch size, dtype and device) in one pass.

    A run whose objective is no longer finite ends as `diverged` and leaves the others as they are. Any error
    is written into the results of all runs that had not ended, as `failed` (or `interrupted`), and raised.
    """
    return Trainer(jobs, dataset or build_dataset(jobs[0].config), progress).train()


class Trainer:
    """The loop over epochs for one stack."""

    def __init__(self, jobs: Sequence[Job], dataset: Dataset, progress: Progress = lambda epochs: None) -> None:
        config = jobs[0].config
        self.training, self.jobs, self.progress, self.clock = config.training, jobs, progress, Clock()
        torch.set_num_threads(self.training.threads)
        if self.training.device == "cuda" and not torch.cuda.is_available():
            raise UserError("training.device=cuda: torch sees no CUDA device; use training.device=auto or cpu")
        self.splits = {
            name: build_examples(config, dataset, getattr(dataset, name)) for name in ("train", "validation", "test")
        }
        self.augment = build_augment(config, dataset)
        runs = [build_run(job.config, dataset) for job in jobs]
        compile_for([job.config for job in jobs], runs)
        batches = math.ceil(len(self.splits["train"]) / self.training.batch_size)
        device = build_device(config)
        self.stack = sn.Stack(
            runs,
            steps_per_epoch=batches,
            dtype=DTYPES[self.training.dtype],
            device=device,
            kernel=self.training.kernel,
        )
        self.batches, self.score_name = batches, self.stack.loss.score_name
        self.epochs = max(run.epochs for run in runs)
        self.outcomes: list[Outcome | None] = [None] * len(jobs)
        self.folders = [RunFolder(job, self.score_name, self._facts(r, dataset, device)) for r, job in enumerate(jobs)]

    def train(self) -> list[Outcome]:
        try:
            self._record(0)
            for epoch in range(1, self.epochs + 1):
                if all(self.outcomes):
                    break
                self._train_epoch(epoch)
                self._record(epoch)
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt)
            message = "stopped by the user" if stopped else f"{type(error).__name__}: {error}"
            self._close_rest("interrupted" if stopped else "failed", " ".join(message.split()))
            raise
        return self.ended()

    def ended(self) -> list[Outcome]:
        """How each run ended, in the order of the jobs, once they all have."""
        return [outcome for outcome in self.outcomes if outcome is not None]

    def _train_epoch(self, epoch: int) -> None:
        start = time.perf_counter()
        examples, size = self.splits["train"], self.training.batch_size
        # Order and augmentation are functions of seed and epoch alone: nothing need be remembered to go on.
        rng = np.random.default_rng((self.training.order_seed, epoch))
        order = torch.from_numpy(rng.permutation(len(examples))).to(self.stack.device)
        generator = torch.Generator(self.stack.device).manual_seed(int(rng.integers(2**62)))
        piece = size * math.ceil(self.batches / _PIECES)
        losses = []
        for done in range(0, len(order), piece):
            losses.append(self.stack.train(examples, order[done : done + piece], size, self.augment, generator))
            self.progress(epoch - 1 + min(1.0, (done + piece) / len(order)))
        self.clock.training += time.perf_counter() - start
        batch_losses = torch.cat(losses)
        for r, folder in enumerate(self.folders):
            if self.outcomes[r] is None:
                folder.record_steps((epoch - 1) * self.batches, batch_losses[:, r].tolist())

    def _record(self, epoch: int) -> None:
        """Evaluate every split, write each run's row, and end the runs that are done or have diverged."""
        start = time.perf_counter()
        lr = self.stack.lr()
        figures = {name: self.stack.evaluate(split) for name, split in self.splits.items()}
        penalty = self.stack.penalty()
        self.clock.evaluation += time.perf_counter() - start
        total = self.clock.seconds(len(self.jobs))
        for r, folder in enumerate(self.folders):
            if self.outcomes[r] is not None:
                continue
            row: Row = {"epoch": epoch}
            for name, figure in figures.items():
                row |= {f"{name}_loss": float(figure.loss[r]), f"{name}_{self.score_name}": float(figure.score[r])}
            row |= {"penalty": float(penalty[r]), "objective": float(figures["train"].loss[r] + penalty[r])}
            past = sum(earlier["seconds"] for earlier in folder.history)
            row |= {"lr": float(lr[r]), "seconds": total["training"] + total["evaluation"] - past}
            if folder.record(row):
                folder.weights = self.stack.params_of(r)
            if not math.isfinite(row["objective"]):
                message = f"the objective was {row['objective']} after epoch {epoch}; try a smaller optimizer.lr"
                self.outcomes[r] = folder.close("diverged", total, message)
            elif epoch == self.stack.runs[r].epochs:
                self.outcomes[r] = folder.close("finished", total)
            elif 0 < folder.job.config.training.patience <= folder.epochs_since_best:
                message = f"stopped early: no better validation score since epoch {folder.best_epoch}"
                self.outcomes[r] = folder.close("finished", total, message)

    def _close_rest(self, status: Status, message: str) -> None:
        for r, folder in enumerate(self.folders):
            if self.outcomes[r] is None:
                self.outcomes[r] = folder.close(status, self.clock.seconds(len(self.jobs)), message)

    def _facts(self, r: int, dataset: Dataset, device: torch.device) -> dict[str, object]:
        return {
            "task": dataset.task,
            "parameters": self.stack.runs[r].network.size,
            "device": str(device),
            "kernel": self.stack.kernel(self.training.batch_size),
            "stack": len(self.jobs),
            "data_fingerprint": dataset.fingerprint,
        }
