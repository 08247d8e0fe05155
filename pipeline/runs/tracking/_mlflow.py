"""A run in MLflow: parameters, metrics by epoch, status and tags, in a database or on a server."""

import functools
import getpass
import logging
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline.files import MODEL
from pipeline.runs.job import Job
from pipeline.runs.metrics import Row
from pipeline.runs.provenance import about_run, software
from pipeline.runs.result import Result
from pipeline.runs.tracking._facts import best_metrics, metrics, settings

_SQLITE = "sqlite:///"
_NAME = 250  # characters of a run's name
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
        if "parameters" in result.metrics:
            self.client.set_tag(self.run, "parameters", f"{result.metrics['parameters']:.0f}")
        if result.ended:
            self._write_model()
        self.client.set_tag(self.run, "status", result.status)
        self.client.set_tag(self.run, "message", result.message or "")
        self.client.set_terminated(self.run, _STATUS[result.status])

    def _write_model(self) -> None:
        """The network as an artifact, where it is not there yet."""
        model = self.job.folder / MODEL
        if model.exists() and not any(file.path == MODEL for file in self.client.list_artifacts(self.run)):
            self.client.log_artifact(self.run, str(model))

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
            tags = {"folder": folder, "identity": identity, "command": self.job.command} | _standard_tags()
            words = " ".join(about_run(self.job.overrides)) or "defaults"
            known = client.create_run(experiment, tags=tags, run_name=f"{self.job.name}: {words}"[:_NAME])
        else:
            for name in known.data.metrics:
                self.last[name] = max(metric.step for metric in client.get_metric_history(known.info.run_id, name))
            client.update_run(known.info.run_id, status="RUNNING")
        params = {key: "null" if value is None else str(value) for key, value in settings(self.job).items()}
        fresh = [Param(key, value) for key, value in params.items() if key not in known.data.params]
        client.log_batch(known.info.run_id, params=fresh)
        self.client, self.run = client, known.info.run_id


def log_artifacts(uri: str, experiment: str, run: Path, identity: str, artifacts: Mapping[Path, str]) -> None:
    """Files and folders, each at its place, as artifacts of the run in folder `run`, in the place of earlier ones."""
    client, number = _experiment(uri, experiment)
    folder = str(run.resolve())
    for known in client.search_runs([number], f"tags.identity = '{identity}'"):
        if known.data.tags.get("folder") == folder:
            for path, place in artifacts.items():
                log = client.log_artifacts if path.is_dir() else client.log_artifact
                log(known.info.run_id, str(path), place or None)


@functools.cache
def _experiment(uri: str, name: str) -> tuple[Any, str]:
    """MLflow's client, which takes a second to create, and the id of the experiment, created if needed."""
    for variable, value in _ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    for chatty in ("mlflow", "alembic"):  # they log every table that they create
        logging.getLogger(chatty).setLevel(logging.WARNING)
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
        if experiment is not None:
            return client, experiment.experiment_id
        place = (
            None if file is None else (file.parent / "mlartifacts").absolute().as_uri()
        )  # not ./mlruns, wherever that is
        try:
            return client, client.create_experiment(name, artifact_location=place)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            experiment = client.get_experiment_by_name(name)  # another worker was first
            if experiment is None:
                raise
            return client, experiment.experiment_id


def _standard_tags() -> dict[str, str]:
    """What MLflow's own clients set: user, source and commit."""
    tags = {"mlflow.source.name": "python -m pipeline", "mlflow.source.type": "LOCAL"}
    with suppress(OSError, KeyError, ImportError):  # a user without a name
        tags["mlflow.user"] = getpass.getuser()
    commit = software()["git_commit"]
    return tags | ({"mlflow.source.git.commit": commit} if commit else {})


def _exclusive(file: Path | None) -> AbstractContextManager[Any]:
    """A lock against other processes that create the same database or experiment; a server needs none."""
    if file is None:
        return nullcontext()
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(file.with_name(f".{file.name}.lock"))
