"""result.json: the record of how a run ended, for every part of the pipeline that writes or reads it."""

import json
import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from pipeline.datasets import Task
from pipeline.errors import one_line
from pipeline.files import RESULT, digest, digest_of_json, read_whole, write_json
from pipeline.flatten import flatten
from pipeline.metrics import SELECTION, SPLITS, Metric, selected
from pipeline.runs.problem import Problem

_MOST_BYTES = 64 * 2**20
_OPTIONAL = ("dropped_at_epoch", "files")

Status = Literal["finished", "diverged", "failed", "interrupted"]


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer too large for a float
        return False


def _figure(value: Any) -> float:
    """A number; in the file NaN and infinity are null, as JSON has neither."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
        raise ValueError("should be a number or null")
    return value


def _facts(value: dict[str, Any]) -> dict[str, Any]:
    for name, fact in flatten("", value):
        if isinstance(fact, (int, float)) and not _is_finite(fact):
            raise ValueError(f"{name} should be a finite number")
    return value


Figures = dict[str, Annotated[float, PlainValidator(_figure)]]
Facts = Annotated[dict[str, Any], AfterValidator(_facts)]


class Result(BaseModel):
    """The record of a run. Unknown keys, of a later version, are kept when it is written again.

    `dropped_at_epoch`: where successive halving stopped the run, which is `interrupted` and can be resumed.
    `files`: sha256 of history.csv and model.safetensors as the run left them; None in runs of earlier
    versions, whose record has no checksum either.
    `task`: None for a run that failed before its data was read. `metrics`: `final_*` of the last epoch, `best_*` of
    the best one and `parameters`, by the names of `pipeline.runs.metrics`. `seconds`: `total`, and its parts.
    """

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    format: Literal[1]
    status: Status
    message: str | None
    dropped_at_epoch: int | None = Field(default=None, ge=0, lt=2**53, validate_default=True)
    task: Task | None = None
    identity: dict[str, str] | None = None
    metrics: Figures
    seconds: Figures = {}
    provenance: Facts = {}
    overrides: list[str] = []
    files: dict[str, str] | None = None
    config: Facts

    @field_validator("dropped_at_epoch", mode="before")
    @classmethod
    def _from_message(cls, value: Any, info: ValidationInfo) -> Any:
        """Version 0.1.0 wrote it only into the message."""
        phrase = re.match(r"dropped by halving after epoch (\d{1,9}):", info.data.get("message") or "")
        return int(phrase[1]) if value is None and phrase else value

    @property
    def ended(self) -> bool:
        """Whether the run is over: training it again would only repeat it."""
        return self.status in ("finished", "diverged")

    @property
    def decided(self) -> bool:
        """Whether the run is over, or successive halving has dropped it."""
        return self.ended or self.dropped_at_epoch is not None

    @property
    def metric(self) -> Metric:
        """What its best epoch is the best by, on validation."""
        training = self.config.get("training")
        select = training.get("select") if isinstance(training, dict) else None
        return selected(select, self.task or "classification")

    @property
    def score(self) -> float | None:
        """What a sweeper may optimise: the best epoch's `metric` on validation; None if there is none."""
        value = self.metrics.get(self.metric.best(SELECTION), math.nan)
        return None if math.isnan(value) else value

    def summary(self) -> str:
        """One line for the user."""
        scores = {self.metric.heading(split): self.metrics.get(self.metric.best(split), math.nan) for split in SPLITS}
        figures = [f"{heading} {score:.4f}" for heading, score in scores.items() if not math.isnan(score)]
        epoch = f" at epoch {self.metrics.get('best_epoch', math.nan):g}" if figures else ""
        return f"{self.status}: " + (self.message or ", ".join(figures) + epoch)

    def dropped(self, epoch: int, stay: int) -> Self:
        """The record of this run once successive halving has dropped it at `epoch`, outside the best `stay`."""
        message = f"dropped by halving after epoch {epoch}: not among the best {stay}"
        return self.model_copy(update={"message": message, "dropped_at_epoch": epoch})

    def write(self, folder: Path) -> None:
        """Replace result.json in `folder`."""
        facts = {name: value for name, value in self if name not in _OPTIONAL or value is not None}
        checksum = {} if self.files is None else {"sha256": digest(facts)}
        write_json(folder / RESULT, facts | checksum)


def read_result(folder: Path) -> Result | Problem:
    """The record of the run in `folder`, or why it cannot be read."""
    try:
        facts = json.loads(read_whole(folder / RESULT, _MOST_BYTES))
        checksum = facts.pop("sha256", None) if isinstance(facts, dict) else None
        if checksum is not None and checksum != digest_of_json(facts):
            return Problem("bad_result", folder, f"{RESULT} is not what was written (its checksum differs)")
        return Result.model_validate(facts)
    except FileNotFoundError:
        return Problem("no_result", folder, f"{RESULT} is missing")
    except OSError as error:
        return Problem("bad_result", folder, f"{RESULT} cannot be read ({error.strerror or error})")
    except ValidationError as error:  # a ValueError too
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        reason = one_line(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
        return Problem("bad_result", folder, f"{RESULT} does not describe a run ({reason})")
    except (ValueError, RecursionError) as error:
        return Problem("bad_result", folder, f"{RESULT} is not whole JSON ({one_line(error)})")


def ended_result(folder: Path) -> Result | None:
    """The record of the run in `folder` if it has ended and need not be trained again."""
    result = read_result(folder)
    return result if isinstance(result, Result) and result.ended else None
