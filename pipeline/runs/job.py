"""A run to train."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config.schema import Config
from pipeline.datasets import Task
from pipeline.runs.identity import Identity
from pipeline.runs.provenance import rerun_command, software
from pipeline.runs.result import Result, Status


@dataclass(frozen=True)
class Job:
    """A run to train: its configuration, its folder, and the overrides that the user gave."""

    config: Config
    folder: Path
    overrides: tuple[str, ...] = ()
    config_folder: str | None = None  # of the user's own groups
    identity: Identity | None = None

    @property
    def command(self) -> str:
        """The command that trains this run again."""
        return rerun_command(self.overrides, self.config_folder)

    def facts(self) -> dict[str, Any]:
        """How a checkpoint identifies its runs."""
        identity = self.identity.facts() if self.identity else None
        return {"folder": self.folder.name, "identity": identity}

    def result(
        self,
        status: Status,
        message: str | None,
        task: Task | None = None,
        metrics: Mapping[str, float] = {},
        seconds: Mapping[str, float] = {},
        provenance: Mapping[str, Any] = {},
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
            provenance={"command": self.command, **provenance, **software()},
            overrides=list(self.overrides),
            config=self.config.model_dump(),
        )
