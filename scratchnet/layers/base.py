"""What a layer is.

A layer is a frozen dataclass of sizes that holds no tensor. Its values are a flat dictionary of tensors with the run
axis first, so that one run is R = 1 and nothing else. Throughout: R runs, B examples (any further axes between B and
the features are preserved), I/O features, P patches of F features.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

Params = Mapping[str, Tensor]  # name -> (R, ...)
Saved = tuple[Any, ...]  # what backward needs of forward
Shape = tuple[int, ...]  # of one example of one run: the axes after (R, B)


class ShapeError(ValueError):
    """Tensors of the wrong shape: names the layer, what it expected, what it got and what to do."""


@dataclass(frozen=True)
class Layer:
    """Base of all layers: a differentiable function of x with parameters.

    Subclasses give `forward` and `backward`; those with parameters also `names`, `weight_names` and `init`. All else
    has a default that is right for any layer: `output_shape` runs the layer once, `size` draws it once, and
    `fixed_sizes` lets only runs of equal sizes share a stack.

    Every attribute is a field of the dataclass, for layers are compared by their fields: two that are equal may share
    a stack and a program. A subclass with an `__init__` of its own raises TypeError.
    """

    widths: ClassVar[tuple[str, ...]] = ()
    """Fields that may differ between the runs of a stack; the narrower runs are padded with zeros."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            raise TypeError(
                f"{cls.__name__}: a layer is a frozen dataclass; decorate it with @dataclass(frozen=True) and give its "
                "sizes as fields, such as `features: int`, in place of __init__"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order in which `init` draws them."""
        return ()

    @property
    def weight_names(self) -> tuple[str, ...]:
        """Names of the parameters that l2 and weight_decay apply to; a layer with parameters must say which."""
        if self.names:
            raise NotImplementedError(
                f"{self}: weight_names is missing; name the parameters among {self.names} that decay, () for none"
            )
        return ()

    @property
    def noise_names(self) -> tuple[str, ...]:
        """Names of what `noise` draws for a training step; absent from `params` in evaluation."""
        return ()

    @property
    def setting_names(self) -> tuple[str, ...]:
        """Names of the `Settings` of a run that `noise` reads: dropout, input_dropout."""
        return ()

    @property
    def input_features(self) -> int | None:
        """How many features an example must have as a flat row, None for a layer that takes any number."""
        return None

    def init(self, generators: Sequence[torch.Generator], dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        """Initial parameters, each (R, ...), run r drawn from generators[r] alone."""
        return {}

    def noise(
        self, generators: Sequence[torch.Generator], settings: Params, batch: int, dtype: torch.dtype
    ) -> dict[str, Tensor]:
        """What is drawn anew for each training step, each (R, batch, ...); merged into `params`."""
        return {}

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        """x (R, B, ..., I) -> y (R, B, ..., O), and what backward needs."""
        raise NotImplementedError

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        """dy (R, B, ..., O) -> (dx, grads): dx as x (None without `input_grad`), grads keyed and shaped as params."""
        raise NotImplementedError

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of y after (R, B) for an x of `shape` after (R, B). Raises ShapeError where x does not fit.

        By default one forward pass on zeros.
        """
        params = self.init([torch.Generator().manual_seed(0)])
        try:
            y, _ = self.forward(params, torch.zeros(1, 1, *shape, dtype=torch.float32))
        except ShapeError:
            raise
        except (RuntimeError, ValueError, IndexError) as error:
            reason = str(error).partition("\n")[0]
            raise ShapeError(f"{self}: x of {shape_text(('R', 'B', *shape))} does not fit ({reason})") from error
        return tuple(y.shape[2:])

    def fixed_sizes(self, shape: Shape) -> Shape:
        """The sizes of an input of `shape` that the runs of a stack must agree on: padding would change the result.

        () for a layer that computes each feature, or each example, from numbers that padding leaves alone.
        """
        return shape

    @property
    def size(self) -> int:
        """The number of learned parameters. By default those of one draw are counted."""
        return _count_drawn(self) if self.names else 0

    @property
    def path(self) -> tuple[int, ...]:
        """The widths that examples pass, from the input to the output."""
        return tuple(getattr(self, name) for name in self.widths)

    def structure(self) -> Self:
        """The layer with its widths left out: layers of equal structure can share a stack."""
        return replace(self, **dict.fromkeys(self.widths, 0))

    def widest(self, others: "Sequence[Layer]") -> Self:
        """The layer padded to the largest of its own and the others' widths."""
        layers = [self, *others]
        return replace(self, **{name: max(getattr(layer, name) for layer in layers) for name in self.widths})


@functools.lru_cache(maxsize=128)
def _count_drawn(layer: Layer) -> int:
    drawn = layer.init([torch.Generator().manual_seed(0)])
    return sum(value.numel() for value in drawn.values())


def check_layer(owner: str, layer: object) -> None:
    """Raise TypeError unless it is a layer."""
    if not isinstance(layer, Layer):
        raise TypeError(f"{owner}: {layer!r} is not a scratchnet.Layer; give layers, such as Linear(4, 3)")


def check_shape(layer: Layer, what: str, got: Sequence[int | str], expected: str, ok: bool, remedy: str) -> None:
    """Raise ShapeError unless `ok`. Sizes that are not known yet are letters: ("R", "B", 7)."""
    if not ok:
        raise ShapeError(f"{layer}: {what} expected {expected}, got {shape_text(got)}; {remedy}")


def check_gradient(layer: Layer, dy: Tensor, y_shape: Sequence[int]) -> None:
    """The incoming gradient has the shape of the output: broadcasting would hide a wrong one."""
    if dy.shape != torch.Size(y_shape):
        remedy = "pass the gradient of the loss with respect to this layer's own output"
        check_shape(layer, "backward's dy", dy.shape, f"{tuple(y_shape)}", False, remedy)


def shape_text(shape: Sequence[int | str]) -> str:
    """A shape as Python writes a tuple, with letters as they are: (R, B, 7)."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
