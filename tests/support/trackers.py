"""What TensorBoard and MLflow say of a run when they are asked, and what its own folder says."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


@dataclass
class Seen:
    """One run as a tool shows it. `metrics`: by the names of history.csv, epochs and values in their order."""

    metrics: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    status: str = ""
    folder: str = ""


def read_tensorboard(folder: Path) -> Seen:
    """By TensorBoard's own reader of event files, told to keep what it finds twice."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import metadata

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0}, purge_orphaned_data=False)
    events.Reload()
    seen = Seen()
    for tag in events.Tags()["scalars"]:
        seen.metrics[tag.replace("/", "_", 1)] = [(event.step, event.value) for event in events.Scalars(tag)]
    content = events.PluginTagToContent("hparams")
    begun = metadata.parse_session_start_info_plugin_data(content[metadata.SESSION_START_INFO_TAG])
    seen.settings = {name: getattr(value, str(value.WhichOneof("kind"))) for name, value in begun.hparams.items()}
    if metadata.SESSION_END_INFO_TAG in content:
        ended = metadata.parse_session_end_info_plugin_data(content[metadata.SESSION_END_INFO_TAG])
        seen.status = {1: "success", 2: "failure"}[ended.status]
    seen.folder = events.Tensors("folder/text_summary")[-1].tensor_proto.string_val[0].decode()
    return seen


def read_mlflow(database: str, folder: Path) -> Seen:
    """By MLflow's client, which has one run of this folder."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(database)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    [run] = [run for run in client.search_runs(experiments) if run.data.tags["folder"] == str(folder.resolve())]
    metrics = {name: client.get_metric_history(run.info.run_id, name) for name in run.data.metrics}
    return Seen(
        {name.replace("/", "_", 1): [(metric.step, metric.value) for metric in rows] for name, rows in metrics.items()},
        run.data.params,
        f"{run.info.status} {run.data.tags.get('status')}",
        run.data.tags["folder"],
    )


def assert_shows(seen: Seen, folder: Path, precision: type = np.float64) -> None:
    """The tool has every epoch of the run in `folder` once, and its best figures if it has ended."""
    result = json.loads((folder / "result.json").read_text())
    history = pd.read_csv(folder / "history.csv").dropna(axis=1, how="all")
    expected = {name: list(zip(history["epoch"], history[name], strict=True)) for name in history if name != "epoch"}
    epoch = result["metrics"]["best_epoch"]
    if result["status"] in ("finished", "diverged") and epoch is not None:
        best = {name: value for name, value in result["metrics"].items() if name.startswith("best_")}
        expected |= {n: [(epoch, value)] for n, value in best.items() if n != "best_epoch" and value is not None}
    assert seen.metrics.keys() == expected.keys()
    for name, rows in expected.items():
        assert [step for step, _ in seen.metrics[name]] == [step for step, _ in rows], name
        if name != "seconds":  # an epoch that is trained again takes another time
            values = np.clip([value for _, value in rows], -np.finfo("d").max, np.finfo("d").max)  # as databases do
            recorded = np.clip([value for _, value in seen.metrics[name]], -np.finfo("d").max, np.finfo("d").max)
            with np.errstate(over="ignore"):
                np.testing.assert_array_equal(recorded.astype(precision), values.astype(precision), name)
    assert seen.folder == str(folder.resolve())
