"""The schema: all sections of a configuration, and the keys of those that are not a group of choices.

The groups under conf/ set the values; this file and the choices define which are allowed.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny

from pipeline import extras, seams
from pipeline.choices import Choice, Count, NonNegative, Positive, Probability, Section, Sections, Seed
from pipeline.datasets import DatasetChoice
from pipeline.metrics import SELECTION
from pipeline.metrics.checks import metric_mistakes
from pipeline.metrics.seam import metric
from pipeline.models import ModelChoice
from pipeline.optimizers import OptimizerChoice
from pipeline.parts import NamedPart
from pipeline.schedules import ScheduleChoice


def _kernel(name: object) -> object:
    """The kernel of a name, as version 0.1 had them too."""
    return "compiled" if name in ("lookahead", "fused") else name


def _number_as_text(name: object) -> object:
    """A name of digits, such as 2026."""
    return str(name) if type(name) is int else name


class Training(Section):
    """How long, in what batches and where a run trains."""

    epochs: Count = Field(description="passes over the training examples, 1 or more")
    batch_size: Count = Field(description="examples a step, a whole number of 1 or more")
    order_seed: Seed = Field(description="a whole number, 0 or more: draws the order of the examples")
    loss: str = Field(
        default="auto",
        description="auto, cross_entropy, binary_cross_entropy (two classes, or labels), squared_error, huber, or your "
        "own as module:name",
    )
    huber_delta: Positive = Field(
        default=1.0, description="of training.loss=huber, above 0: the error up to which it is squared"
    )
    class_weight: Literal["balanced"] | Annotated[list[NonNegative], Field(min_length=1)] | None = Field(
        default=None,
        description="null, balanced, or [1,5,…]: what an example of each class counts in training; of labels, a 1",
    )
    label_smoothing: Probability = Field(description="from 0 up to, but not including, 1; for classification")
    mixup: NonNegative = Field(
        default=0.0,  # absent in runs of earlier versions
        description="0, or α: training examples are mixed in pairs by a share drawn from Beta(α, α), such as 0.2; for "
        "classification by cross_entropy",
    )
    averaging: Probability = Field(
        default=0.0,  # absent in runs of earlier versions
        description="0, or the decay a step, below 1, of the moving average of the weights that is evaluated and saved "
        "in their place, such as 0.999",
    )
    patience: Annotated[int, Field(ge=0)] = Field(
        description="0 to train all epochs, or stop after this many epochs without a better validation score"
    )
    metrics: list[str] = Field(
        default=[],
        description="metrics to record every epoch beside loss and score: balanced_accuracy, macro_f1, roc_auc, top5, "
        "mae, rmse, or your own as module:name",
    )
    select: Annotated[str, Field(pattern=rf"^(auto|{SELECTION}_[a-zA-Z_]\w*)$")] = Field(
        default="auto",
        description="auto (validation_accuracy or validation_r2) or validation_METRIC, such as validation_loss: what "
        "the best epoch, run and setting is; never of test",
    )
    log_every: Annotated[int, Field(ge=0)] = Field(
        description="0, or the interval in steps at which to write the batch loss to steps.csv"
    )
    predictions: bool = Field(
        default=True, description="true to keep what the best epoch predicts of the test split, in predictions.npz"
    )
    dtype: Literal["float32", "float64"] = Field(description="float32, or float64 for twice the digits")
    device: Literal["auto", "cpu", "cuda"] = Field(description="auto (the GPU where torch sees one), cpu or cuda")
    kernel: Annotated[Literal["auto", "plain", "compiled"], BeforeValidator(_kernel)] = Field(
        description="auto, plain (any layer, any device) or compiled (the CPU); lookahead and fused mean compiled"
    )
    threads: Annotated[int, Field(ge=1, le=1024)] = Field(
        description="threads per run, 1 to 1024; the same number gives the same digits"
    )

    def mistakes(self, config: Sections) -> list[str]:
        mistakes, dataset = [], config.dataset
        if self.patience and not dataset.validation_fraction:
            mistakes.append(f"training.patience={self.patience}: needs dataset.validation_fraction above 0")
        if self.label_smoothing and dataset.known_task == "regression":
            smoothing = f"training.label_smoothing={self.label_smoothing}"
            mistakes.append(f"{smoothing}: dataset={dataset.name} has no classes; use 0")
        if self.mixup and self.batch_size == 1:
            mistakes.append(f"training.mixup={self.mixup}: needs training.batch_size above 1: it mixes within a batch")
        if isinstance(self.class_weight, list) and not any(self.class_weight):
            mistakes.append("training.class_weight: all 0, so there is nothing to learn; give one above 0")
        if isinstance(self.class_weight, list) and max(self.class_weight) >= 1e30:
            mistakes.append(f"training.class_weight: {max(self.class_weight):g}; allowed: 0 or more, below 1e30")
        if not 1e-30 <= self.huber_delta < 1e30:
            mistakes.append(f"training.huber_delta={self.huber_delta:g}: allowed: 1e-30 or more, below 1e30")
        if not dataset.validation_fraction and self.select != "auto":
            mistakes.append(f"training.select={self.select}: needs dataset.validation_fraction above 0")
        return mistakes + metric_mistakes(self.metrics, self.select, dataset.known_task)

    def parts(self) -> list[NamedPart]:
        losses = [] if self.loss == "auto" else [NamedPart(seams.loss, "training.loss", self.loss)]
        return [*super().parts(), *losses, *(NamedPart(metric, "training.metrics", name) for name in self.metrics)]


class Sweep(Section):
    """What a sweep does as a whole; nothing here changes the figures of a run."""

    kind: Literal["grid", "halving", "confirm"] = Field(description="what sweep=grid, halving or confirm sets")
    keep: Annotated[float, Field(gt=0, lt=1)] = Field(
        description="the share of runs that continues at each rung, between 0 and 1"
    )
    rungs: Annotated[int, Field(ge=2)] = Field(description="2 or more: how often runs are compared, including the end")
    name: Annotated[str, Field(min_length=1), BeforeValidator(_number_as_text)] = Field(
        description="the name of the sweep's folder under outputs/"
    )
    resume: str | None = Field(description="null, or the folder of a sweep to resume, anywhere")
    dry_run: bool = Field(description="true to print the plan and stop")
    zip: list[list[str]] = Field(
        description="lists of swept keys to vary together, not crossed: [[optimizer.lr,training.batch_size]]"
    )
    replicates: list[str] = Field(
        default=[],
        description="keys besides seed whose values are replicates of a setting, over which reports take means: "
        "[dataset.seed]",
    )
    grids: list[dict[str, str | int | float | bool | None]] = Field(
        default=[],  # absent in runs of earlier versions
        description="a list of grids, each a set of keys with the values to sweep as text: "
        "[{optimizer: sgd, optimizer.momentum: '0,0.9'}, {optimizer: adam}]",
    )
    title: Annotated[str, Field(min_length=1), BeforeValidator(_number_as_text)] | None = Field(
        default=None, description="null, or the title of the report, in place of the names of the swept keys"
    )
    author: Annotated[str, Field(min_length=1), BeforeValidator(_number_as_text)] | None = Field(
        default=None, description="null, or who wrote the report: the author of report.md and of the paper"
    )
    note: Annotated[str, BeforeValidator(_number_as_text)] | None = Field(
        default=None, description="null, or what readers of the report should know first, in Markdown"
    )
    hours: Positive | None = Field(
        default=None,
        description="null, or the hours after which nothing new starts; what trains then is kept for the next command",
    )
    top: Count = Field(default=3, description="for sweep=confirm: how many of the best settings to train again")
    seeds: Count = Field(default=10, description="for sweep=confirm: on how many new seeds")
    max_failures: Annotated[int, Field(ge=0)] | None = Field(
        description="null, or the number of failed runs after which the sweep stops"
    )
    mismatch: Literal["stop", "keep", "retrain"] = Field(
        description="stop, keep or retrain: for runs in the folder that this command would train differently"
    )

    def mistakes(self, config: Sections) -> list[str]:
        if self.kind == "halving" and not config.dataset.validation_fraction:
            return ["sweep=halving: needs dataset.validation_fraction above 0: it compares runs on validation"]
        if self.kind == "halving" and config.training.epochs < self.rungs:
            return [f"sweep.rungs={self.rungs}: more than training.epochs={config.training.epochs}; change either"]
        return []


class Tracking(Section):
    """Which other tools show a run as it trains; nothing here changes its figures."""

    tensorboard: bool = Field(
        default=False, description="true to write TensorBoard's event files into the run's folder"
    )
    mlflow: Annotated[str, Field(pattern=r"^[a-z+]+://.+")] | None = Field(
        default=None, description="null, or MLflow's tracking URI: sqlite:///FILE or http://HOST:PORT"
    )
    experiment: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="the name of MLflow's experiment, or null to name it after the sweep's folder"
    )

    def mistakes(self, config: Sections) -> list[str]:
        """One line per tracker that is requested but not installed."""
        trackers = {"tensorboard": self.tensorboard, "mlflow": self.mlflow is not None}
        lines = (extras.missing(name, name, f"tracking={name}") for name, wanted in trackers.items() if wanted)
        return [line for line in lines if line]


class Config(Section):
    """The whole configuration of one run."""

    model: SerializeAsAny[ModelChoice]
    dataset: SerializeAsAny[DatasetChoice]
    optimizer: SerializeAsAny[OptimizerChoice]
    schedule: SerializeAsAny[ScheduleChoice]
    training: Training
    seed: Seed = Field(
        description="a whole number, 0 or more: draws the initial weights, dropout and the order of the examples"
    )
    sweep: Sweep
    report: bool = Field(default=True, description="false to train without writing a report at the end")
    tracking: Tracking = Field(default_factory=Tracking)  # absent in runs of earlier versions

    def all_mistakes(self) -> list[str]:
        """The mistakes of all sections: values that are invalid together, or names of parts that there are not."""
        mistakes = [mistake for section in self._sections() for mistake in section.mistakes(self)]
        return mistakes or [mistake for part in self.parts() for mistake in part.mistakes()]

    def parts(self) -> list[NamedPart]:
        return [part for section in self._sections() for part in section.parts()]

    def _sections(self) -> list[Section]:
        choices: list[Section] = [self.model, self.dataset, self.optimizer, self.schedule]
        return [*choices, self.training, self.sweep, self.tracking]


def sections_of(key: str) -> dict[str, type[Section]]:
    """The sections that a key can hold: the choices of its group by name, a single section, or {} for a value."""
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
    """What a dotted key allows, in words; for a group, of the named choice."""
    section, _, leaf = key.rpartition(".")
    sections: dict[str, type[Section]] = sections_of(section) if section else {"": Config}
    for kind in [sections[choice]] if choice in sections else sections.values():
        if leaf in kind.model_fields:
            return kind.model_fields[leaf].description
    return None
