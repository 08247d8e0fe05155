"""A split of a data set as the engine reads it: raw inputs, and how to normalise them."""

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from scratchnet import compiled
from scratchnet._tensors import as_data
from scratchnet.augment import Augment
from scratchnet.layers.base import ShapeError, shape_text

_INPUTS = (torch.uint8, torch.float32, torch.float64)
_FLOATS = (torch.float32, torch.float64)


@dataclass(frozen=True)
class Examples:
    """N examples: inputs (N, I), uint8, float32 or float64; targets (N,) int64 labels, or (N, K) floating values.

    A batch is (inputs − mean) / std in `dtype`, with mean and std (I,) floating, in units of the raw inputs; bytes are
    kept as bytes until a batch is read, so that a data set takes a quarter of its float32 size.

    weight (N,) floating: what each example counts in training's loss, mean_b w_b loss_b over a batch; 1 without.
    Weights of mean 1 leave the size of a step as it is, and whole ones count as rows that are there so many times.

    Everything is checked once, here: the tensors must not change afterwards. Raises ShapeError for shapes, TypeError
    for types, ValueError for a label below 0, targets or inputs that are not finite, a mean that is not finite, a std
    that is not finite or is below the least normal number, and tensors on different devices.
    """

    inputs: Tensor
    targets: Tensor
    mean: Tensor
    std: Tensor
    weight: Tensor | None = None
    _scales: dict[torch.dtype, tuple[Tensor, Tensor]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("inputs", "targets", "mean", "std", "weight")[: 4 if self.weight is None else 5]:
            tensor = getattr(self, name)
            if not isinstance(tensor, Tensor):
                raise TypeError(f"Examples: {name} is a {type(tensor).__name__}, not a tensor; use torch.as_tensor")
            if tensor.device != self.inputs.device:
                raise ValueError(
                    f"Examples: {name} lies on {tensor.device}, inputs on {self.inputs.device}; move all to one device"
                )
            object.__setattr__(self, name, as_data("Examples", name, tensor))
        self._check_inputs()
        self._check_targets()
        _check_scale(self.mean, self.std, self.inputs.shape[1])
        if self.weight is not None:
            _check_weight(self.weight, len(self.inputs))

    def __len__(self) -> int:
        return len(self.inputs)

    @cached_property
    def largest_label(self) -> int:
        """The largest label; -1 where there are no examples, or values instead of labels."""
        labels = not self.targets.is_floating_point() and len(self)
        return int(self.targets.max()) if labels else -1

    @cached_property
    def are_flags(self) -> bool:
        """Whether all targets are 0 or 1."""
        return bool(((self.targets == 0) | (self.targets == 1)).all())

    def normalisation(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Mean and std (I,) in `dtype`, converted once. Raises ValueError where it cannot hold them, or other parts."""
        if dtype not in self._scales:
            mean, std = self.mean.to(dtype), self.std.to(dtype)
            _check_scale(mean, std, len(mean))
            for name in ("inputs", "targets", "weight"):
                _check_range(name, getattr(self, name), dtype)
            self._scales[dtype] = mean, std
        return self._scales[dtype]

    def batch(
        self,
        index: Tensor | slice,
        dtype: torch.dtype,
        augment: Augment | None = None,
        generator: torch.Generator | None = None,
        out: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """-> normalised x (B, I) in `dtype`, in `out` where it is given, and the targets of the rows `index`.

        With `augment` the raw rows are changed first, by draws from `generator`. Raises IndexError for an index that
        is out of range.
        """
        if isinstance(index, slice):
            index = torch.arange(*index.indices(len(self)), device=self.inputs.device)
        targets = self.targets.index_select(0, index)  # checks the range, which compiled code does not
        rows = self.inputs
        if augment is not None and generator is not None:
            rows = augment(rows.index_select(0, index), generator)
            index = torch.arange(len(rows), device=rows.device)
        mean, std = self.normalisation(dtype)
        if rows.is_cpu:
            shape = len(index), rows.shape[1]
            x = torch.empty(shape, dtype=dtype) if out is None else out
            if x.shape != shape or x.dtype != dtype:
                raise ShapeError(f"Examples.batch: out expected {shape} {dtype}, got {tuple(x.shape)} {x.dtype}")
            compiled.gather_rows(rows.numpy(), index.numpy(), mean.numpy(), std.numpy(), x.numpy())
        else:
            x = rows.index_select(0, index).to(dtype, copy=True).sub_(mean).div_(std)
        return x, targets.to(dtype) if targets.is_floating_point() else targets

    def changed(self, inputs: Tensor, targets: Tensor, weight: Tensor | None) -> "Examples":
        """Some of these examples, changed on their way to a step: their weights may all be 0. Nothing is checked."""
        part = object.__new__(Examples)
        scale = {"mean": self.mean, "std": self.std, "_scales": self._scales}
        vars(part).update(scale, inputs=inputs, targets=targets, weight=weight)
        return part

    def to(self, device: torch.device) -> "Examples":
        """The same examples on another device."""
        if self.inputs.device == torch.device(device):
            return self
        inputs, targets, mean, std = (part.to(device) for part in (self.inputs, self.targets, self.mean, self.std))
        return Examples(inputs, targets, mean, std, None if self.weight is None else self.weight.to(device))

    def _check_inputs(self) -> None:
        inputs = self.inputs
        if inputs.ndim != 2 or not inputs.shape[1]:
            got = shape_text(inputs.shape)
            raise ShapeError(f"Examples: inputs expected (N, I), got {got}; flatten each example: inputs.flatten(1)")
        if inputs.dtype not in _INPUTS:
            raise TypeError(f"Examples: inputs are {inputs.dtype}; give uint8, float32 or float64: inputs.float()")
        if inputs.is_floating_point() and not _finite(inputs):
            raise ValueError("Examples: inputs hold NaN or infinity; leave these examples out, or replace the numbers")

    def _check_targets(self) -> None:
        targets, count = self.targets, len(self.inputs)
        got = f"{shape_text(targets.shape)} {targets.dtype}"
        if targets.dtype == torch.int64:
            if targets.shape != (count,):
                raise ShapeError(f"Examples: labels expected ({count},), got {got}; give one label an example")
            if count and (least := int(targets.min())) < 0:
                raise ValueError(f"Examples: a label is {least}; labels count from 0")
        elif targets.dtype in _FLOATS:
            if targets.ndim != 2 or len(targets) != count or not targets.shape[1]:
                remedy = "give K values an example: targets.view(len(targets), -1)"
                raise ShapeError(f"Examples: values expected ({count}, K), got {got}; {remedy}")
            if not _finite(targets):
                raise ValueError("Examples: targets hold NaN or infinity; leave these examples out")
        else:
            remedy = "give int64 labels, targets.long(), or float32 or float64 values"
            raise TypeError(f"Examples: targets are {targets.dtype}; {remedy}")


def _check_scale(mean: Tensor, std: Tensor, features: int) -> None:
    for name, tensor in (("mean", mean), ("std", std)):
        if tensor.shape != (features,):
            got = shape_text(tensor.shape)
            raise ShapeError(f"Examples: {name} expected ({features},), got {got}; give one number a feature")
        if not tensor.is_floating_point():
            raise TypeError(f"Examples: {name} is {tensor.dtype}; give floating numbers: {name}.double()")
        if not tensor.isfinite().all():
            raise ValueError(f"Examples: {name} is not finite as {tensor.dtype}; give finite numbers")
    least = torch.finfo(std.dtype).tiny
    if not (std >= least).all():
        remedy = "give 1 for a feature that never changes"
        raise ValueError(
            f"Examples: std has {float(std.min()):g} as {std.dtype}, must be at least {least:.2g}; {remedy}"
        )


def _check_weight(weight: Tensor, count: int) -> None:
    got = f"{shape_text(weight.shape)} {weight.dtype}"
    if weight.shape != (count,) or weight.dtype not in _FLOATS:
        raise ShapeError(f"Examples: weight expected ({count},) float32 or float64, got {got}; give one an example")
    if count and not (weight.isfinite().all() and (weight >= 0).all() and weight.any()):
        raise ValueError("Examples: weight must be finite, 0 or more, and not 0 for all; give what each example counts")


def _check_range(name: str, tensor: Tensor | None, dtype: torch.dtype) -> None:
    if tensor is None or tensor.dtype != torch.float64 or dtype == torch.float64 or not tensor.numel():
        return
    least, most = (float(bound) for bound in tensor.aminmax())
    limit = torch.finfo(dtype).max
    if max(-least, most) > limit:
        wrong = most if most > limit else least
        remedy = "take another unit, or a stack of torch.float64"
        raise ValueError(f"Examples: {name}: {wrong:g} is beyond {dtype}, which ends at {limit:.2g}; {remedy}")


def _finite(tensor: Tensor) -> bool:
    """Whether all numbers are finite; their sum tells, unless it overflows."""
    return bool(tensor.sum().isfinite()) or bool(tensor.isfinite().all())
