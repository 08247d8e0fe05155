"""A run to train."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config.schema import Config
from pipeline.datasets import Task
from pipeline.runs.identity import Identity
from pipeline.runs.provenance import accelerator, rerun_command, software
from pipeline.runs.result import Result, Status


@dataclass(frozen=True)
class Job:
    """A run to train: its configuration, its folder, and the overrides that the user gave."""

    config: Config
    folder: Path
    overrides: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()  # of the command line: where its configuration comes from
    identity: Identity | None = None
    path: str | None = None  # of the folder in its sweep's, where it is not the name alone

    @property
    def command(self) -> str:
        """The command that trains this run again."""
        return rerun_command(self.overrides, self.flags)

    @property
    def name(self) -> str:
        """What the run is called in its sweep: "3", or "a/b" with folders in one another."""
        return self.path or self.folder.name

    def facts(self) -> dict[str, Any]:
        """How a checkpoint identifies its runs."""
        identity = self.identity.facts() if self.identity else None
        return {"folder": self.name, "identity": identity}

    def result(
        self,
        status: Status,
        message: str | None,
        task: Task | None = None,
        metrics: Mapping[str, float] = {},
        seconds: Mapping[str, float] = {},
        provenance: Mapping[str, Any] = {},
        files: Mapping[str, str] = {},
    ) -> Result:
        """The record of how the run ended; a run that failed before training has only a message."""
        return Result(
            format=1,
            status=status,
            message=message,
            task=task,
            identity=self.identity.facts() if self.identity else None,
            metrics=dict(metrics),
            seconds=dict(seconds),
            provenance={"command": self.command, **provenance, **software(), **accelerator()},
            overrides=list(self.overrides),
            files=dict(files),
            config=self.config.model_dump(),
        )
