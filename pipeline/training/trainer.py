"""Train a stack of runs and record every epoch. Knows nothing of sweeps: one run is a stack of one."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

import scratchnet as sn
from pipeline.config.assemble import in_units
from pipeline.datasets import Dataset
from pipeline.errors import UserError, explain, one_line
from pipeline.metrics import LOSS, SCORES, SELECTION, selected
from pipeline.runs.folder import RunFolder
from pipeline.runs.job import Job
from pipeline.runs.metrics import Row
from pipeline.runs.model import Header
from pipeline.runs.result import Result, Status, ended_result
from pipeline.training._clock import Clock
from pipeline.training._further import FurtherMetrics
from pipeline.training.checkpoint import Checkpoint, of_bytes, to_bytes
from pipeline.training.setup import SPLITS, Setup

Progress = Callable[[float], None]  # epochs trained by the stack, fractions included

_PIECES = 20  # calls per epoch, at most; progress is reported after each
_LEAST_EXAMPLES = 4096  # of a call: of fewer the call itself would be what takes the time
_SAVE_SECONDS = 60.0  # interval of checkpoints within a long epoch


def train(
    jobs: Sequence[Job],
    dataset: Dataset | None = None,
    progress: Progress = lambda epochs: None,
    *,
    rows: Sequence[int] | None = None,
    checkpoint: Path | None = None,
) -> list[Result]:
    """Train `jobs` (stackable, of equal data, batch size, dtype and device; on a GPU of equal order) in one pass.

    Jobs of equal `rows` are recorded from one network, each at its own length. With `checkpoint`, the state is saved
    to that file during training, and training resumes from it. A run whose objective is no longer finite ends as
    `diverged` and does not affect the others. Any error is written to the results of all runs that had not ended, as
    `failed` (or `interrupted`), and raised.
    """
    return Trainer(jobs, dataset or jobs[0].config.dataset.load(), progress, rows=rows, checkpoint=checkpoint).train()


class Trainer:
    """The loop over epochs for one stack."""

    def __init__(
        self,
        jobs: Sequence[Job],
        dataset: Dataset,
        progress: Progress = lambda epochs: None,
        *,
        rows: Sequence[int] | None = None,
        checkpoint: Path | None = None,
        until: int | None = None,
        deadline: float = math.inf,
    ) -> None:
        self.training, self.jobs, self.progress, self.clock = jobs[0].config.training, jobs, progress, Clock()
        self.dataset = dataset
        self.rows, self.checkpoint = list(range(len(jobs)) if rows is None else rows), checkpoint
        self.deadline = deadline
        self.setup = Setup.of(jobs, self.rows, dataset)
        self.stack, self.splits, self.batches = self.setup.stack, self.setup.splits, self.setup.batches
        self.identities = [job.facts() for job in jobs]
        self.order_seeds = [config.training.order_seed for config in self.setup.configs]
        self.score = SCORES[dataset.task]
        self.further = FurtherMetrics(self.training, dataset)
        self.epochs = min(max(run.epochs for run in self.stack.runs), until or math.inf)
        self.results: list[Result | None] = [None] * len(jobs)
        self.folders = [
            RunFolder(job, selected(self.training.select, dataset.task), self._facts(job, row))
            for job, row in zip(jobs, self.rows, strict=True)
        ]
        self.epoch, self.saved = 0, time.monotonic()
        self.partial: dict[str, torch.Tensor] = {}  # of an interrupted epoch: its losses, the generators' states

    def train(self) -> list[Result]:
        try:
            if not self._resume():
                for folder in self.folders:
                    folder.begin()
                self._record(0)
            while self.epoch < self.epochs and not all(self.results) and time.time() < self.deadline:
                self._train_epoch(self.epoch + 1)
                self.epoch += 1
                self._record(self.epoch)
                if not all(self.results):  # else the state has nothing that the runs' own files lack
                    self._save()
            self._pause()
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt)
            words = explain(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
            message = "stopped by the user" if stopped else words
            self._close_rest("interrupted" if stopped else "failed", one_line(message, 1000))
            raise
        return self.ended()

    def ended(self) -> list[Result]:
        """How each run ended, in the order of the jobs, once they all have."""
        return [result for result in self.results if result is not None]

    def _train_epoch(self, epoch: int) -> None:
        start = time.perf_counter()
        count, size = len(self.splits["train"]), self.training.batch_size
        order, generators = self._order(epoch)
        piece = size * math.ceil(max(self.batches / _PIECES, _LEAST_EXAMPLES / size))
        losses, begin = [], 0
        if self.partial:
            for number, generator in enumerate(generators):
                generator.set_state(self.partial[f"augment.{number}"])
            losses = [self.partial["losses"].to(self.stack.device)]
            begin = len(losses[0]) * size
            self.partial = {}
        for done in range(begin, count, piece):
            part = order[:, done : done + piece]
            losses.append(self.setup.train(part, generators))
            self.progress(epoch - 1 + min(1.0, (done + piece) / count))
            if time.monotonic() - self.saved > _SAVE_SECONDS and done + piece < count:
                self.clock.training += time.perf_counter() - start
                states = {f"augment.{number}": generator.get_state() for number, generator in enumerate(generators)}
                self._save({"losses": torch.cat(losses)} | states)
                start = time.perf_counter()
        self.clock.training += time.perf_counter() - start
        batch_losses = torch.cat(losses)
        for j, folder in enumerate(self.folders):
            if self.results[j] is None:
                folder.record_steps((epoch - 1) * self.batches, batch_losses[:, self.rows[j]].tolist())

    def _order(self, epoch: int) -> tuple[torch.Tensor, list[torch.Generator]]:
        """The order of the examples (1, n), or (R, n) where it differs, and the generators that augment them.

        They are functions of seed and epoch alone: resuming needs no further state.
        """
        seeds = self.order_seeds if len(set(self.order_seeds)) > 1 else self.order_seeds[:1]
        orders, generators = [], []
        for seed in seeds:
            rng = np.random.default_rng((seed, epoch))
            orders.append(rng.permutation(len(self.splits["train"])))
            generators.append(torch.Generator(self.stack.device).manual_seed(int(rng.integers(2**62))))
        return torch.from_numpy(np.stack(orders)).to(self.stack.device), generators

    def _record(self, epoch: int) -> None:
        """Evaluate every split, write each run's row, and close the runs that are done or have diverged."""
        start = time.perf_counter()
        lr = self.stack.lr()
        wanted = bool(self.further.recorded)
        figures = {name: self.stack.evaluate(split, outputs=wanted) for name, split in self.splits.items()}
        rows = [self._figures(r, figures) for r in range(len(self.stack.runs))]
        penalty = self.stack.penalty()
        self.clock.evaluation += time.perf_counter() - start
        total = self.clock.seconds(len(self.stack.runs))
        for j, (folder, r) in enumerate(zip(self.folders, self.rows, strict=True)):
            if self.results[j] is not None:
                continue
            row: Row = {"epoch": epoch} | rows[r]
            row |= {"penalty": float(penalty[r]), "objective": float(figures["train"].loss[r] + penalty[r])}
            spent = total["training"] + total["evaluation"]
            row |= {"lr": float(lr[r]), "seconds": spent - folder.seconds}
            if folder.record(row):
                folder.weights = in_units(self.stack.runs[r].network, self.stack.params_of(r), self.dataset)
            self._close_if_done(j)

    def _figures(self, r: int, figures: Mapping[str, sn.Evaluation]) -> Row:
        """What an epoch's row has of each split."""
        row: Row = {}
        for split, figure in figures.items():
            row |= {LOSS.on(split): float(figure.loss[r]), self.score.on(split): float(figure.score[r])}
            if figure.outputs is not None:
                row |= self.further.of_epoch(split, figure.outputs[r])
        return row

    def _close(self, folder: RunFolder, r: int, status: Status, message: str | None = None) -> Result:
        """Write the run's record."""
        self._evaluate_best(folder, r)
        return folder.close(folder.result(status, self.clock.seconds(len(self.stack.runs)), message))

    def _evaluate_best(self, folder: RunFolder, r: int) -> None:
        """The metrics of the run's best epoch that no epoch records."""
        start = time.perf_counter()
        if folder.weights:
            weights = {name: value.to(self.stack.device) for name, value in folder.weights.items()}
            folder.further, folder.predicted = self.further.of_best(
                self.stack.runs[r].network, folder.facts["model"], weights
            )
        self.clock.evaluation += time.perf_counter() - start

    def _close_if_done(self, j: int) -> None:
        """Close run j if its last row says that it has diverged, has all its epochs or no longer improves."""
        folder, row = self.folders[j], self.folders[j].history[-1]
        if not math.isfinite(row["objective"]):
            key = _too_large(self.stack.runs[self.rows[j]].settings, row)
            message = f"the objective was {row['objective']} after epoch {row['epoch']}; try a smaller {key}"
            self.results[j] = self._close(folder, self.rows[j], "diverged", message)
        elif row["epoch"] == folder.job.config.training.epochs:
            self.results[j] = self._close(folder, self.rows[j], "finished")
        elif 0 < folder.job.config.training.patience <= folder.epochs_since_best:
            message = f"stopped early: no better {folder.metric.heading(SELECTION)} since epoch {folder.best_epoch}"
            self.results[j] = self._close(folder, self.rows[j], "finished", message)

    def _save(self, partial: Mapping[str, torch.Tensor] | None = None) -> None:
        """Save all that is needed to resume from here: after an epoch, or within one with its `partial` state."""
        if self.checkpoint is None:
            return
        partial = partial or {}
        tensors = {f"stack.{name}": value for name, value in self.stack.state_dict().items()}
        tensors |= {f"partial.{name}": value for name, value in partial.items()}
        for j, folder in enumerate(self.folders):
            tensors |= {f"best.{j}.{name}": value for name, value in folder.weights.items()}
            tensors |= {f"history.{j}": of_bytes(folder.text.data), f"steps.{j}": of_bytes(folder.steps)}
        facts = {
            "runs": self.identities,
            "rows": self.rows,
            "epoch": self.epoch,
            "seconds": [self.clock.training, self.clock.evaluation, self.clock.total()],
        }
        Checkpoint(tensors, facts).write(self.checkpoint)
        self.saved = time.monotonic()

    def _resume(self) -> bool:
        """Restore the checkpoint if there is one; -> whether there was. Raises UserError if it is of other runs."""
        checkpoint = Checkpoint.read(self.checkpoint) if self.checkpoint is not None else None
        if checkpoint is None:
            return False
        if checkpoint.facts["runs"] != self.identities:
            raise UserError(f"{self.checkpoint}: the state of another run, which would be lost; give another folder")
        widths = {name: tuple(map(slice, value.shape)) for name, value in self.stack.state_dict().items()}
        state = checkpoint.under("stack.")  # of runs that left a stack, padded to others that were wider
        self.stack.load_state_dict({name: value[widths.get(name, ())] for name, value in state.items()})
        self.partial, self.epoch = checkpoint.under("partial."), checkpoint.facts["epoch"]
        self.clock = Clock.after(*checkpoint.facts["seconds"])
        for j, folder in enumerate(self.folders):
            self.results[j] = ended_result(folder.job.folder)
            history, steps = (to_bytes(checkpoint.tensors[f"{name}.{j}"]) for name in ("history", "steps"))
            folder.resume(history, steps, checkpoint.under(f"best.{j}."), ended=self.results[j] is not None)
            if self.results[j] is None:  # a record that was lost is written again
                self._close_if_done(j)
        return True

    def _pause(self) -> None:
        """Close the runs that are not done; the state is kept for them, and for them alone."""
        if all(self.results) and self.checkpoint is not None:
            self.checkpoint.unlink(missing_ok=True)
        for j, (folder, r) in enumerate(zip(self.folders, self.rows, strict=True)):
            if self.results[j] is None:
                self.results[j] = self._close(folder, r, "interrupted", f"paused after epoch {self.epoch}")

    def _close_rest(self, status: Status, message: str) -> None:
        for j, folder in enumerate(self.folders):
            if self.results[j] is None:
                self.results[j] = result = folder.result(status, self.clock.seconds(len(self.stack.runs)), message)
                with suppress(OSError):  # a full disk: the files stay as they are, and the next start resumes from them
                    self.results[j] = folder.close(result)

    def _facts(self, job: Job, row: int) -> dict[str, object]:
        run, dataset = self.stack.runs[row], self.dataset
        return {
            "task": dataset.task,
            "parameters": run.network.size,
            "model": Header.of(run, job.config, dataset),
            "device": str(self.stack.device),
            "kernel": self.stack.kernel.name,
            "stack": len(self.stack.runs),
            "data_fingerprint": dataset.fingerprint,
            "data": dataset.facts(),
            "examples": {name: len(getattr(dataset, name)) for name in SPLITS},
        }


def _too_large(settings: sn.Settings, row: Row) -> str:
    """The key to blame for a run that diverged: decay by more than twice the weights makes them grow."""
    if settings.lr * settings.l2 > 2 or (math.isfinite(row[LOSS.on("train")]) and not math.isfinite(row["penalty"])):
        return "model.l2"
    return "optimizer.weight_decay" if settings.lr * settings.weight_decay > 2 else "optimizer.lr"
