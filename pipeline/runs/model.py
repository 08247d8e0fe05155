"""A run's trained network, read back from model.safetensors.

docs/models.md describes the file for readers without this code.
"""

import functools
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import safetensors
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

import scratchnet as sn
from pipeline import seams
from pipeline.config.assemble import build_run, per_feature, tensor_of
from pipeline.config.schema import Config
from pipeline.datasets import Dataset, Task
from pipeline.errors import UserError, one_line
from pipeline.files import MODEL
from pipeline.runs.folder import HEADER
from pipeline.runs.problem import Problem
from pipeline.runs.result import read_result
from scratchnet import interop

_ROWS = 1000  # per batch: normalised inputs are several times as large as bytes


class Inputs(BaseModel):
    """Raw inputs: their shape without the batch, and mean and std in their units, one for all or one per channel."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    shape: list[Annotated[int, Field(ge=1)]]
    mean: list[float]
    std: list[float]


class Header(BaseModel):
    """What the tensors of a model.safetensors mean. Readers ignore unknown keys."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: Literal[1] = 1
    task: Task
    network: dict[str, Any]  # as `scratchnet.interop.describe` gives it
    settings: dict[str, float]  # dropout rates
    inputs: Inputs
    class_names: list[str]
    epoch: int = 0  # of the weights
    columns: list[dict[str, Any]] | None = None  # of a table: name, categories of text, fill for a missing number

    @classmethod
    def of(cls, run: sn.Run, config: Config, dataset: Dataset) -> Self:
        """The header for a network that this run trains on this data."""
        mean, std = config.dataset.normalisation(dataset)
        names = {"dropout", "input_dropout"}
        return cls(
            task=dataset.task,
            network=interop.describe(run.network),
            settings={name: rate for name, rate in vars(run.settings).items() if name in names and rate},
            inputs=Inputs(shape=list(dataset.train.inputs.shape[1:]), mean=mean, std=std),
            class_names=list(dataset.class_names),
            columns=[asdict(column) for column in dataset.encoding.columns] if dataset.encoding else None,
        )


@dataclass(frozen=True)
class TrainedModel:
    """A network with one run's parameters (without a run axis), and what its inputs and outputs are.

    mean, std: (I,) in float64, in units of the raw inputs. class_names: () for regression.
    """

    network: sn.Sequential
    params: dict[str, Tensor]
    header: Header

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(features,) or (channels, height, width)."""
        return tuple(self.header.inputs.shape)

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(self.header.class_names)

    @property
    def mean(self) -> Tensor:
        return per_feature(self.header.inputs.mean, self.input_shape)

    @property
    def std(self) -> Tensor:
        return per_feature(self.header.inputs.std, self.input_shape)

    def predict(self, inputs: np.ndarray | Tensor) -> Tensor:
        """Outputs (N, K), logits or values, for raw inputs (N, …): bytes of images, features of a table.

        One logit z for two classes is given as their two, 0 and z.

        Raises ShapeError unless they have the input's shape or are flat rows of it.
        """
        values = inputs if isinstance(inputs, Tensor) else tensor_of(inputs)
        if tuple(values.shape[1:]) not in (self.input_shape, (math.prod(self.input_shape),)):
            expected = "(N, " + ", ".join(map(str, self.input_shape)) + ")"
            raise sn.ShapeError(f"predict: expected inputs {expected} or flat rows, got {tuple(values.shape)}")
        known = (torch.uint8, torch.float32, torch.float64)
        rows = (values if values.dtype in known else values.double()).flatten(1)
        first = next(iter(self.params.values()))
        examples = sn.Examples(rows, torch.zeros(len(rows), dtype=torch.long), self.mean, self.std).to(first.device)
        dtype = first.dtype
        params = {name: value.unsqueeze(0) for name, value in self.params.items()}
        parts = []
        for start in range(0, max(len(rows), 1), _ROWS):
            x, _ = examples.batch(slice(start, start + _ROWS), dtype)
            parts.append(self.network.forward(params, x.unsqueeze(0))[0][0])
        return class_logits(self.header.task, torch.cat(parts))

    def probabilities(self, inputs: np.ndarray | Tensor) -> Tensor:
        """(N, classes) that sum to 1, or (N, labels) each by itself, for raw inputs. Raises UserError for values."""
        outputs = self.predict(inputs)
        if self.header.task == "regression":
            raise UserError("probabilities: the network predicts values; take predict")
        return outputs.softmax(1) if self.header.task == "classification" else outputs.sigmoid()

    def to_torch(self, *, normalise: bool = True) -> torch.nn.Module:
        """The model as a `torch.nn` module: of raw inputs, or without `normalise` of normalised rows (N, I)."""
        inside = {"mean": self.mean, "std": self.std} if normalise else {}
        return sn.to_torch(self.network, self.params, self.header.settings, **inside)


def class_logits(task: Task, outputs: Tensor) -> Tensor:
    """Outputs (N, K); of a network with one, z, for two classes the logits (0, z), whose softmax is (σ(−z), σ(z))."""
    if task != "classification" or outputs.shape[1] > 1:
        return outputs
    return torch.cat([torch.zeros_like(outputs), outputs], 1)


def load_model(folder: Path | str) -> TrainedModel:
    """The network of a run's folder, with the weights of its best epoch.

    A file without a header, from an earlier version, is read with the run's configuration and data set.
    Raises UserError if there is no model or it cannot be read.
    """
    folder = Path(folder)
    path = folder / MODEL
    if not path.is_file():
        remedy = "give the folder of a run that has trained an epoch, such as outputs/SWEEP/0"
        raise UserError(f"{folder}: holds no {MODEL}; {remedy}")
    try:
        with safetensors.safe_open(path, "pt") as file:
            params = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
            metadata = file.metadata() or {}
        old = HEADER not in metadata
        header = _header_of(folder, metadata) if old else Header.model_validate_json(metadata[HEADER])
        network = interop.build(header.network, functools.partial(seams.layer.find, f"{path}: layer"))
    except (OSError, ValueError, safetensors.SafetensorError) as error:  # pydantic's error is a ValueError
        raise UserError(f"{path}: cannot be read ({one_line(error)})") from error
    if not isinstance(network, sn.Sequential) or set(params) != set(network.names):
        raise UserError(f"{path}: its tensors do not match its network; train the run again")
    return TrainedModel(network, {name: params[name] for name in network.names}, header)


def _header_of(folder: Path, metadata: Mapping[str, str]) -> Header:
    """The header that the run would write today."""
    result = read_result(folder)
    if isinstance(result, Problem):
        raise ValueError(f"no header, and {result.words}")
    try:
        config = Config.model_validate(result.config)
    except ValidationError as error:
        raise ValueError(f"no header, and its configuration is not valid here: {one_line(error)}") from error
    dataset = config.dataset.load()
    header = Header.of(build_run(config, dataset), config, dataset)
    return header.model_copy(update={"epoch": int(metadata.get("epoch", 0))})
