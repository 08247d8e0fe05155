"""The schema: every key a user can set, its type, its range and what it means.

The groups under conf/ give the values, this file says which are allowed. pydantic checks them; a description
is what an error message tells the user is allowed.
"""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Decay = Annotated[float, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, lt=1)]


class Section(BaseModel):
    """Base of all sections: nothing unknown, nothing converted silently, no NaN or infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, protected_namespaces=())


class Model(Section):
    """What all models have."""

    initializer: Literal["auto", "he", "glorot", "normal", "zeros"] = Field(
        description="auto (he for relu, leaky_relu and gelu, else glorot), he, glorot, normal or zeros"
    )
    initializer_scale: list[Decay] = Field(
        min_length=1,
        description="standard deviations for initializer=normal: one for all layers, [0.01], or one a layer",
    )
    l2: Decay = Field(description="0 or more: the penalty is 0.5 * l2 * sum of squared weights")
    l2_layers: list[Annotated[int, Field(ge=0)]] | None = Field(
        description="null for all weights, or the linear layers that l2 and weight_decay apply to, counted from 0: [0]"
    )

    @property
    def linear_layers(self) -> int:
        """How many linear layers there are: what `initializer_scale` and `l2_layers` count."""
        raise NotImplementedError


class MLP(Model):
    """model=mlp: Linear, activation (, dropout) for each hidden layer, then Linear to the outputs."""

    name: Literal["mlp"]
    hidden: list[Count] = Field(description="a list of hidden widths, each 1 or more, such as [256] or [800,300]")
    activation: Literal["relu", "leaky_relu", "tanh", "sigmoid", "gelu"]
    dropout: Probability = Field(description="a probability from 0 up to, but not including, 1")
    input_dropout: Probability = Field(description="a probability from 0 up to, but not including, 1")
    layer_norm: bool = Field(description="true for a layer norm before each activation")

    @property
    def linear_layers(self) -> int:
        return len(self.hidden) + 1


class PatchMLP(Model):
    """model=patch_mlp: patches, a linear stem, blocks of two MLPs (across patches, across features), mean, Linear."""

    name: Literal["patch_mlp"]
    patch_size: Count = Field(description="pixels along a patch's side, a divisor of the image's height and width")
    features: Count = Field(description="features a patch after the stem, 1 or more")
    hidden_patches: Count = Field(description="hidden width of the MLPs across patches, 1 or more")
    hidden_features: Count = Field(description="hidden width of the MLPs across features, 1 or more")
    depth: Count = Field(description="blocks, 1 or more")
    residual: bool = Field(description="true to add each MLP to its input")
    layer_norm: bool = Field(description="true for a layer norm before each MLP")

    @property
    def linear_layers(self) -> int:
        return 2 + 4 * self.depth


class Dataset(Section):
    """What all data sets have."""

    validation_fraction: Probability = Field(description="the share of the training examples kept for validation")
    seed: Seed = Field(description="a whole number, 0 or more: draws the split, and the points of toy problems")


class Images(Dataset):
    """Images, normalised as (pixel / 255 - mean) / std for each channel."""

    shape: ClassVar[tuple[int, int, int]]  # channels, height, width

    root: str | None = Field(
        description="the folder that holds the official files, or null to look in the usual places"
    )
    mean: list[Annotated[float, Field()]] = Field(min_length=1, description="a number for each channel")
    std: list[Annotated[float, Field(gt=0)]] = Field(min_length=1, description="a number above 0 for each channel")
    flip: bool = Field(description="true to mirror training images left to right at random")
    shift: Annotated[int, Field(ge=0, le=16)] = Field(
        description="pixels, 0 to 16, by which training images move at random"
    )


class FashionMNIST(Images):
    shape = (1, 28, 28)

    name: Literal["fashion_mnist", "fashion_mnist_mini"]


class CIFAR10(Images):
    shape = (3, 32, 32)

    name: Literal["cifar10"]


class CIFAR100(Images):
    shape = (3, 32, 32)

    name: Literal["cifar100"]
    coarse_labels: bool = Field(description="true for the 20 superclasses, false for the 100 classes")


class Toy(Dataset):
    name: Literal["linear", "folded", "square", "patterns"]
    samples: Annotated[int, Field(ge=10)] = Field(description="how many points to draw for training and validation")


class SGD(Section):
    name: Literal["sgd"]
    lr: Annotated[float, Field(gt=0)] = Field(description="a learning rate above 0")
    momentum: Probability = Field(description="from 0 up to, but not including, 1")
    nesterov: bool = Field(description="true or false")
    weight_decay: Decay = Field(description="0 or more (decoupled: lr * weight_decay * W is subtracted each step)")


class Adam(Section):
    name: Literal["adam"]
    lr: Annotated[float, Field(gt=0)] = Field(description="a learning rate above 0")
    beta1: Probability = Field(description="from 0 up to, but not including, 1")
    beta2: Probability = Field(description="from 0 up to, but not including, 1")
    eps: Annotated[float, Field(gt=0)] = Field(description="a small number above 0")
    weight_decay: Decay = Field(description="0 or more (decoupled, AdamW)")


class ConstantSchedule(Section):
    name: Literal["constant"]


class StepSchedule(Section):
    name: Literal["step"]
    every: Count = Field(description="epochs between two drops, 1 or more")
    gamma: Annotated[float, Field(gt=0, le=1)] = Field(description="the factor of each drop, above 0 and at most 1")


class CosineSchedule(Section):
    name: Literal["cosine"]
    warmup: Decay = Field(description="epochs of linear warm-up, 0 or more")
    floor: Annotated[float, Field(ge=0, le=1)] = Field(description="the last rate as a share of the first, 0 to 1")


class OneCycleSchedule(Section):
    name: Literal["one_cycle"]
    warmup: Annotated[float, Field(gt=0, lt=1)] = Field(description="the share of steps that the rate rises, 0 to 1")
    initial_divisor: Annotated[float, Field(ge=1)] = Field(description="first rate = lr / this, 1 or more")
    final_divisor: Annotated[float, Field(ge=1)] = Field(description="last rate = first rate / this, 1 or more")


def _kernel(name: object) -> object:
    """The kernel of a name, as version 0.1 had them too."""
    return "compiled" if name in ("lookahead", "fused") else name


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
    kernel: Annotated[Literal["auto", "plain", "compiled"], BeforeValidator(_kernel)] = Field(
        description="auto, plain (any layer, any device) or compiled (the CPU); lookahead and fused mean compiled"
    )
    threads: Count = Field(description="threads a run computes with, 1 or more; the same number, the same digits")


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


class Config(Section):
    """A whole configuration: one run."""

    model: Annotated[MLP | PatchMLP, Field(discriminator="name")]
    dataset: Annotated[FashionMNIST | CIFAR10 | CIFAR100 | Toy, Field(discriminator="name")]
    optimizer: Annotated[SGD | Adam, Field(discriminator="name")]
    schedule: Annotated[
        ConstantSchedule | StepSchedule | CosineSchedule | OneCycleSchedule, Field(discriminator="name")
    ]
    training: Training
    seed: Seed = Field(description="a whole number, 0 or more: draws the initial weights and dropout")
    sweep: Sweep
    tracking: Tracking = Field(default_factory=Tracking)  # runs trained before there was any have none


def initializer_rule(initializer: str, activation: str) -> str:
    """What `initializer` stands for: auto is he for rectifiers and their like, glorot for all else."""
    if initializer != "auto":
        return initializer
    return "he" if activation in ("relu", "leaky_relu", "gelu") else "glorot"


def keys_of(section: str) -> set[str]:
    """All keys that `section` ("" for the top level) can have, over the choices of its group."""
    if not section:
        return set(Config.model_fields)
    return {key for choice in choices_of(section) for key in choice.model_fields}


def describe(key: str, name: Any = None) -> str | None:
    """What is allowed for a dotted key, in words; `name` picks among the choices of its group."""
    section, _, leaf = key.rpartition(".")
    if not section:
        field = Config.model_fields.get(leaf)
        return field.description if field else None
    for choice in choices_of(section):
        names = getattr(choice.model_fields.get("name"), "annotation", None)
        if leaf in choice.model_fields and (name is None or name in getattr(names, "__args__", (name,))):
            return choice.model_fields[leaf].description
    return None


def choices_of(section: str) -> Iterator[type[BaseModel]]:
    """The models that a section can be, one for each choice of its group; none where it is a value."""
    field = Config.model_fields.get(section)
    annotation: Any = field.annotation if field else None
    for choice in getattr(annotation, "__args__", None) or (annotation,):
        if isinstance(choice, type) and issubclass(choice, BaseModel):
            yield choice
