"""A run's trained network, read back from model.safetensors.

docs/models.md describes the file for readers without this code.
"""

import functools
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
import safetensors
import torch
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError
from torch import Tensor

import scratchnet as sn
from pipeline import seams
from pipeline.config.assemble import build_run, per_feature, tensor_of
from pipeline.config.schema import Config
from pipeline.datasets import Dataset, Preprocessing, Task, names_of_outputs, readable, reader_of
from pipeline.errors import UserError, one_line
from pipeline.files import MODEL
from pipeline.runs._model_checks import network_of
from pipeline.runs.folder import HEADER
from pipeline.runs.problem import Problem
from pipeline.runs.result import read_result
from scratchnet import interop

if TYPE_CHECKING:
    from pipeline.datasets import Batch, Reader

Missing = Literal["error", "mean", "drop"]

_ROWS = 1000  # per batch: normalised inputs are several times as large as bytes


class Inputs(BaseModel):
    """Raw inputs: their shape without the batch, and mean and std in their units, one for all or one per channel."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    shape: list[Annotated[int, Field(ge=1)]]
    mean: list[FiniteFloat]
    std: list[FiniteFloat]


class Features(BaseModel):
    """A column of a table: the texts of one of text, each a feature; () for numbers. fill: for a missing number."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    categories: tuple[str, ...] = ()
    fill: FiniteFloat | None = None


class Header(BaseModel):
    """What the tensors of a model.safetensors mean. Readers ignore unknown keys."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: Literal[1] = 1
    task: Task
    network: dict[str, Any]  # as `scratchnet.interop.describe` gives it
    settings: dict[str, FiniteFloat]  # dropout rates
    inputs: Inputs
    class_names: list[str]
    epoch: int = 0  # of the weights
    columns: list[Features] | None = None  # of a table
    preprocessing: Preprocessing | None = None  # how files become inputs; earlier versions did not say

    @classmethod
    def of(cls, run: sn.Run, config: Config, dataset: Dataset) -> Self:
        """The header for a network that this run trains on this data."""
        mean, std = config.dataset.normalisation(dataset)
        names = {"dropout", "input_dropout"}
        columns = [Features(**asdict(column)) for column in dataset.encoding.columns] if dataset.encoding else None
        return cls(
            task=dataset.task,
            network=interop.describe(run.network),
            settings={name: rate for name, rate in vars(run.settings).items() if name in names and rate},
            inputs=Inputs(shape=list(dataset.train.inputs.shape[1:]), mean=mean, std=std),
            class_names=list(dataset.class_names),
            columns=columns,
            preprocessing=Preprocessing.of(config.dataset, dataset),
        )


@dataclass(frozen=True)
class TrainedModel:
    """A network with one run's parameters (without a run axis), and what its inputs and outputs are.

    `predict` and `predict_proba` take a data frame with the columns of training by their names; an array or tensor of
    raw inputs, (N, features) or (N, channels, height, width); or a path, or several, of files as the training data
    were: tables, arrays, images, IDX files, and folders of these. They raise UserError for data that do not fit.

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

    @property
    def preprocessing(self) -> Preprocessing:
        """How files become inputs; of a run of an earlier version, what such files are by default."""
        return self.header.preprocessing or Preprocessing()

    @cached_property
    def target_names(self) -> tuple[str, ...]:
        """What is predicted: the name of each output's target in the data; one name for classes."""
        if self.header.task == "multilabel":
            return self.class_names
        return names_of_outputs(self.preprocessing.targets, 1 if self.class_names else self.outputs_of_network)

    @property
    def outputs_of_network(self) -> int:
        """Classes, or values an example."""
        return int(self.network.output_shape((math.prod(self.input_shape),))[0])

    def reader(self, missing: Missing | None = None) -> "Reader":
        """What reads new data for this network; `missing` takes the place of what training did with gaps."""
        facts = self.preprocessing.model_copy(update={"missing": missing} if missing else {})
        columns = [column.model_dump() for column in self.header.columns or ()]
        return reader_of(self.header.task, self.input_shape, self.outputs_of_network, self.class_names, columns, facts)

    def predict(self, data: Any, *, missing: Missing | None = None) -> np.ndarray:
        """Class names (N,); labels (N, labels) of 0s and 1s; or values (N,), (N, outputs) where there are several.

        Values are in the units of the targets. `missing`: "mean" of the training split for gaps in a table; by default
        what training did.
        """
        outputs = self._outputs_of(data, missing).numpy()
        if self.header.task == "classification":
            names = np.array(self.class_names)
            labels: np.ndarray = names[outputs.argmax(1)]
            return labels
        if self.header.task == "multilabel":
            return (outputs > 0).astype(np.int64)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def predict_proba(self, data: Any, *, missing: Missing | None = None) -> np.ndarray:
        """p (N, classes) in the order of `class_names`, in float64; of labels each by itself.

        Raises UserError for a regression.
        """
        p: np.ndarray = self.probabilities_of(self._outputs_of(data, missing).double()).numpy()
        return p

    def outputs(self, inputs: np.ndarray | Tensor) -> Tensor:
        """Outputs (N, K), logits or values, for raw inputs (N, …): bytes of images, features of the toy problems.

        Raises ShapeError unless they have the input's shape or are flat rows of it, UserError unless they are numbers.
        """
        if isinstance(inputs, Tensor) and inputs.is_complex():
            raise UserError(f"outputs: inputs of type {inputs.dtype}; give numbers")
        values = inputs if isinstance(inputs, Tensor) else tensor_of(readable("outputs", inputs))
        if tuple(values.shape[1:]) not in (self.input_shape, (math.prod(self.input_shape),)):
            expected = "(N, " + ", ".join(map(str, self.input_shape)) + ")"
            raise sn.ShapeError(f"outputs: expected inputs {expected} or flat rows, got {tuple(values.shape)}")
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
        return self.probabilities_of(self.outputs(inputs))

    def probabilities_of(self, outputs: Tensor) -> Tensor:
        """The same of the network's outputs."""
        if self.header.task == "regression":
            raise UserError("probabilities: the network predicts values; take predict")
        return outputs.softmax(1) if self.header.task == "classification" else outputs.sigmoid()

    def to_torch(self, *, normalise: bool = True) -> torch.nn.Module:
        """The model as a `torch.nn` module: of raw inputs, or without `normalise` of normalised rows (N, I)."""
        inside = {"mean": self.mean, "std": self.std} if normalise else {}
        return sn.to_torch(self.network, self.params, self.header.settings, **inside)

    def _outputs_of(self, data: Any, missing: Missing | None) -> Tensor:
        parts = []
        for batch in self._batches(data, missing):
            for name, texts in batch.new_texts.items():
                named = ", ".join(sorted(texts)[:5])
                warnings.warn(f"column {name} has texts that training did not have ({named})", stacklevel=3)
            parts.append(self.outputs(batch.inputs))
        return torch.cat(parts)

    def _batches(self, data: Any, missing: Missing | None) -> "Iterator[Batch]":
        reader = self.reader(missing)
        if isinstance(data, str | Path):
            data = [data]
        if hasattr(data, "iloc") and hasattr(data, "columns"):
            batch = reader.frame(data)
            if len(batch.inputs) < len(data):
                raise UserError(
                    f"the frame: {len(data) - len(batch.inputs)} rows have missing values; fill them in, or take "
                    "missing='mean' (of the training split)"
                )
            return iter([batch])
        if isinstance(data, Sequence) and data and all(isinstance(item, str | Path) for item in data):
            return reader.files(map(Path, data))
        return reader.array(data.detach().resolve_neg().cpu() if isinstance(data, Tensor) else data)


def class_logits(task: Task, outputs: Tensor) -> Tensor:
    """Outputs (N, K); of a network with one, z, for two classes the logits (0, z), whose softmax is (σ(−z), σ(z))."""
    if task != "classification" or outputs.shape[1] > 1:
        return outputs
    return torch.cat([torch.zeros_like(outputs), outputs], 1)


def load_model(folder: Path | str) -> TrainedModel:
    """The network of a run's folder, with the weights of its best epoch.

    A file without a header, from an earlier version, is read with the run's configuration and data set.
    Raises UserError if there is no model, or its file is damaged, altered or of something else.
    """
    folder = Path(folder)
    path = folder / MODEL
    if not path.is_file():
        remedy = "give the folder of a run that has trained an epoch, such as outputs/SWEEP/0"
        raise UserError(f"{folder}: holds no {MODEL}; {remedy}")
    try:
        with safetensors.safe_open(path, "pt") as file:
            names, metadata = list(file.keys()), file.metadata() or {}
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names}
            types = {file.get_slice(name).get_dtype() for name in names}
            old = HEADER not in metadata
            header = _header_of(folder, metadata) if old else Header.model_validate_json(metadata[HEADER])
            network = network_of(header, shapes, functools.partial(seams.layer.find, f"{path}: layer"))
            if types not in ({"F32"}, {"F64"}):
                raise ValueError(f"tensors of {', '.join(sorted(types))}; expected F32 or F64")
            params = {name: file.get_tensor(name) for name in network.names}
        for name, value in params.items():
            if not value.isfinite().all():
                raise ValueError(f"{name} holds NaN or infinity")
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, safetensors.SafetensorError) as error:
        raise UserError(f"{path}: cannot be read ({_reason(error)}); train the run again, or get the file") from error
    return TrainedModel(network, params, header)


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):  # the first of them, without the address of a page on it
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return one_line(f"header: {'.'.join(map(str, first['loc']))}: {first['msg']}")
    return one_line(error)


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
