"""The schema: every section a configuration has, and the keys of those that are no group of choices.

The groups under conf/ give the values, this file and the choices say which are allowed.
"""

import importlib.util
from typing import Annotated, Literal

from pydantic import Field, SerializeAsAny

from pipeline.choices import Choice, Count, Probability, Section, Seed
from pipeline.datasets import DatasetChoice
from pipeline.models import ModelChoice
from pipeline.optimizers import OptimizerChoice
from pipeline.schedules import ScheduleChoice


class Training(Section):
    """How long, in which pieces and where a run trains."""

    epochs: Count = Field(description="passes over the training examples, 1 or more")
    batch_size: Count = Field(description="examples a step, a whole number of 1 or more")
    order_seed: Seed = Field(description="a whole number, 0 or more: draws the order of the examples")
    label_smoothing: Probability = Field(description="from 0 up to, but not including, 1; for classification")
    patience: Annotated[int, Field(ge=0)] = Field(
        description="0 to train all epochs, or stop after so many without a better validation score"
    )
    log_every: Annotated[int, Field(ge=0)] = Field(
        description="0, or write the batch loss every so many steps to steps.csv"
    )
    dtype: Literal["float32", "float64"]
    device: Literal["auto", "cpu", "cuda"]
    kernel: Literal["auto", "plain", "lookahead", "fused"] = Field(
        description="auto, plain, lookahead (SGD on small batches reordered) or fused (mini-batches; both on the CPU)"
    )
    threads: Count = Field(description="threads a run computes with, 1 or more; the same number, the same digits")

    def mistakes(self, config: "Config") -> list[str]:
        mistakes, dataset = [], config.dataset
        if self.patience and not dataset.validation_fraction:
            mistakes.append(f"training.patience={self.patience}: needs dataset.validation_fraction above 0")
        if self.label_smoothing and dataset.known_task == "regression":
            smoothing = f"training.label_smoothing={self.label_smoothing}"
            mistakes.append(f"{smoothing}: dataset={dataset.name} has no classes; take 0")
        return mistakes


class Sweep(Section):
    """What a sweep does as a whole; nothing here changes the figures of a run."""

    kind: Literal["grid", "halving"]
    keep: Annotated[float, Field(gt=0, lt=1)] = Field(description="the share of runs that goes on, between 0 and 1")
    rungs: Annotated[int, Field(ge=2)] = Field(description="2 or more: how often runs are compared, the end included")
    name: Annotated[str, Field(min_length=1)] = Field(description="the name of the sweep's folder under outputs/")
    resume: str | None = Field(description="null, or the folder of a sweep to go on with, wherever it is")
    dry_run: bool = Field(description="true to print the plan and stop")
    zip: list[list[str]] = Field(
        description="lists of swept keys that go in step instead of crossed: [[optimizer.lr,training.batch_size]]"
    )
    max_failures: Annotated[int, Field(ge=0)] | None = Field(
        description="null, or the number of failed runs after which the sweep stops"
    )
    mismatch: Literal["stop", "keep", "retrain"] = Field(
        description="stop, keep or retrain: what to do with runs in the folder that are no longer what is asked for"
    )

    def mistakes(self, config: "Config") -> list[str]:
        if self.kind == "halving" and not config.dataset.validation_fraction:
            return ["sweep=halving: needs dataset.validation_fraction above 0: it compares runs on validation"]
        return []


class Tracking(Section):
    """Which other tools are told of a run as it trains; nothing here changes its figures."""

    tensorboard: bool = Field(
        default=False, description="true to write TensorBoard's event files into the run's folder"
    )
    mlflow: Annotated[str, Field(pattern=r"^[a-z+]+://.+")] | None = Field(
        default=None, description="null, or MLflow's tracking URI: sqlite:///FILE or http://HOST:PORT"
    )
    experiment: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="null to call MLflow's experiment by the sweep's folder, or its name"
    )

    def mistakes(self, config: "Config") -> list[str]:
        """A line for each tracker that is asked for and not installed."""
        trackers = {"tensorboard": self.tensorboard, "mlflow": self.mlflow is not None}
        return [
            f"tracking={name}: {name} is not installed; pip install 'scratchnet-sweeps[{name}]'"
            for name, wanted in trackers.items()
            if wanted and importlib.util.find_spec(name) is None
        ]


class Config(Section):
    """A whole configuration: one run."""

    model: SerializeAsAny[ModelChoice]
    dataset: SerializeAsAny[DatasetChoice]
    optimizer: SerializeAsAny[OptimizerChoice]
    schedule: SerializeAsAny[ScheduleChoice]
    training: Training
    seed: Seed = Field(description="a whole number, 0 or more: draws the initial weights and dropout")
    sweep: Sweep
    tracking: Tracking = Field(default_factory=Tracking)  # runs trained before there was any have none

    def all_mistakes(self) -> list[str]:
        """Those of all sections: values that are fine alone and wrong together, or names that the engine lacks."""
        choices: list[Section] = [self.model, self.dataset, self.optimizer, self.schedule]
        sections = [*choices, self.training, self.sweep, self.tracking]
        mistakes = [mistake for section in sections for mistake in section.mistakes(self)]
        return mistakes or [mistake for section in sections for mistake in section.unknown_parts()]


def sections_of(key: str) -> dict[str, type[Section]]:
    """What a key of the configuration can be: the choices of its group by name, one section, or {} for a value."""
    field = Config.model_fields.get(key)
    kind = field.annotation if field else None
    if not isinstance(kind, type) or not issubclass(kind, Section):
        return {}
    return {name: kind.named(name) for name in kind.names()} if issubclass(kind, Choice) else {key: kind}


def keys_of(section: str) -> set[str]:
    """All keys that `section` ("" for the top level) can have, over the choices of its group."""
    if not section:
        return set(Config.model_fields)
    return {key for kind in sections_of(section).values() for key in kind.model_fields}


def describe(key: str, choice: str = "") -> str | None:
    """What is allowed for a dotted key, in words; of a group, for the choice named."""
    section, _, leaf = key.rpartition(".")
    sections: dict[str, type[Section]] = sections_of(section) if section else {"": Config}
    for kind in [sections[choice]] if choice in sections else sections.values():
        if leaf in kind.model_fields:
            return kind.model_fields[leaf].description
    return None
