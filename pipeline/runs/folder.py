"""A run's folder: history.csv, result.json, model.safetensors, predictions.npz, run.log (and steps.csv)."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from pipeline.files import HISTORY, MODEL, PREDICTIONS, RESULT, check_regular, clear, write_log, write_whole
from pipeline.metrics import Metric
from pipeline.runs.history import HistoryText
from pipeline.runs.job import Job
from pipeline.runs.metrics import Row, improves, run_metrics
from pipeline.runs.predictions import Predicted
from pipeline.runs.result import Result, Status
from pipeline.runs.tracking import Tracking

HEADER = "scratchnet"  # the one key of metadata in model.safetensors: `pipeline.runs.model.Header` as JSON


@dataclass
class RunFolder:
    """Writes one run's files, each whole or not at all, and picks the best epoch by `metric` on validation."""

    job: Job
    metric: Metric
    facts: Mapping[str, Any]  # task, parameters, model, device, kernel, stack, data_fingerprint, data, examples
    history: list[Row] = field(default_factory=list)
    best: Row | None = None
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    text: HistoryText = field(default_factory=HistoryText, init=False)  # of `history`
    seconds: float = field(default=0.0, init=False)  # of all epochs in `history`
    steps: bytearray = field(default_factory=bytearray)  # the text of steps.csv
    further: Mapping[str, float] = field(default_factory=dict)  # metrics of the best epoch that no epoch records
    predicted: Predicted | None = None

    def __post_init__(self) -> None:
        self.job.folder.mkdir(parents=True, exist_ok=True)
        for name in (RESULT, HISTORY, MODEL, PREDICTIONS, "steps.csv", "run.log"):
            clear(self.job.folder / name)
        self.tracking = Tracking(self.job)

    def log(self, text: str) -> None:
        """Add a line to run.log."""
        write_log(self.job.folder, text)

    def begin(self) -> None:
        """Remove the record of an earlier end: as long as there is one, the other files are as it says."""
        (self.job.folder / RESULT).unlink(missing_ok=True)

    def resume(self, history: bytes, steps: bytes, weights: Mapping[str, Tensor], *, ended: bool = False) -> None:
        """Restore the history, steps and weights of an interrupted run; one that has ended keeps its files."""
        for row in HistoryText.rows_of(history):
            self._add(row)
        self.steps, self.weights = bytearray(steps), weights
        if not ended:
            self.begin()
            self.text.write(self.job.folder)  # the file may be ahead, damaged or missing
            self.log(f"resumed after epoch {self.history[-1]['epoch']:g}")

    def record(self, row: Row) -> bool:
        """Add an epoch; -> whether it is the best so far."""
        better = self._add(row)
        self.text.write(self.job.folder)
        figures = [f"{k} {v:.6g}" for k, v in row.items() if k not in ("epoch", "seconds") and not math.isnan(v)]
        self.log(f"epoch {row['epoch']:g}/{self.job.config.training.epochs}: {', '.join(figures)}")
        self.tracking.record(self.history)
        return better

    def record_steps(self, before: int, losses: Sequence[float]) -> None:
        """Add an epoch's batch losses to steps.csv, every `training.log_every` steps; `before` counts earlier steps."""
        every = self.job.config.training.log_every
        if not every:
            return
        lines = [] if self.steps else ["step,batch_loss,running_mean\n"]
        total = 0.0
        for i, loss in enumerate(losses, 1):
            total += loss
            if (before + i) % every == 0:
                lines.append(f"{before + i},{loss!r},{total / i!r}\n")
        self.steps += "".join(lines).encode()
        write_whole(self.job.folder / "steps.csv", self.steps, durable=False)

    @property
    def best_epoch(self) -> int:
        """The best epoch on validation; 0 if there is none yet."""
        return int(self.best["epoch"]) if self.best else 0

    @property
    def epochs_since_best(self) -> int:
        """Epochs trained since the best one."""
        return len(self.history) - 1 - self.best_epoch

    def result(self, status: Status, seconds: Mapping[str, float], message: str | None = None) -> Result:
        """The run's record so far."""
        training = self.job.config.training
        provenance = {"seed": self.job.config.seed, "threads": training.threads}
        names = ("device", "kernel", "stack", "data_fingerprint", "data", "examples")
        return self.job.result(
            status,
            message,
            self.facts["task"],
            run_metrics(self.history, self.best) | dict(self.further) | {"parameters": self.facts["parameters"]},
            seconds,
            provenance | {name: self.facts[name] for name in names},
        )

    def close(self, result: Result) -> Result:
        """Write model.safetensors (weights of the best epoch) and result.json, and notify the trackers.

        All are on the disk when this returns: the checkpoint, which holds them as well, may then be removed.
        """
        folder, files = self.job.folder, dict[str, str]()
        if self.history:
            self.text.write(folder, durable=True)
            files[HISTORY] = self.text.sha256
        if self.weights and self.best is not None:
            header = self.facts["model"].model_copy(update={"epoch": self.best_epoch})
            metadata = {HEADER: header.model_dump_json()}  # one key: safetensors writes several in random order
            data = safetensors.torch.save(dict(self.weights), metadata)
            write_whole(folder / MODEL, data)
            files[MODEL] = hashlib.sha256(data).hexdigest()
        if self.predicted is not None:
            files[PREDICTIONS] = self.predicted.write(folder)
        self.tracking.end(result)  # first: a run that is killed here repeats its last epoch and ends again
        result = result.model_copy(update={"files": files})
        result.write(folder)
        self.log(result.status + (f": {result.message}" if result.message else ""))
        return result

    def _add(self, row: Row) -> bool:
        self.history.append(row)
        self.text.add(row)
        self.seconds += row["seconds"]
        better = improves(row, self.best, self.metric)
        if better:
            self.best = row
        return better


def altered_files(folder: Path, result: Result, names: Sequence[str] = (HISTORY, MODEL)) -> tuple[list[str], list[str]]:
    """Which of these files, as far as the run has left them, are missing, and which are not what it has written."""
    missing, altered = [], []
    left = result.files or {}
    for name in (name for name in names if name in left):
        try:
            check_regular(folder / name)
            with (folder / name).open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != left[name]:
                    altered.append(name)
        except FileNotFoundError:
            missing.append(name)
        except OSError:
            altered.append(name)
    return missing, altered


def write_failure(job: Job, message: str) -> Result:
    """Record a run that failed before it trained; written to its folder if possible."""
    result = job.result("failed", message)
    with suppress(OSError):
        job.folder.mkdir(parents=True, exist_ok=True)
        Tracking(job).end(result)
        result.write(job.folder)
    return result
