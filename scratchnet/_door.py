"""What is checked once at each entry of a stack: compiled code has no bounds checks, so nothing unchecked may reach it.

`Run`, `Settings`, `Examples` and `Augment` check themselves; here is what they must be together.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from scratchnet._numbers import check_count
from scratchnet._tensors import as_data
from scratchnet.augment import Augment
from scratchnet.examples import Examples
from scratchnet.layers.base import Layer, ShapeError, shape_text
from scratchnet.losses import CrossEntropy
from scratchnet.mixup import Mixup
from scratchnet.run import DROPOUT_SETTINGS, Run
from scratchnet.values import Values


def check_stack(runs: Sequence[Run], steps_per_epoch: int, dtype: torch.dtype) -> None:
    """Runs whose networks fit and that share a structure."""
    if not isinstance(runs, Sequence):
        raise TypeError(f"Stack: runs is a {type(runs).__name__}; give a list of scratchnet.Run")
    if not runs:
        raise ValueError("Stack: no runs; give one or more")
    for run in runs:
        if not isinstance(run, Run):
            raise TypeError(f"Stack: {run!r} is not a scratchnet.Run")
        _check_network(run.network)
    check_count("Stack", "steps_per_epoch", steps_per_epoch, 1)
    if dtype not in (torch.float32, torch.float64):
        raise TypeError(f"Stack: dtype={dtype}; allowed: torch.float32, torch.float64")
    structures = [run.structure for run in runs]
    for run, structure in zip(runs, structures, strict=True):
        if structure != structures[0]:
            raise ValueError(f"cannot share a stack: {runs[0]} and {run}; train each in a stack of its own")


def _check_network(network: Layer) -> None:
    for width in network.path:
        check_count(str(network), "a width", width, 1)
    if unknown := sorted(set(network.setting_names) - set(DROPOUT_SETTINGS)):
        listed = ", ".join(DROPOUT_SETTINGS)
        raise ValueError(f"{network}: {unknown[0]!r} names no rate of dropout; take one of {listed}")
    if network.input_features is not None:
        _check_outputs(network, network.output_shape((network.input_features,)))


def _check_outputs(network: Layer, shape: tuple[int, ...]) -> None:
    if len(shape) != 1:
        got, remedy = shape_text(("R", "B", *shape)), "end with MeanOverPatches or Flatten, and Linear"
        raise ShapeError(f"{network}: outputs expected (R, B, K), got {got}; {remedy}")


def check_training(
    groups: Sequence[Values],
    examples: Examples,
    order: Tensor,
    batch_size: int,
    augment: Augment | None,
    generators: Sequence[torch.Generator | None],
    mixup: Mixup | None,
) -> None:
    """What `Stack.train` takes: `order` (1, n), or (R, n) where each run has tensors of its own."""
    values = groups[0]
    check_examples(values, examples)
    check_count("Stack.train", "batch_size", batch_size, 1)
    if not isinstance(order, Tensor) or order.dtype != torch.int64:
        got = str(order.dtype) if isinstance(order, Tensor) else type(order).__name__
        raise TypeError(f"Stack.train: order is {got}; give an int64 tensor, such as torch.randperm(len(examples))")
    if order.ndim != 2 or not order.numel() or (len(order) != 1 and len(order) != len(groups)):
        got = shape_text(order.shape[1:] if order.ndim == 2 and len(order) == 1 else order.shape)
        allowed = f"(n,) or ({len(groups)}, n)" if len(groups) > 1 else "(n,)"
        raise ShapeError(
            f"Stack.train: order expected {allowed} with n of 1 or more, got {got}; give one index an example"
        )
    _check_device("Stack.train", "order", order, values)
    as_data("Stack.train", "order", order)
    least, most = (int(bound) for bound in order.aminmax())
    if least < 0 or most >= len(examples):
        wrong = least if least < 0 else most
        raise ValueError(
            f"Stack.train: order holds {wrong}, but examples count from 0 to {len(examples) - 1}; "
            "take torch.randperm(len(examples))"
        )
    _check_kinds(augment, mixup, generators)
    if mixup is not None and not isinstance(values.loss, CrossEntropy):
        raise ValueError(f"Stack.train: mixup mixes the classes of CrossEntropy, got {values.loss}; train without it")
    if augment is None and mixup is None:
        return
    for generator in generators:
        if generator is None:
            name = "mixup" if augment is None else "augment"
            raise ValueError(f"Stack.train: {name} needs a generator; give generator=torch.Generator(device)")
        if generator.device.type != examples.inputs.device.type:
            where = f"generator lies on {generator.device}, the examples on {examples.inputs.device}"
            raise ValueError(f"Stack.train: {where}; make it by torch.Generator(device)")
    if len(generators) != len(order):
        counts = f"{len(order)} orders need as many generators, got {len(generators)}"
        raise ValueError(f"Stack.train: {counts}; give generator=[torch.Generator(device), …]")
    if augment is not None:
        _check_augment(augment, examples.inputs, values.dtype)


def _check_kinds(augment: object, mixup: object, generators: Sequence[object]) -> None:
    for name, value, kind in (("augment", augment, Augment), ("mixup", mixup, Mixup)):
        if not isinstance(value, kind | None):
            raise TypeError(f"Stack.train: {name}={value!r} is not a scratchnet.{kind.__name__}")
    if not generators:
        raise ValueError("Stack.train: generator is empty; give generator=torch.Generator(device), or None")
    for generator in generators:
        if not isinstance(generator, torch.Generator | None):
            raise TypeError(
                f"Stack.train: generator {generator!r} is not a torch.Generator; give torch.Generator(device)"
            )


def _check_augment(augment: Augment, inputs: Tensor, dtype: torch.dtype) -> None:
    if augment.features != inputs.shape[1]:
        sizes = f"{augment.channels}·{augment.height}·{augment.width} = {augment.features}"
        got = shape_text(inputs.shape)
        raise ShapeError(f"{augment}: expected rows of {sizes}, got inputs {got}; give the images' sizes")
    for held in (inputs.dtype, dtype):
        limits = torch.finfo(held) if held.is_floating_point else torch.iinfo(held)
        if not all(limits.min <= value <= limits.max for value in augment.fill):
            limit = f"{limits.min:g} to {limits.max:g}, which {held} holds"
            raise ValueError(f"Stack.train: augment has fill={augment.fill!r}; allowed: {limit}")


def check_examples(values: Values, examples: Examples) -> None:
    """Inputs that fit the network, targets that fit its outputs and the loss."""
    if not isinstance(examples, Examples):
        raise TypeError(f"Stack: {type(examples).__name__} is not a scratchnet.Examples")
    _check_device("Stack", "examples", examples.inputs, values)
    examples.normalisation(values.dtype)
    outputs = _outputs(values, examples.inputs.shape[1:])
    values.loss.check_outputs(outputs)
    kind, targets = values.loss.target_kind, examples.targets
    got = f"{shape_text(targets.shape)} {targets.dtype}"
    if kind == "labels" and targets.dtype != torch.int64:
        raise TypeError(f"{values.loss}: targets expected labels (N,) int64, got {got}; or take MeanSquaredError")
    if kind == "labels" and examples.largest_label >= outputs:
        raise ValueError(
            f"{values.loss}: a label is {examples.largest_label}, but the network has {outputs} outputs, for labels "
            f"0 to {outputs - 1}; give the last layer more, or correct the labels"
        )
    if kind in ("values", "flags") and not targets.is_floating_point():
        raise TypeError(
            f"{values.loss}: targets expected {kind} (N, {outputs}) floating, got {got}; or take CrossEntropy"
        )
    if kind in ("values", "flags") and targets.shape[1] != outputs:
        remedy = f"the network has {outputs} outputs, give as many targets an example"
        raise ShapeError(f"{values.loss}: targets expected (N, {outputs}), got {got}; {remedy}")
    if kind == "flags" and not examples.are_flags:
        raise ValueError(f"{values.loss}: targets expected 0s and 1s; give these, or take MeanSquaredError")


def checked_inputs(values: Values, x: Tensor) -> Tensor:
    """What `Stack.predict` takes, as the kernels read it."""
    if not isinstance(x, Tensor) or x.dtype != values.dtype:
        got = str(x.dtype) if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(
            f"Stack.predict: x is {got}; give a {values.dtype} tensor, as the stack is: x.to({values.dtype})"
        )
    if x.ndim != 2:
        remedy = "give rows of normalised inputs: x.flatten(1), or one row alone as x.unsqueeze(0)"
        raise ShapeError(f"Stack.predict: x expected (B, I), got {shape_text(x.shape)}; {remedy}")
    _check_device("Stack.predict", "x", x, values)
    _outputs(values, x.shape[1:])
    return as_data("Stack.predict", "x", x)


def _outputs(values: Values, shape: Sequence[int]) -> int:
    """K for inputs of `shape`, by the widest network, whose inputs and outputs are those of all."""
    outputs = values.network.output_shape(tuple(shape))
    _check_outputs(values.network, outputs)
    return outputs[0]


def _check_device(owner: str, name: str, tensor: Tensor, values: Values) -> None:
    here = torch.empty(0, device=values.device).device  # "cuda" is the current one, by its number
    if tensor.device != here:
        raise ValueError(f"{owner}: {name} on {tensor.device}, but the stack on {here}; move it: .to(stack.device)")
