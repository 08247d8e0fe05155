"""What the header of a model.safetensors must say for its numbers to mean anything; checked before any is read."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import scratchnet as sn
from scratchnet import interop
from scratchnet.layers import parameter_shapes

if TYPE_CHECKING:
    from pipeline.runs.model import Header

_LARGEST = 2**31  # sizes stay below
_MOST_INPUTS = 2**27  # numbers of one example; mean and deviation are expanded to so many


def network_of(header: "Header", shapes: Mapping[str, tuple[int, ...]], find: Callable[[str], Any]) -> sn.Sequential:
    """The network that the header describes, if tensors of these shapes are its parameters.

    `find` gives the classes of layers from elsewhere by "module:name".

    Raises ValueError that says what does not fit.
    """
    _check_numbers("network", header.network)
    network = interop.build(header.network, find)
    if not isinstance(network, sn.Sequential) or not network.layers:
        raise ValueError("its network is no Sequential of layers")
    expected = parameter_shapes(network)
    if set(shapes) != set(network.names):
        raise ValueError("its tensors do not match its network")
    for name, shape in expected.items():
        if shapes[name] != shape or any(type(size) is not int for size in shape):
            raise ValueError(f"{name} is of shape {shapes[name]}, but its network says {shape}")
    sn.Settings.of({"lr": 0.0} | header.settings)
    _check_ends(header, network)
    return network


def _check_ends(header: "Header", network: sn.Sequential) -> None:
    """Inputs and outputs of the network are those that the header speaks of."""
    inputs = header.inputs
    features = math.prod(inputs.shape)
    if len(inputs.shape) not in (1, 3) or features > _MOST_INPUTS:
        raise ValueError(f"inputs of shape {inputs.shape}; expected [features] or [channels, height, width]")
    [outputs, *more] = network.output_shape((features,))
    if more:
        raise ValueError(f"outputs of shape {[outputs, *more]}; expected a number of them")
    for name, numbers in (("mean", inputs.mean), ("std", inputs.std)):
        if len(numbers) not in (1, inputs.shape[0]):
            raise ValueError(f"{len(numbers)} numbers for inputs.{name}; expected 1 or {inputs.shape[0]}")
    if min(inputs.std) <= 0:
        raise ValueError(f"inputs.std has {min(inputs.std):g}; expected numbers above 0")
    names = header.class_names
    counts = (outputs, 2) if header.task == "classification" and outputs == 1 else (outputs,)
    if (header.task == "regression") == bool(names) or (names and len(names) not in counts):
        raise ValueError(f"{len(names)} class names for {outputs} outputs of a {header.task}")
    if len(set(names)) < len(names):
        raise ValueError("a class name stands there twice")
    if header.columns and sum(len(column.categories) or 1 for column in header.columns) != features:
        raise ValueError(f"its columns do not make {features} features")
    values = header.preprocessing.class_values if header.preprocessing else ()
    if values and len(values) != len(names):
        raise ValueError(f"{len(values)} class values for {len(names)} class names")


def _check_numbers(place: str, value: Any) -> None:
    if isinstance(value, Mapping):
        for name, item in value.items():
            _check_numbers(f"{place}.{name}", item)
    elif isinstance(value, list):
        for item in value:
            _check_numbers(place, item)
    elif isinstance(value, bool | float | int) and (isinstance(value, bool) or not abs(value) < _LARGEST):
        raise ValueError(f"{place} is {value}; expected a finite number below 2³¹")
