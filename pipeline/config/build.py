"""From a checked configuration and a data set to what the engine trains."""

import functools
import json
import math
import sys
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

import scratchnet as sn
from pipeline.config import schema
from pipeline.datasets import Dataset, Split, load_dataset
from pipeline.errors import UserError
from pipeline.models import build_network, penalized

DTYPES = {"float32": torch.float32, "float64": torch.float64}
_NOT_OF_THE_LOADER = {"mean", "std", "flip", "shift"}


def build_dataset(config: schema.Config) -> Dataset:
    """Load what `config.dataset` names, once a process; UserError where files are missing or bad."""
    return _load(config.dataset.model_dump_json(exclude=_NOT_OF_THE_LOADER))


@functools.lru_cache(maxsize=8)
def _load(arguments: str) -> Dataset:
    return load_dataset(**json.loads(arguments))


def build_device(config: schema.Config) -> torch.device:
    """The device of `training.device`; `auto` takes CUDA where there is one."""
    name = config.training.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def build_examples(config: schema.Config, dataset: Dataset, split: Split) -> sn.Examples:
    """The split as the engine reads it: rows flattened, bytes kept as bytes, normalisation beside them."""
    inputs = tensor_of(split.inputs)
    mean, std = (per_feature(values, inputs.shape[1:]) for values in normalisation(config))
    return sn.Examples(inputs.flatten(1), tensor_of(split.targets), mean, std).to(build_device(config))


def normalisation(config: schema.Config) -> tuple[list[float], list[float]]:
    """Mean and std in units of the raw inputs, one for all features or one a channel."""
    if isinstance(config.dataset, schema.Images):
        return [255 * value for value in config.dataset.mean], [255 * value for value in config.dataset.std]
    return [0.0], [1.0]


def build_augment(config: schema.Config, dataset: Dataset) -> sn.Augment | None:
    """What is done to training images, None where nothing is."""
    images = config.dataset
    if dataset.image_shape is None or not isinstance(images, schema.Images) or not (images.flip or images.shift):
        return None
    channels, height, width = dataset.image_shape
    return sn.Augment(channels, height, width, images.flip, images.shift)


def build_run(config: schema.Config, dataset: Dataset) -> sn.Run:
    """The run that `config` describes, for inputs and outputs of the sizes of `dataset`.

    Raises UserError where `training.kernel` cannot train it.
    """
    model, optimizer = config.model, config.optimizer
    classes = dataset.task == "classification"
    outputs = len(dataset.class_names) if classes else dataset.train.targets.shape[1]
    network = build_network(model, dataset.train.inputs.shape[1:], outputs)
    settings = {
        "lr": optimizer.lr,
        "momentum": getattr(optimizer, "momentum", 0.0),
        "weight_decay": optimizer.weight_decay,
        "l2": model.l2,
        "dropout": getattr(model, "dropout", 0.0),
        "input_dropout": getattr(model, "input_dropout", 0.0),
    }
    run = sn.Run(
        network=network,
        loss=sn.CrossEntropy(config.training.label_smoothing) if classes else sn.MeanSquaredError(),
        optimizer=build_optimizer(optimizer),
        settings=settings,
        schedule=build_schedule(config.schedule),
        epochs=config.training.epochs,
        seed=config.seed,
        penalized=penalized(model, network),
    )
    kernel_of(config, [run])
    return run


def kernel_of(config: schema.Config, runs: Sequence[sn.Run]) -> str:
    """The kernel that will train them. Raises UserError where `training.kernel` cannot."""
    training = config.training
    try:
        return sn.kernels.choose(training.kernel, runs, build_device(config)).kernel.name
    except ValueError as error:
        raise UserError(f"training.{error}") from error


def compile_for(configs: Sequence[schema.Config], runs: Sequence[sn.Run]) -> None:
    """Load the compiled code that these runs need, or compile it and say so: once on each machine."""
    needed = [config for config, run in zip(configs, runs, strict=True) if kernel_of(config, [run]) == "compiled"]
    told: list[None] = []

    def tell() -> None:
        if not told:
            print("compiling, once on this machine: about 20 seconds", file=sys.stderr, flush=True)
        told.append(None)

    for dtype in {config.training.dtype for config in needed}:
        sn.kernels.prepare(DTYPES[dtype], tell)


def build_optimizer(optimizer: schema.SGD | schema.Adam) -> sn.Optimizer:
    """Its structure; rates, momentum and decay are settings of the run."""
    if isinstance(optimizer, schema.SGD):
        return sn.SGD(nesterov=optimizer.nesterov)
    return sn.Adam(beta1=optimizer.beta1, beta2=optimizer.beta2, eps=optimizer.eps)


def build_schedule(schedule: schema.Section) -> sn.Schedule:
    """The engine's schedule of the same fields."""
    kinds: dict[type[schema.Section], type[sn.Schedule]] = {
        schema.ConstantSchedule: sn.Constant,
        schema.StepSchedule: sn.Step,
        schema.CosineSchedule: sn.Cosine,
        schema.OneCycleSchedule: sn.OneCycle,
    }
    return kinds[type(schedule)](**schedule.model_dump(exclude={"name"}))


def per_feature(values: list[float], shape: Sequence[int]) -> Tensor:
    """One value for all or one a channel -> one a feature of inputs of `shape`, in float64."""
    channels, pixels = (shape[0], math.prod(shape[1:])) if len(shape) > 1 else (1, shape[0])
    return torch.tensor(values, dtype=torch.float64).expand(channels).repeat_interleave(pixels)


def tensor_of(array: np.ndarray) -> Tensor:
    """A tensor over the same memory; workers map the data set read-only, and the engine never writes to it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)
