"""A run in MLflow: parameters, metrics by epoch, status and tags, in a database or on a server."""

import functools
import logging
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline.runs.job import Job
from pipeline.runs.metrics import Row
from pipeline.runs.result import Result
from pipeline.runs.tracking._facts import best_metrics, metrics, settings

_SQLITE = "sqlite:///"
_STATUS = {"finished": "FINISHED", "diverged": "FAILED", "failed": "FAILED", "interrupted": "KILLED"}
# No telemetry, and no minutes of waiting for a server that does not respond.
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


class MLflow:
    """Writes one MLflow run, identified by the tags `identity` and `folder`."""

    def __init__(self, job: Job, uri: str) -> None:
        self.job, self.uri, self.seen = job, uri, 0
        self.client: Any = None
        self.run = ""  # its id in MLflow
        self.last: dict[str, float] = {}  # the last epoch that MLflow has of each metric

    def record(self, history: Sequence[Row]) -> None:
        if self.client is None:
            self._open()
        for row in history[self.seen :]:
            self._write(metrics(row, history[0]), row["epoch"])
        self.seen = len(history)

    def end(self, result: Result) -> None:
        if self.client is None:
            self._open()
        best = best_metrics(result)
        if best:
            self._write(best, result.metrics["best_epoch"])
        self.client.set_tag(self.run, "status", result.status)
        self.client.set_tag(self.run, "message", result.message or "")
        self.client.set_terminated(self.run, _STATUS[result.status])

    def _write(self, figures: Mapping[str, float], epoch: float) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        fresh = [name for name in figures if epoch > self.last.get(name, -1)]
        self.client.log_batch(self.run, [Metric(name, figures[name], now, int(epoch)) for name in fresh])
        self.last |= dict.fromkeys(fresh, epoch)

    def _open(self) -> None:
        """Find or create the run, with all that is known before training."""
        name = self.job.config.tracking.experiment or self.job.folder.resolve().parent.name
        client, experiment = _experiment(self.uri, name)
        from mlflow.entities import Param

        folder = str(self.job.folder.resolve())
        identity = self.job.identity.facts()["run"] if self.job.identity else "none"
        runs = client.search_runs([experiment], f"tags.identity = '{identity}'")
        known = next((run for run in runs if run.data.tags.get("folder") == folder), None)
        if known is None:
            tags = {"folder": folder, "identity": identity, "command": self.job.command}
            known = client.create_run(experiment, tags=tags, run_name=self.job.folder.name)
        else:
            for name in known.data.metrics:
                self.last[name] = max(metric.step for metric in client.get_metric_history(known.info.run_id, name))
            client.update_run(known.info.run_id, status="RUNNING")
        params = {key: "null" if value is None else str(value) for key, value in settings(self.job).items()}
        fresh = [Param(key, value) for key, value in params.items() if key not in known.data.params]
        client.log_batch(known.info.run_id, params=fresh)
        self.client, self.run = client, known.info.run_id


@functools.cache
def _experiment(uri: str, name: str) -> tuple[Any, str]:
    """MLflow's client, which takes a second to create, and the id of the experiment, created if needed."""
    for variable, value in _ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    from mlflow.tracking import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.WARNING)  # it logs every table that it creates
    file = Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None
    with _exclusive(file):
        if file is not None and not file.exists():
            # MLflow creates its tables one by one and cannot use a database that has only some of them.
            beside = file.with_name(f".{file.name}.tmp")
            beside.unlink(missing_ok=True)
            MlflowClient(f"{_SQLITE}{beside}")
            beside.replace(file)
        client = MlflowClient(uri)
        experiment = client.get_experiment_by_name(name)
        return client, experiment.experiment_id if experiment else client.create_experiment(name)


def _exclusive(file: Path | None) -> AbstractContextManager[Any]:
    """A lock against other processes that create the same database or experiment; a server needs none."""
    if file is None:
        return nullcontext()
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(file.with_name(f".{file.name}.lock"))
