"""Live progress: a bar with an ETA on a terminal, elsewhere a plain line now and then."""

import math
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Column

from pipeline.files import HISTORY, read_whole
from pipeline.metrics import SELECTION, selected
from pipeline.runs.history import History, read_history
from pipeline.runs.job import Job
from pipeline.runs.metrics import best_row, task_of

_POLL_SECONDS = 0.5
_PAUSES = 20  # times as long as reading took: long histories would keep this thread from anything else
_LINE_SECONDS = 10.0


class Board:
    """Follows runs through their history.csv files, wherever they train.

    `show`: "auto" (a bar on a terminal, else lines), "plain" (lines) or "off". `within`: files that say how far within
    an epoch runs are, with the numbers of these runs.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        show: str = "auto",
        lengths: Sequence[float] | None = None,
        within: Mapping[Path, Sequence[int]] = {},
    ) -> None:
        self.jobs, self.show, self.within = jobs, show, within
        self.lengths = [job.config.training.epochs for job in jobs] if lengths is None else lengths
        self.total = sum(self.lengths)
        self.epochs = [0.0] * len(jobs)
        self.ended = [False] * len(jobs)
        self.best: tuple[float, str] | None = None
        self.started = self.last_line = time.monotonic()
        self._seen: dict[Path, int] = {}
        self._stop = threading.Event()
        console = Console(stderr=True)
        self.bar = Progress(
            TextColumn("{task.fields[runs]}"),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:3.0f} %  {task.fields[rate]}", table_column=Column(no_wrap=True)),
            TimeElapsedColumn(table_column=Column(min_width=7)),
            TextColumn("ETA"),
            TimeRemainingColumn(table_column=Column(min_width=7)),
            # The column that shrinks on a narrow terminal.
            TextColumn("{task.fields[best]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
            console=console,
            transient=True,
            expand=True,
            disable=show != "auto" or not console.is_terminal,
            speed_estimate_period=120,
        )
        self.plain = show == "plain" or (show == "auto" and not console.is_terminal)
        self.task = self.bar.add_task("sweep", total=self.total, runs="", rate="", best="")
        self.thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self.bar.start()
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self.thread.join()
        self._read_histories()
        self._display(last=True)
        self.bar.stop()

    def end(self, number: int) -> None:
        """Run `number` has ended, at whatever epoch."""
        self.ended[number] = True

    def advance(self, number: int, epochs: float) -> None:
        """Run `number` has trained `epochs`, fractions included: finer than the files."""
        self.epochs[number] = min(max(self.epochs[number], epochs), self.lengths[number])

    def _follow(self) -> None:
        due = 0.0
        while not self._stop.wait(_POLL_SECONDS):
            if (start := time.monotonic()) >= due:
                self._read_histories()
                due = (1 + _PAUSES) * (time.monotonic() - start) + start
            self._read_within()
            self._display()

    def _read_within(self) -> None:
        for path, numbers in self.within.items():
            with suppress(OSError, ValueError):  # there is none yet
                epochs = float(read_whole(path, 100))
                for number in numbers:
                    self.advance(number, epochs)

    def _read_histories(self) -> None:
        for number, job in enumerate(self.jobs):
            try:
                changed = (job.folder / HISTORY).stat().st_mtime_ns
            except OSError:
                continue  # not started yet
            if self._seen.get(job.folder) == changed:
                continue
            self._seen[job.folder] = changed
            history = read_history(job.folder)
            if not isinstance(history, History):
                continue
            metric, rows = selected(job.config.training.select, task_of(history.names)), history.rows
            self.advance(number, rows[-1]["epoch"])
            best = best_row(rows, metric) or {}
            score = best.get(metric.on(SELECTION), math.nan)
            rank = metric.rank(score)
            if rank > (self.best[0] if self.best else -math.inf):
                self.best = (rank, f"{metric.heading(SELECTION)} {score:.4f} ({_settings(job)})")

    def _display(self, last: bool = False) -> None:
        now = time.monotonic()
        done = sum(
            length if ended else epochs
            for length, epochs, ended in zip(self.lengths, self.epochs, self.ended, strict=True)
        )
        seconds = now - self.started
        runs = (
            f"{sum(self.ended)}/{len(self.jobs)} runs, {done:.{1 if self.total < 20 else 0}f}/{self.total:.0f} epochs"
        )
        rate = _rate(done, seconds)
        best = f"best {self.best[1]}" if self.best else ""
        self.bar.update(self.task, completed=done, runs=runs, rate=rate, best=best)
        if self.plain and not last and now - self.last_line >= _LINE_SECONDS:
            self.last_line = now
            eta = f"ETA {seconds / done * (self.total - done):.0f} s" if done else "ETA unknown"
            print(", ".join(filter(None, (runs, rate, eta, best))), file=sys.stderr, flush=True)


def _rate(epochs: float, seconds: float) -> str:
    """Epochs a second, or seconds an epoch where that is more than one."""
    if not epochs:
        return "starting"
    return f"{epochs / seconds:.1f} epochs/s" if epochs >= seconds else f"{seconds / epochs:.1f} s/epoch"


def _settings(job: Job) -> str:
    """The overrides that the user typed for this run, without those of launchers and trackers."""
    settings = [
        text for text in job.overrides if not text.startswith(("experiment", "sweep", "hydra", "tracking", "+", "~"))
    ]
    return " ".join(settings) or "defaults"
