"""A run on disk: history.csv, result.json, model.safetensors, run.log (and steps.csv) in a folder of its own."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from pipeline.files import write_json, write_log, write_whole
from pipeline.runs.job import HEADER, Job, Outcome, Row, Status, read_outcome
from pipeline.runs.provenance import software
from pipeline.runs.tracking import Tracking


@dataclass
class RunFolder:
    """Writes one run's files, each whole or not at all, and picks the best epoch on validation."""

    job: Job
    score_name: str
    facts: Mapping[str, Any]  # task, parameters, model, device, kernel, stack, data_fingerprint, data, examples
    history: list[Row] = field(default_factory=list)
    best: Row | None = None
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)  # lines of steps.csv

    def __post_init__(self) -> None:
        self.job.folder.mkdir(parents=True, exist_ok=True)
        self.tracking = Tracking(self.job)

    def log(self, text: str) -> None:
        """Add a line to run.log."""
        write_log(self.job.folder, text)

    def go_on(self, history: Sequence[Row], steps: Sequence[str], weights: Mapping[str, Tensor]) -> None:
        """Take up what an interrupted run had."""
        for row in history:
            self.history.append(row)
            if self._better(row):
                self.best = row
        self.steps, self.weights = list(steps), weights
        self.log(f"goes on after epoch {history[-1]['epoch']:g}")

    def record(self, row: Row) -> bool:
        """Add an epoch; True where it is the best so far on validation (the last where there is no validation)."""
        self.history.append(row)
        stream = io.StringIO()
        writer = csv.DictWriter(stream, list(row), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {key: "" if math.isnan(value) else value for key, value in past.items()} for past in self.history
        )
        # Not forced to the disk: the checkpoint that is holds these rows as well.
        write_whole(self.job.folder / "history.csv", stream.getvalue(), durable=False)
        shown = ", ".join(f"{k} {row[k]:.6g}" for k in row if k not in ("epoch", "seconds") and not math.isnan(row[k]))
        self.log(f"epoch {row['epoch']:g}/{self.job.config.training.epochs}: {shown}")
        self.tracking.record(self.history)
        better = self._better(row)
        if better:
            self.best = row
        return better

    def record_steps(self, before: int, losses: Sequence[float]) -> None:
        """Add an epoch's batch losses to steps.csv, every `training.log_every` steps; `before` steps went before."""
        every = self.job.config.training.log_every
        if not every:
            return
        if not self.steps:
            self.steps.append("step,batch_loss,running_mean")
        total = 0.0
        for i, loss in enumerate(losses, 1):
            total += loss
            if (before + i) % every == 0:
                self.steps.append(f"{before + i},{loss!r},{total / i!r}")
        write_whole(self.job.folder / "steps.csv", "\n".join(self.steps) + "\n", durable=False)

    @property
    def best_epoch(self) -> int:
        """The epoch picked on validation; 0 before there is one."""
        return int(self.best["epoch"]) if self.best else 0

    @property
    def epochs_since_best(self) -> int:
        """Epochs trained since the best one."""
        return len(self.history) - 1 - self.best_epoch

    def _better(self, row: Row) -> bool:
        if row["epoch"] == 0 or not math.isfinite(row["objective"]):
            return False
        name = f"validation_{self.score_name}"
        without_validation = math.isnan(self.history[0][name])
        return self.best is None or without_validation or row[name] > self.best[name]

    def close(self, status: Status, seconds: Mapping[str, float], message: str | None = None) -> Outcome:
        """Write model.safetensors (weights of the best epoch) and result.json, and tell the trackers."""
        if self.weights and self.best is not None:
            header = self.facts["model"].model_copy(update={"epoch": self.best_epoch})
            metadata = {HEADER: header.model_dump_json()}  # one key: several come in random order
            write_whole(self.job.folder / "model.safetensors", safetensors.torch.save(dict(self.weights), metadata))
        metrics = self._metrics() | {"parameters": self.facts["parameters"]}
        result = {
            "format": 1,
            "status": status,
            "message": message,
            "task": self.facts["task"],
            "identity": self.job.identity.facts() if self.job.identity else None,
            "metrics": metrics,
            "seconds": dict(seconds),
            "provenance": {
                "command": self.job.command,
                "seed": self.job.config.seed,
                "threads": self.job.config.training.threads,
                **{
                    name: self.facts[name]
                    for name in ("device", "kernel", "stack", "data_fingerprint", "data", "examples")
                },
                **software(),
            },
            "overrides": list(self.job.overrides),
            "config": self.job.config.model_dump(),
        }
        outcome = Outcome(status, metrics, message)
        self.tracking.end(outcome)  # first: who is stopped here trains the last epoch again, and ends again
        write_json(self.job.folder / "result.json", result)
        self.log(f"{status}" + (f": {message}" if message else ""))
        return outcome

    def _metrics(self) -> dict[str, float]:
        names = [name for name in (self.history[-1] if self.history else {}) if name not in ("epoch", "lr", "seconds")]
        nothing = dict.fromkeys(names, math.nan)
        final = self.history[-1] if self.history else {}
        best = self.best or nothing
        metrics = {"final_epoch": final.get("epoch", 0)} | {f"final_{name}": final[name] for name in names}
        return metrics | {"best_epoch": best.get("epoch", math.nan)} | {f"best_{name}": best[name] for name in names}


def write_failure(job: Job, status: Status, message: str) -> Outcome:
    """The record of a run that has nothing but a reason."""
    job.folder.mkdir(parents=True, exist_ok=True)
    provenance = {"command": job.command, **software()}
    identity = job.identity.facts() if job.identity else None
    result: dict[str, Any] = {"format": 1, "status": status, "message": message, "task": None, "identity": identity}
    result |= {"metrics": {}, "seconds": {}}
    rest = {"provenance": provenance, "overrides": list(job.overrides), "config": job.config.model_dump()}
    outcome = Outcome(status, {}, message)
    Tracking(job).end(outcome)
    write_json(job.folder / "result.json", result | rest)
    return outcome


def restate(folder: Path, message: str) -> Outcome:
    """Give the result in `folder` another message."""
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    write_json(folder / "result.json", result | {"message": message})
    outcome = read_outcome(folder)
    assert outcome is not None
    return outcome
