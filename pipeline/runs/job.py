"""One run to train, and how it ended."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.config.schema import Config
from pipeline.runs.identity import Identity
from pipeline.runs.provenance import rerun_command

Status = Literal["finished", "diverged", "failed", "interrupted"]
HEADER = "scratchnet"  # the metadata of model.safetensors: `pipeline.runs.model.Header` as JSON
ENDED = ("finished", "diverged")  # what training again would only repeat
Row = dict[str, float]  # one epoch of history.csv


@dataclass(frozen=True)
class Job:
    """One run to train: what, where to, and the overrides that the user gave for it."""

    config: Config
    folder: Path
    overrides: tuple[str, ...] = ()
    config_folder: str | None = None  # of the user's own groups
    identity: Identity | None = None

    @property
    def command(self) -> str:
        """What trains this one run again."""
        return rerun_command(self.overrides, self.config_folder)

    def facts(self) -> dict[str, Any]:
        """What a checkpoint says of the run that it belongs to."""
        identity = self.identity.facts() if self.identity else None
        return {"folder": self.folder.name, "identity": identity}


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `score` is the best accuracy or R² on validation (none where there is no validation)."""

    status: Status
    metrics: Mapping[str, float]
    message: str | None = None

    def summary(self) -> str:
        """One line for a person."""
        figures = [
            f"{split} {name} {self.metrics[f'best_{split}_{name}']:.4f}"
            for split in ("validation", "test", "train")
            for name in ("accuracy", "r2")
            if not math.isnan(self.metrics.get(f"best_{split}_{name}", math.nan))
        ]
        epoch = f" at epoch {self.metrics['best_epoch']:g}" if figures else ""
        return f"{self.status}: " + (self.message or ", ".join(figures) + epoch)

    @property
    def score(self) -> float | None:
        """What a sweeper may maximise."""
        names = ("best_validation_accuracy", "best_validation_r2")
        scores = [self.metrics[name] for name in names if not math.isnan(self.metrics.get(name, math.nan))]
        return scores[0] if scores else None


def read_outcome(folder: Path) -> Outcome | None:
    """How the run in `folder` ended; None where it has not, or its record cannot be read."""
    try:
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        metrics = {name: math.nan if value is None else value for name, value in result["metrics"].items()}
        return Outcome(result["status"], metrics, result["message"])
    except (OSError, ValueError, KeyError, AttributeError):
        return None
