"""Build what the engine trains from a checked configuration and a data set."""

import math
import sys
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

import scratchnet as sn
from pipeline.config.schema import Config
from pipeline.datasets import Dataset, Split
from pipeline.errors import UserError

DTYPES = {"float32": torch.float32, "float64": torch.float64}


def build_device(config: Config) -> torch.device:
    """The device of `training.device`; `auto` uses CUDA if available."""
    name = config.training.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def build_examples(config: Config, dataset: Dataset, split: Split) -> sn.Examples:
    """The split for the engine: flat rows, bytes kept as bytes, with the normalisation to apply."""
    inputs = tensor_of(split.inputs)
    mean, std = (per_feature(values, inputs.shape[1:]) for values in config.dataset.normalisation(dataset))
    return sn.Examples(inputs.flatten(1), tensor_of(split.targets), mean, std).to(build_device(config))


def build_run(config: Config, dataset: Dataset) -> sn.Run:
    """The run that `config` describes, for inputs and outputs of the sizes of `dataset`.

    Raises UserError if `training.kernel` cannot train it.
    """
    model, optimizer = config.model, config.optimizer
    network = model.build(dataset.input_shape, dataset.outputs)
    classes = dataset.task == "classification"
    run = sn.Run(
        network=network,
        loss=sn.CrossEntropy(config.training.label_smoothing) if classes else sn.MeanSquaredError(),
        optimizer=optimizer.build(),
        settings=optimizer.settings() | model.settings(),
        schedule=config.schedule.build(),
        epochs=config.training.epochs,
        seed=config.seed,
        penalized=model.penalized(network),
    )
    kernel_of(config, [run])
    return run


def kernel_of(config: Config, runs: Sequence[sn.Run]) -> str:
    """The kernel that will train the runs. Raises UserError if `training.kernel` cannot."""
    training = config.training
    try:
        return sn.kernels.choose(training.kernel, runs, build_device(config)).kernel.name
    except ValueError as error:
        raise UserError(f"training.{error}") from error


def compile_for(configs: Sequence[Config], runs: Sequence[sn.Run]) -> None:
    """Load the compiled code that these runs need, or compile it with a note: once per machine."""
    needed = [config for config, run in zip(configs, runs, strict=True) if kernel_of(config, [run]) == "compiled"]
    announced: list[None] = []

    def announce() -> None:
        if not announced:
            print("compiling (once per machine, about 20 seconds)", file=sys.stderr, flush=True)
        announced.append(None)

    for dtype in {config.training.dtype for config in needed}:
        sn.kernels.prepare(DTYPES[dtype], announce)


def per_feature(values: list[float], shape: Sequence[int]) -> Tensor:
    """One value for all or one per channel -> one per feature of inputs of `shape`, in float64."""
    channels, pixels = (shape[0], math.prod(shape[1:])) if len(shape) > 1 else (1, shape[0])
    return torch.tensor(values, dtype=torch.float64).expand(channels).repeat_interleave(pixels)


def tensor_of(array: np.ndarray) -> Tensor:
    """A tensor that shares the array's memory; workers map the data set read-only, the engine never writes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)
