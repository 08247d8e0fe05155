"""From a checked configuration and a data set to what the engine trains."""

import functools
import json
import warnings

import numpy as np
import torch
from torch import Tensor

import scratchnet as sn
from pipeline import config as schema
from pipeline.datasets import Dataset, Split, load_dataset
from scratchnet.initializers import Initializer

ACTIVATIONS: dict[str, type[sn.Layer]] = {
    "relu": sn.ReLU,
    "leaky_relu": sn.LeakyReLU,
    "tanh": sn.Tanh,
    "sigmoid": sn.Sigmoid,
    "gelu": sn.GELU,
}
DTYPES = {"float32": torch.float32, "float64": torch.float64}


def build_dataset(config: schema.Config) -> Dataset:
    """Load what `config.dataset` names, once a process; UserError where files are missing or bad."""
    return _load(config.dataset.model_dump_json(exclude={"mean", "std"}))


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
    inputs = _tensor(split.inputs).flatten(1)
    if dataset.image_shape is not None:
        assert isinstance(config.dataset, schema.Images)
        channels, height, width = dataset.image_shape
        mean, std = (_per_feature(v, channels, height * width) for v in (config.dataset.mean, config.dataset.std))
        mean, std = mean * 255, std * 255
    else:
        mean, std = torch.zeros(inputs.shape[1]).double(), torch.ones(inputs.shape[1]).double()
    return sn.Examples(inputs, _tensor(split.targets), mean, std).to(build_device(config))


def build_run(config: schema.Config, dataset: Dataset) -> sn.Run:
    """The run that `config` describes, for inputs and outputs of the sizes of `dataset`."""
    targets = dataset.train.targets
    outputs = len(dataset.class_names) if dataset.task == "classification" else targets.shape[1]
    inputs = int(np.prod(dataset.train.inputs.shape[1:]))
    optimizer = config.optimizer
    settings = {
        "lr": optimizer.lr,
        "momentum": getattr(optimizer, "momentum", 0.0),
        "weight_decay": optimizer.weight_decay,
        "l2": config.model.l2,
        "dropout": config.model.dropout,
        "input_dropout": config.model.input_dropout,
    }
    return sn.Run(
        network=build_mlp(config.model, inputs, outputs),
        loss=sn.CrossEntropy() if dataset.task == "classification" else sn.MeanSquaredError(),
        optimizer=build_optimizer(optimizer),
        settings=settings,
        schedule=build_schedule(config.schedule),
        epochs=config.training.epochs,
        seed=config.seed,
    )


def build_mlp(model: schema.MLP, inputs: int, outputs: int) -> sn.Sequential:
    """inputs -> hidden widths with activation and dropout -> outputs. A rate of 0 needs no dropout layer."""
    layers: list[sn.Layer] = [sn.Dropout(inputs, rate="input_dropout")] if model.input_dropout else []
    widths = [inputs, *model.hidden, outputs]
    scales = model.initializer_scale * (len(widths) - 1 if len(model.initializer_scale) == 1 else 1)
    for i, scale in enumerate(scales):
        layers.append(sn.Linear(widths[i], widths[i + 1], initializer=_initializer(model, scale)))
        if i < len(model.hidden):
            layers.append(ACTIVATIONS[model.activation]())
            if model.dropout:
                layers.append(sn.Dropout(widths[i + 1]))
    return sn.Sequential(tuple(layers))


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


def _initializer(model: schema.MLP, scale: float) -> Initializer:
    name = model.initializer
    if name == "auto":
        name = "he" if model.activation in ("relu", "leaky_relu", "gelu") else "glorot"
    rules: dict[str, Initializer] = {
        "he": sn.HeNormal(),
        "glorot": sn.GlorotUniform(),
        "normal": sn.Normal(scale),
        "zeros": sn.Zeros(),
    }
    return rules[name]


def _per_feature(values: list[float], channels: int, pixels: int) -> Tensor:
    """One value a channel -> one a feature, in float64."""
    return torch.tensor(values, dtype=torch.float64).expand(channels).repeat_interleave(pixels)


def _tensor(array: np.ndarray) -> Tensor:
    """A tensor over the same memory; workers map the data set read-only, and the engine never writes to it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)
