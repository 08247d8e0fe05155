"""Runs in TensorBoard and MLflow are those of the run folders: every epoch once, whatever happens."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import COMMON, LONGER, SLOWLY, figures, pipeline, running, stop, wait_for
from trackers import assert_shows, read_mlflow, read_tensorboard

from pipeline.config.check import ConfigError
from pipeline.runs.folder import write_failure
from pipeline.runs.identity import Identity
from pipeline.runs.job import Job
from pipeline.runs.tracking import Tracking, catch_up
from pipeline.runs.tracking._mlflow import MLflow, _experiment
from pipeline.runs.tracking._tensorboard import TensorBoard
from pipeline.training import trainer
from pipeline.training.checkpoint import Checkpoint

# MLflow uses what SQLAlchemy will drop one day: theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader")

MakeJob = Callable[..., Job]
SMALL = ("dataset=square", "dataset.samples=300", "model.hidden=[7]", "training.batch_size=32", "training.epochs=4")


class Killed(BaseException):
    """What no part of the program knows of."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One for all, since MLflow takes seconds to make its tables."""
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/new/mlflow.db"


def tracked(make_job: MakeJob, database: str, *overrides: str) -> Job:
    job = make_job(*SMALL, "tracking=[tensorboard,mlflow]", f"tracking.mlflow={database}", *overrides)
    return replace(job, identity=Identity.of(job.config, job.config.dataset.load().fingerprint))


def assert_both_show(database: str, folder: Path) -> None:
    assert_shows(read_mlflow(database, folder), folder)
    assert_shows(read_tensorboard(folder), folder, np.float32)


def test_runs_of_a_stack_are_shown_with_settings_epochs_and_status(make_job: MakeJob, database: str) -> None:
    settings = [
        ("optimizer.lr=0.1",),
        ("optimizer.lr=1e30", "model.l2=0.1", "model.hidden=[3]"),
        ("training.patience=1",),
    ]
    jobs = [tracked(make_job, database, *overrides) for overrides in settings]
    statuses = [outcome.status for outcome in trainer.train(jobs)]
    assert statuses == ["finished", "diverged", "finished"]
    for job, status in zip(jobs, statuses, strict=True):
        assert_both_show(database, job.folder)
        board, mlflow = read_tensorboard(job.folder), read_mlflow(database, job.folder)
        for seen in (board, mlflow):
            sections = {name.partition(".")[0] for name in seen.settings}
            assert sections == {"model", "dataset", "optimizer", "schedule", "training", "seed"}
            assert json.loads(seen.settings["model.hidden"]) == job.config.model_dump()["model"]["hidden"]
            assert float(seen.settings["optimizer.lr"]) == job.config.optimizer.lr
            assert seen.settings["model.l2_layers"] == "null"
        assert board.status == ("success" if status == "finished" else "failure")
        assert mlflow.status == ("FINISHED finished" if status == "finished" else "FAILED diverged")


def test_a_split_without_examples_has_no_metrics(make_job: MakeJob, database: str) -> None:
    job = tracked(make_job, database, "dataset.validation_fraction=0")
    trainer.train([job])
    assert_both_show(database, job.folder)
    assert not [name for name in read_mlflow(database, job.folder).metrics if "validation" in name]


def _in_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed within epoch 3, after a checkpoint."""


def _before_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed when epoch 3 is recorded and not saved: it is trained again."""
    write = Checkpoint.write

    def stopped(self: Checkpoint, path: Path) -> None:
        if self.facts["epoch"] == 3:
            raise Killed
        write(self, path)

    monkeypatch.setattr(Checkpoint, "write", stopped)


def _before_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed when the trackers know of the end and the run's folder does not."""

    def stopped(path: Path, value: Any) -> None:
        raise Killed

    monkeypatch.setattr("pipeline.runs.result.write_json", stopped)


def _while_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed when half of the metrics of epoch 3 are in the database."""
    from mlflow.tracking import MlflowClient

    log_batch = MlflowClient.log_batch

    def stopped(self: MlflowClient, run: str, metrics: Any = (), **rest: Any) -> None:
        if metrics and metrics[0].step == 3:
            log_batch(self, run, metrics[:4])
            raise Killed
        log_batch(self, run, metrics, **rest)

    monkeypatch.setattr(MlflowClient, "log_batch", stopped)


@pytest.mark.slow
@pytest.mark.parametrize("where", [_in_training, _before_checkpoint, _before_result, _while_writing])
def test_no_epoch_is_lost_or_there_twice_after_a_stop(
    make_job: MakeJob, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch, where: Callable[..., None]
) -> None:
    jobs = [tracked(make_job, database, f"optimizer.lr={lr}") for lr in (0.1, 0.3)]
    state = tmp_path / "state.safetensors"

    def kill(done: float) -> None:
        if where is _in_training and done > 2.5:
            raise Killed

    with monkeypatch.context() as patched:
        # A process that is killed tells nobody.
        patched.setattr(trainer.Trainer, "_close_rest", lambda self, status, message: None)
        where(patched)
        with pytest.raises(Killed):
            trainer.train(jobs, progress=kill, checkpoint=state)
    assert read_mlflow(database, jobs[0].folder).metrics["train_loss"]
    trainer.train(jobs, checkpoint=state)
    for job in jobs:
        assert_both_show(database, job.folder)
        assert read_mlflow(database, job.folder).status == "FINISHED finished"


def test_a_run_that_is_interrupted_is_shown_so_and_goes_on(make_job: MakeJob, tmp_path: Path, database: str) -> None:
    job, state = tracked(make_job, database), tmp_path / "state.safetensors"
    trainer.Trainer([job], job.config.dataset.load(), checkpoint=state, until=2).train()
    assert_both_show(database, job.folder)
    assert read_mlflow(database, job.folder).status == "KILLED interrupted"
    assert read_tensorboard(job.folder).status == ""  # it may go on
    trainer.train([job], checkpoint=state)
    assert_both_show(database, job.folder)
    assert read_mlflow(database, job.folder).status == "FINISHED finished"
    assert read_tensorboard(job.folder).status == "success"


def test_tracking_may_begin_when_a_run_goes_on(make_job: MakeJob, tmp_path: Path, database: str) -> None:
    job, state = tracked(make_job, database), tmp_path / "state.safetensors"
    silent = replace(job, config=job.config.model_copy(update={"tracking": type(job.config.tracking)()}))
    trainer.Trainer([silent], job.config.dataset.load(), checkpoint=state, until=2).train()
    assert not list(job.folder.glob("events.*"))
    trainer.train([job], checkpoint=state)
    assert_both_show(database, job.folder)


def test_a_run_that_fails_is_shown_as_failed(make_job: MakeJob, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trained, never = tracked(make_job, database), tracked(make_job, database, "seed=1")

    def fail(done: float) -> None:
        if done > 2:
            raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError):
        trainer.train([trained], progress=fail)
    write_failure(never, "the worker process died")
    assert_both_show(database, trained.folder)
    for job in (trained, never):
        assert read_mlflow(database, job.folder).status == "FAILED failed"
        assert read_tensorboard(job.folder).status == "failure"
    write_failure(trained, "the worker process died later")  # what was there stays there
    assert len(read_tensorboard(trained.folder).metrics["train_loss"]) == 3


def test_the_hparams_tab_compares_runs(make_job: MakeJob, tmp_path: Path, database: str) -> None:
    from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
    from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.hparams import api_pb2
    from tensorboard.plugins.hparams.backend_context import Context
    from tensorboard.plugins.hparams.list_session_groups import Handler

    settings = [
        ("optimizer.lr=0.1",),
        ("optimizer.lr=1e30", "model.l2=0.1"),
        ("model.hidden=[3,4]", "optimizer.lr=0.1"),
    ]
    jobs = [tracked(make_job, database, *overrides) for overrides in settings]
    for job in jobs:
        trainer.train([job])
    runs = EventMultiplexer().AddRunsFromDirectory(str(tmp_path)).Reload()
    context = Context(TBContext(data_provider=MultiplexerDataProvider(runs, str(tmp_path))))
    experiment = context.experiment_from_metadata(
        RequestContext(), "", True, context.hparams_metadata(RequestContext(), ""), None
    )
    assert {"optimizer.lr", "model.hidden", "seed"} <= {info.name for info in experiment.hparam_infos}
    assert "best/validation_accuracy" in {info.name.tag for info in experiment.metric_infos}
    statuses = [api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE, api_pb2.STATUS_RUNNING, api_pb2.STATUS_UNKNOWN]
    columns = [api_pb2.ColParams(metric=info.name) for info in experiment.metric_infos]
    request = api_pb2.ListSessionGroupsRequest(
        col_params=[*columns, api_pb2.ColParams(hparam="optimizer.lr"), api_pb2.ColParams(hparam="model.hidden")],
        allowed_statuses=statuses,
        slice_size=10,
        include_metrics=True,
    )
    groups = Handler(RequestContext(), context, "", request).run().session_groups
    by_run = {group.sessions[0].name: group for group in groups}
    assert {name: group.sessions[0].status for name, group in by_run.items()} == {
        "0": api_pb2.STATUS_SUCCESS,
        "1": api_pb2.STATUS_FAILURE,
        "2": api_pb2.STATUS_SUCCESS,
    }
    assert by_run["1"].hparams["optimizer.lr"].number_value == 1e30
    assert by_run["2"].hparams["model.hidden"].string_value == "[3,4]"
    values = {value.name.tag: value.value for value in by_run["0"].metric_values}
    best = json.loads((jobs[0].folder / "result.json").read_text())["metrics"]["best_validation_accuracy"]
    assert values["best/validation_accuracy"] == np.float32(best)


def test_a_tracker_that_fails_is_told_of_once_and_costs_nothing(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Tracking, "_warned", set())
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    def full(self: TensorBoard, history: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(TensorBoard, "record", full)
    jobs = [tracked(make_job, "http://127.0.0.1:9", f"seed={seed}") for seed in (0, 1)]
    silent = [make_job(*SMALL, f"seed={seed}") for seed in (0, 1)]
    outcomes, expected = trainer.train(jobs), trainer.train(silent)
    assert [outcome.metrics for outcome in outcomes] == [outcome.metrics for outcome in expected]
    error_lines = capfd.readouterr().err.splitlines()
    assert [line.partition("tracking=")[2].split(",")[0] for line in error_lines if "tracking=" in line] == [
        "tensorboard failed",
        "mlflow failed",
    ]
    for job, other in zip(jobs, silent, strict=True):
        log = (job.folder / "run.log").read_text()
        assert log.count("tracking=tensorboard failed, the run continues without it: OSError: No space left") == 1
        assert log.count("tracking=mlflow failed, the run continues without it: MlflowException: ") == 1
        for name in ("model.safetensors",):
            assert (job.folder / name).read_bytes() == (other.folder / name).read_bytes()


def test_what_a_tracker_has_missed_the_next_command_tells_it(
    make_job: MakeJob, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tracking, "_warned", set())
    real = MLflow.record

    def fails(self: MLflow, history: Any) -> None:
        if len(history) == 3:
            raise OSError("the server has gone")
        real(self, history)

    job = tracked(make_job, database, "seed=77")
    with monkeypatch.context() as patch:
        patch.setattr(MLflow, "record", fails)
        trainer.train([job])
    assert read_mlflow(database, job.folder).status == "RUNNING None"
    for _ in range(2):  # the second time there is nothing to tell
        catch_up([job])
        assert_both_show(database, job.folder)
    assert read_mlflow(database, job.folder).status == "FINISHED finished"


def test_two_that_make_an_experiment_at_once_share_it(make_job: MakeJob, database: str) -> None:
    from mlflow.tracking import MlflowClient

    trainer.train([tracked(make_job, database, "seed=78")])
    client = MlflowClient(database)
    [experiment] = [one for one in client.search_experiments() if one.name != "Default"][:1]
    with pytest.MonkeyPatch.context() as patch:
        answers = iter([None, experiment])
        patch.setattr(MlflowClient, "get_experiment_by_name", lambda self, name: next(answers))
        assert _experiment.__wrapped__(database, experiment.name)[1] == experiment.experiment_id


def test_mlflow_has_the_network_and_the_usual_tags(make_job: MakeJob, database: str) -> None:
    from mlflow.tracking import MlflowClient

    job = tracked(make_job, database, "seed=79")
    trainer.train([job])
    client = MlflowClient(database)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    [run] = [run for run in client.search_runs(experiments) if run.data.tags["folder"] == str(job.folder.resolve())]
    assert run.info.run_name.startswith(f"{job.folder.name}: dataset=square")
    assert "seed=79" in run.info.run_name
    assert run.data.tags["parameters"] == str(
        json.loads((job.folder / "result.json").read_text())["metrics"]["parameters"]
    )
    assert run.data.tags["mlflow.source.name"] == "python -m pipeline"
    [model] = client.list_artifacts(run.info.run_id)
    assert (
        Path(client.download_artifacts(run.info.run_id, model.path)).read_bytes()
        == (job.folder / "model.safetensors").read_bytes()
    )


def test_a_run_is_the_same_run_tracked_or_not(make_job: MakeJob, database: str) -> None:
    job, silent = tracked(make_job, database), make_job(*SMALL)
    assert job.identity == Identity.of(silent.config, silent.config.dataset.load().fingerprint)
    assert job.command == silent.command


def test_what_is_not_installed_is_told_before_anything_starts(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    absent = ("tensorboard", "mlflow")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in absent else find(name))
    make_job()
    with pytest.raises(ConfigError) as caught:
        make_job("tracking=[mlflow,tensorboard]")
    assert caught.value.mistakes == [
        "tracking=tensorboard: the package tensorboard is missing; pip install 'scratchnet-sweeps[tensorboard]'",
        "tracking=mlflow: the package mlflow is missing; pip install 'scratchnet-sweeps[mlflow]'",
    ]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of MLflow's server, with a database of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    words += ["--backend-store-uri", f"sqlite:///{tmp_path}/server.db", "--artifacts-destination", f"{tmp_path}/sent"]
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words],
            cwd=tmp_path,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + 300
        while not answers(f"http://127.0.0.1:{port}/health"):
            assert process.poll() is None, (tmp_path / "server.log").read_text()
            assert time.monotonic() < end, (tmp_path / "server.log").read_text()
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(address: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(address) as answer:
        return bool(answer.status == 200)
    return False


def test_the_best_run_has_the_report_and_an_onnx_file(tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    pytest.importorskip("onnx")
    out, _ = pipeline(tmp_path, "-m", *COMMON, "tracking=mlflow", "model.hidden=[4],[9,9]")
    client = MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    runs = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    there = {
        Path(run.data.tags["folder"]).name: [file.path for file in client.list_artifacts(run.info.run_id)]
        for run in runs
    }
    best = str(pd.read_csv(tmp_path / "outputs/s/report/tables/table.csv")["run"][0])
    assert there.pop(best) == ["model.onnx", "model.safetensors", "report"]
    assert list(there.values()) == [["model.safetensors"]]
    assert out[-1] == "report: outputs/s/report/index.html"


def test_a_sweep_of_which_nothing_finished_has_a_report_and_no_onnx_file(tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    pytest.importorskip("onnx")
    diverging = ["optimizer.momentum=0.9", "optimizer.lr=0.1", "model.l2=38.2,38.4"]  # in the second epoch
    pipeline(tmp_path, "-m", *COMMON, "tracking=mlflow", *diverging)
    client = MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    runs = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    files = [[file.path for file in client.list_artifacts(run.info.run_id)] for run in runs]
    assert sorted(files) == [["model.safetensors"], ["model.safetensors", "report"]]


@pytest.mark.slow
def test_a_server_has_all_that_two_workers_send(tmp_path: Path, server: str) -> None:
    from mlflow.tracking import MlflowClient

    tracked_there = ["tracking=mlflow", f"tracking.mlflow={server}"]
    pipeline(tmp_path, "-m", *COMMON, *tracked_there, "model.hidden=[4],[9,9]", "hydra.launcher.workers=2")
    client = MlflowClient(server)
    for run in ("0", "1"):
        folder = tmp_path / "outputs" / "s" / run
        seen = read_mlflow(server, folder)
        assert_shows(seen, folder)
        assert seen.status == "FINISHED finished"
    runs = client.search_runs([experiment.experiment_id for experiment in client.search_experiments()])
    number = {Path(run.data.tags["folder"]).name: run.info.run_id for run in runs}
    there = {name: [file.path for file in client.list_artifacts(run)] for name, run in number.items()}
    report = tmp_path / "outputs/s/report"
    best = pd.read_csv(report / "tables/table.csv")["run"].astype(str)[0]
    assert there.pop(best) == ["model.onnx", "model.safetensors", "report"]
    assert list(there.values()) == [["model.safetensors"]]
    page = Path(client.download_artifacts(number[best], "report/index.html"))
    assert page.read_bytes() == (report / "index.html").read_bytes()
    drawn = {Path(file.path).name for file in client.list_artifacts(number[best], "report/figures")}
    assert drawn == {path.name for path in (report / "figures").iterdir()}


@pytest.mark.slow
def test_a_sweep_that_is_killed_is_tracked_as_one_that_was_not(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/outputs/mlflow.db"
    command = ["-m", "tracking=[tensorboard,mlflow]", *LONGER, "model.hidden=[4],[9,9]", "training.epochs=5,6"]
    command += ["training.batch_size=8", "training.kernel=plain"]
    sweep = tmp_path / "outputs" / "s"
    history = sweep / "0" / "history.csv"
    with running(tmp_path, *command, step=SLOWLY) as process:
        wait_for(history)
        while "\n2," not in history.read_text():
            assert process.poll() is None
            time.sleep(0.05)
        stop(process, signal.SIGKILL)
    pipeline(tmp_path, *command)
    runs = figures(sweep)
    assert len(runs) == 4
    assert "resumed after epoch" in (sweep / "0" / "run.log").read_text()
    for run in runs:
        assert_both_show(database, sweep / run)
        assert read_mlflow(database, sweep / run).status == "FINISHED finished"
