"""Build what the engine trains from a checked configuration and a data set."""

import math
import sys
import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

import scratchnet as sn
from pipeline.config.losses import build_loss, outputs_of, targets_for
from pipeline.config.schema import Config
from pipeline.datasets import Dataset, Split
from pipeline.errors import UserError
from pipeline.metrics.checks import metric_mistakes

DTYPES = {"float32": torch.float32, "float64": torch.float64}
_LEAST_DEVIATION = 1e-18  # whose square a float32 holds


def build_device(config: Config) -> torch.device:
    """The device of `training.device`; `auto` uses CUDA if available."""
    name = config.training.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def check_device(config: Config) -> None:
    """Raise UserError where this machine lacks the device of `training.device`."""
    if config.training.device == "cuda" and not torch.cuda.is_available():
        raise UserError("training.device=cuda: torch sees no CUDA device; use training.device=auto or cpu")


def build_examples(config: Config, dataset: Dataset, split: Split) -> sn.Examples:
    """The split for the engine: flat rows, bytes kept as bytes, with the normalisation to apply."""
    inputs, targets = tensor_of(split.inputs), targets_for(build_loss(config.training, dataset), split.targets)
    mean, std = (per_feature(values, inputs.shape[1:]) for values in config.dataset.normalisation(dataset))
    return sn.Examples(inputs.flatten(1), tensor_of(targets), mean, std).to(build_device(config))


def build_run(config: Config, dataset: Dataset) -> sn.Run:
    """The run that `config` describes, for inputs and outputs of the sizes of `dataset`.

    Raises UserError if loss or metrics do not fit the data, or `training.kernel` cannot train it.
    """
    model, optimizer = config.model, config.optimizer
    training = config.training
    if mistakes := metric_mistakes(training.metrics, training.select, dataset.task, dataset.outputs):
        raise UserError("\n".join(mistakes))
    loss = build_loss(training, dataset)
    if training.mixup and not isinstance(loss, sn.CrossEntropy):
        name = type(loss).__name__
        raise UserError(f"training.mixup={training.mixup}: mixes classes of cross_entropy, the loss is {name}; take 0")
    network = model.build(dataset.input_shape, outputs_of(loss, dataset))
    run = sn.Run(
        network=network,
        loss=loss,
        optimizer=optimizer.build(),
        settings=optimizer.settings() | model.settings(),
        schedule=config.schedule.build(),
        epochs=config.training.epochs,
        seed=config.seed,
        penalized=model.penalized(network),
        averaging=training.averaging,
    )
    if dataset.target_scale and not isinstance(network.layers[-1], sn.Linear):
        raise UserError(
            "dataset.standardise=true: values are scaled back by the last layer, which is not linear here; "
            "take dataset.standardise=false"
        )
    kernel_of(config, [run])
    _check_deviations(config, dataset)
    return run


def _check_deviations(config: Config, dataset: Dataset) -> None:
    """Raise UserError where inputs are to be divided by so little that float32 has no such numbers."""
    _, deviations = config.dataset.normalisation(dataset)
    least = min(deviations)
    if least < _LEAST_DEVIATION:
        place = deviations.index(least)
        kind = "channel" if dataset.image_shape else "feature"
        name = dataset.encoding.features[place] if dataset.encoding else f"{kind} {place}"
        raise UserError(
            f"dataset={dataset.name}: {name} varies by {least:.2g} (standard deviation), below {_LEAST_DEVIATION:g}, "
            "whose square no float32 holds; take another unit"
        )


def in_units(network: sn.Sequential, params: dict[str, Tensor], dataset: Dataset) -> dict[str, Tensor]:
    """Parameters of one run, without a run axis, whose outputs are in the units of the targets as they were given.

    Where these were scaled, y · std + mean is taken into the last linear layer: W · std and b · std + mean.
    """
    if dataset.target_scale is None:
        return params
    mean, std = (torch.tensor(values, dtype=torch.float64) for values in dataset.target_scale)
    last = len(network.layers) - 1
    weight, bias = f"{last}.weight", f"{last}.bias"
    scaled = {weight: params[weight].double() * std.to(params[weight].device)}
    scaled[bias] = (params[bias].double().cpu() * std + mean).to(params[bias].device)
    return params | {name: value.to(params[name].dtype) for name, value in scaled.items()}


def kernel_of(config: Config, runs: Sequence[sn.Run]) -> sn.kernels.Choice:
    """The kernel that will train the runs. Raises UserError if `training.kernel` cannot."""
    training = config.training
    try:
        return sn.kernels.choose(training.kernel, runs, build_device(config))
    except ValueError as error:
        raise UserError(f"training.{error}") from error


def refusals(configs: Sequence[Config], runs: Sequence[sn.Run]) -> list[str]:
    """Why the plain kernel trains a run though a faster one was allowed: one reason for each such run."""
    choices = (kernel_of(config, [run]) for config, run in zip(configs, runs, strict=True))
    return [choice.reason for choice in choices if choice.reason is not None]


def plainly(reasons: Sequence[str]) -> str:
    """Those `refusals` in words: "by the plain kernel (compiled: it has no Swish)"."""
    return f"by the plain kernel (compiled: {'; '.join(dict.fromkeys(reasons))})"


def compile_for(configs: Sequence[Config], runs: Sequence[sn.Run]) -> None:
    """Load the compiled code that these runs need, or compile it with a note: once per machine."""
    kernels = [kernel_of(config, [run]).kernel.name for config, run in zip(configs, runs, strict=True)]
    needed = [config for config, kernel in zip(configs, kernels, strict=True) if kernel == "compiled"]
    announced: list[None] = []

    def announce() -> None:
        if not announced:
            print("compiling (once per machine, about 20 seconds)", file=sys.stderr, flush=True)
        announced.append(None)

    for dtype in {config.training.dtype for config in needed}:
        sn.kernels.prepare(DTYPES[dtype], announce)


def per_feature(values: list[float], shape: Sequence[int]) -> Tensor:
    """One value for all, or one along the first axis of `shape` (features or channels) -> one per feature, float64."""
    return torch.tensor(values, dtype=torch.float64).expand(shape[0]).repeat_interleave(math.prod(shape[1:]))


def tensor_of(array: np.ndarray) -> Tensor:
    """A tensor that shares the array's memory; workers map the data set read-only, the engine never writes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)
