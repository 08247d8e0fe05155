"""R runs trained together in one pass."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from scratchnet import _door, kernels
from scratchnet.augment import Augment
from scratchnet.examples import Examples
from scratchnet.kernels import Kernel
from scratchnet.layers import Sequential
from scratchnet.run import Run
from scratchnet.values import Values

_EVALUATION_ROWS = 1000  # large enough for the rate of the matrix products, small enough for the cache


class Evaluation(NamedTuple):
    """Figures of a split, each (R,) in float64: mean data loss an example, and accuracy or R²."""

    loss: Tensor
    score: Tensor


class Stack:
    """R runs of one structure, trained together: `values` holds their parameters, optimizer state and generators.

    No reduction crosses the run axis. `kernel` is the algorithm: "plain", "lookahead" (small batches of SGD, the same
    steps reordered, see `scratchnet.kernels.lookahead`), "fused" (see `scratchnet.kernels.fused`) or "auto", the
    fastest of them. `dtype` is torch.float32 or torch.float64.

    Raises ShapeError for a network whose layers do not fit, ValueError for runs that are not `stackable` or that the
    kernel cannot train. `train`, `evaluate` and `predict` raise ShapeError, TypeError or ValueError for tensors of a
    wrong shape, type, device or range, before anything changes.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        *,
        steps_per_epoch: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        kernel: Kernel = "auto",
    ) -> None:
        _door.check_stack(runs, steps_per_epoch, dtype)
        self.runs, self.dtype, self.device = tuple(runs), dtype, torch.device(device)
        self.loss, self.metric = runs[0].loss, runs[0].loss.plain()
        self._requested = kernel
        self.kernel(1)
        self.values = Values(runs, steps_per_epoch=steps_per_epoch, dtype=dtype, device=device)
        self._predictor = kernels.predictor(kernel, runs, self.device)

    @property
    def network(self) -> Sequential:
        """The network of the runs, as wide as the widest."""
        return self.values.network

    @property
    def params(self) -> dict[str, Tensor]:
        """The parameters of all runs by name, each (R, ...)."""
        return self.values.params

    def kernel(self, batch_size: int) -> Kernel:
        """The algorithm that trains batches of this size: "plain", "lookahead" or "fused"."""
        return kernels.choose(self._requested, self.runs, batch_size, self.device)

    def train(
        self,
        examples: Examples,
        order: Tensor,
        batch_size: int,
        augment: Augment | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """One step for each `batch_size` rows of `order` (n,) int64; -> (steps, R) loss of each batch before its step.

        `augment` changes the rows of each batch by draws from `generator`, which it needs.
        """
        _door.check_training(self.values, examples, order, batch_size, augment, generator)
        train = kernels.trainer(self.kernel(batch_size))
        return train(self.values, examples, order, batch_size, augment, generator)

    def predict(self, x: Tensor) -> Tensor:
        """Outputs (R, B, K) for normalised x (B, I) in the stack's dtype, without noise."""
        _door.check_inputs(self.values, x)
        with kernels.as_torch():
            return self._predictor(self.values)(x)

    def evaluate(self, examples: Examples) -> Evaluation:
        """Loss and score of a whole split; NaN where it has no examples."""
        _door.check_examples(self.values, examples)
        loss = torch.zeros(len(self.runs), dtype=torch.float64, device=self.device)
        hits = torch.zeros_like(loss)
        rows = min(_EVALUATION_ROWS, len(examples))
        buffer = torch.empty(rows, examples.inputs.shape[1], dtype=self.dtype, device=self.device)
        with kernels.as_torch():
            predict = self._predictor(self.values)
            for start in range(0, len(examples), _EVALUATION_ROWS):
                index = slice(start, start + _EVALUATION_ROWS)
                x, target = examples.batch(index, self.dtype, out=buffer[: len(examples) - start])
                output = predict(x)
                loss += self.metric.forward(output, target)[0].double() * len(x)
                hits += self.metric.hits(output, target)
        if not len(examples):
            return Evaluation(loss + torch.nan, hits + torch.nan)
        loss /= len(examples)
        score = self.metric.score(loss, hits, examples.targets)
        return Evaluation(loss, score.where(loss.isfinite(), torch.nan))  # outputs of NaN hit by accident

    def penalty(self) -> Tensor:
        """(R,) 0.5 · l2 · Σ‖W‖² over the penalized weights, in float64."""
        return self.values.penalty()

    def lr(self) -> Tensor:
        """(R,) rates of the next step, in float64."""
        return self.values.rates(1)[0]

    def params_of(self, run: int) -> dict[str, Tensor]:
        """Copies of one run's parameters at its own widths, without the run axis, on the CPU."""
        return self.values.params_of(run)

    def state_dict(self) -> dict[str, Tensor]:
        """All that a later `load_state_dict` needs to go on to the last bit."""
        return self.values.state_dict()

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from `state_dict()` of a stack of the same runs. Raises KeyError, and loads nothing, for another's."""
        self.values.load_state_dict(tensors)
