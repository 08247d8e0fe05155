"""A run in TensorBoard: event files in the run's folder, with its settings for the HPARAMS tab."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.runs.job import Job
from pipeline.runs.metrics import Row
from pipeline.runs.result import Result
from pipeline.runs.tracking._facts import best_metrics, metrics, settings


class TensorBoard:
    """Writes one event file; a resumed run's is rewritten from its history."""

    def __init__(self, job: Job) -> None:
        self.job, self.recorded = job, 0
        self.writer: Any = None

    def record(self, history: Sequence[Row]) -> None:
        if self.writer is None:
            for old in self.job.folder.glob("events.out.tfevents.*"):
                old.unlink()
            self._open()
        now = time.time()
        for i in range(self.recorded, len(history)):
            later = sum(row["seconds"] for row in history[i + 1 :])  # pauses between sessions do not count
            self._write(metrics(history[i], history[0]), int(history[i]["epoch"]), now - later)
        self.recorded = len(history)
        self.writer.flush()

    def end(self, result: Result) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

        if self.writer is None:  # a run that failed outside training: keep what is there
            self._open()
        best = best_metrics(result)
        if best:
            self._write(best, int(result.metrics["best_epoch"]), time.time())
        if result.status != "interrupted":
            status = api_pb2.STATUS_SUCCESS if result.status == "finished" else api_pb2.STATUS_FAILURE
            ended = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=time.time())
            data = plugin_data_pb2.HParamsPluginData(session_end_info=ended)
            about = metadata.create_summary_metadata(data)
            value = Summary.Value(tag=metadata.SESSION_END_INFO_TAG, metadata=about, tensor=metadata.NULL_TENSOR)
            self.writer.file_writer.add_summary(Summary(value=[value]))
        self.writer.add_text("status", f"{result.status}: {result.message}" if result.message else result.status)
        self.writer.close()
        self.writer = None

    def _open(self) -> None:
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb
        from torch.utils.tensorboard import SummaryWriter

        self.writer, self.recorded = SummaryWriter(str(self.job.folder)), 0
        allowed = {key: "null" if value is None else value for key, value in settings(self.job).items()}
        self.writer.file_writer.add_summary(hparams_pb(allowed, trial_id=str(self.job.folder.resolve())))
        self.writer.add_text("folder", str(self.job.folder.resolve()))
        self.writer.add_text("command", f"    {self.job.command}")

    def _write(self, figures: Mapping[str, float], epoch: int, wall_time: float) -> None:
        for name, value in figures.items():
            self.writer.add_scalar(name, value, epoch, wall_time)
