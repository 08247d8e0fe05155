"""R runs trained together in one pass."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from scratchnet import _door, kernels
from scratchnet._denormals import denormals_as_zero
from scratchnet._reading import Reading
from scratchnet.augment import Augment
from scratchnet.examples import Examples
from scratchnet.kernels import Kernel
from scratchnet.mixup import Mixup
from scratchnet.run import Run
from scratchnet.values import Values, join


class Evaluation(NamedTuple):
    """Figures of a split, each (R,) in float64: mean data loss an example, and accuracy or R².

    `outputs` (R, N, K) where they were asked for, else None.
    """

    loss: Tensor
    score: Tensor
    outputs: Tensor | None = None


class Stack:
    """R runs of one structure, trained together.

    No reduction crosses the run axis. On a CPU each run holds tensors of its own (a `Values` of one run); on any other
    device all runs share theirs, padded to the widest. Of a run with `averaging` the average is evaluated, and given by
    `params_of`. `kernel` says how steps are computed: "plain", "compiled", or "auto", which takes compiled where it can
    (`scratchnet.kernels`). `dtype` is torch.float32 or torch.float64. On a CPU, numbers below the least normal one of
    the dtype (1.2e-38 in float32) count as zero.

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
        kernel: str = "auto",
    ) -> None:
        _door.check_stack(runs, steps_per_epoch, dtype)
        self.runs, self.dtype, self.device = tuple(runs), dtype, torch.device(device)
        self.loss, self.metric = runs[0].loss, runs[0].loss.plain()
        self._kernel = kernels.choose(kernel, runs, self.device).kernel.name
        groups = [[run] for run in runs] if self.device.type == "cpu" else [list(runs)]
        self.groups = tuple(
            Values(group, steps_per_epoch=steps_per_epoch, dtype=dtype, device=device) for group in groups
        )

    @property
    def kernel(self) -> Kernel:
        """How its steps are computed."""
        return kernels.KERNELS[self._kernel]

    @property
    def params(self) -> dict[str, Tensor]:
        """The parameters that train, of all runs by name, each (R, ...), padded with zeros: copies where runs hold
        their own."""
        return join([group.params for group in self.groups])

    @denormals_as_zero()
    def train(
        self,
        examples: Examples,
        order: Tensor,
        batch_size: int,
        augment: Augment | None = None,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
        mixup: Mixup | None = None,
    ) -> Tensor:
        """One step for each `batch_size` examples of `order`; -> (steps, R) loss of each batch before its step.

        order: (n,) int64, the rows of `examples` in turn, the same for all runs; on a CPU also (R, n), a line each.
        `augment` changes the rows of each batch, then `mixup` mixes them, by draws from `generator`, which both need:
        one for each line of `order`. A run's steps are those that it makes alone with its line and its generator.
        """
        orders = order.unsqueeze(0) if isinstance(order, Tensor) and order.ndim == 1 else order
        generators = list(generator) if isinstance(generator, Sequence) else [generator]
        _door.check_training(self.groups, examples, orders, batch_size, augment, generators, mixup)
        batch_size = min(int(batch_size), max(len(examples), orders.shape[1], 1))  # memory is that of a batch
        outputs = self.groups[0].network.output_shape(examples.inputs.shape[1:])[0]
        reading = Reading(batch_size, augment, mixup, self.dtype, outputs)
        if len(orders) == 1:
            return self._train(self.groups, reading.parts(examples, orders[0], generators[0]), batch_size)
        draws = generators if augment or mixup else [None] * len(orders)
        each = zip(self.groups, orders, draws, strict=True)
        parts = [(group, reading.parts(examples, line, g)) for group, line, g in each]
        return torch.cat([self._train([group], part, batch_size) for group, part in parts], 1)

    def _train(self, groups: Sequence[Values], parts: Iterable[tuple[Examples, Tensor]], batch_size: int) -> Tensor:
        """The steps of groups that read the same rows of the same examples."""
        losses = []
        for examples, rows in parts:
            losses.append(torch.cat([self._steps(group, examples, rows, batch_size) for group in groups], 1))
        return torch.cat(losses)

    def _steps(self, group: Values, examples: Examples, order: Tensor, batch_size: int) -> Tensor:
        """The kernel's steps of one group, which stops where the average is updated."""
        losses = []
        while len(order):
            rows = group.steps_to_average * batch_size if group.average else len(order)
            losses.append(self.kernel.train(group, examples, order[:rows], batch_size))
            group.update_average()
            order = order[rows:]
        return torch.cat(losses)

    @denormals_as_zero()
    def predict(self, x: Tensor) -> Tensor:
        """Outputs (R, B, K) for normalised x (B, I) in the stack's dtype, without noise."""
        x = _door.checked_inputs(self.groups[0], x)
        outputs = []
        for group in self.groups:
            with group.averaged():
                outputs.append(self.kernel.predict(group, x))
        return torch.cat(outputs)

    @denormals_as_zero()
    def evaluate(self, examples: Examples, *, outputs: bool = False) -> Evaluation:
        """Loss and score of a whole split, NaN where it has no examples; with `outputs` those too."""
        _door.check_examples(self.groups[0], examples)
        losses: list[Tensor] = []
        hits: list[Tensor] = []
        parts: list[Tensor] = []
        for g, group in enumerate(self.groups):
            same = self._same_as(g)
            output: list[Tensor] | None = [] if outputs else None
            with group.averaged():
                loss, hit = self._sums(group, examples, output) if same == g else (losses[same], hits[same])
            losses.append(loss)
            hits.append(hit)
            if output is not None:
                parts.append(parts[same] if same != g else torch.cat(output, 1))
        every = torch.cat(parts) if outputs else None
        if not len(examples):
            return Evaluation(torch.cat(losses) + torch.nan, torch.cat(losses) + torch.nan, every)
        loss = torch.cat(losses) / len(examples)
        score = self.metric.score(torch.cat(hits), examples.targets)
        return Evaluation(loss, score.where(loss.isfinite(), torch.nan), every)  # outputs of NaN hit by accident

    def _sums(self, group: Values, examples: Examples, outputs: list[Tensor] | None) -> tuple[Tensor, Tensor]:
        """Loss (R,) and hits of a split, summed over its examples, in float64; outputs are added to a list.

        Weights play no part.
        """
        loss = torch.zeros(len(group.runs), dtype=torch.float64, device=self.device)
        hits: list[Tensor] = []
        for inputs, target in zip(
            examples.inputs.split(self.kernel.rows), examples.targets.split(self.kernel.rows), strict=True
        ):
            target = target.to(self.dtype) if target.is_floating_point() else target
            output = self.kernel.predict(group, inputs, examples.normalisation(self.dtype))
            loss += self.metric.forward(output, target)[0].double() * len(inputs)
            hits.append(self.metric.hits(output, target))
            if outputs is not None:
                outputs.append(output)
        return loss, torch.stack(hits).sum(0)

    def _same_as(self, g: int) -> int:
        """The first group that is the same network: before the first step the runs of one seed are."""
        group = self.groups[g]
        for earlier, other in enumerate(self.groups[:g]):
            alike = group.steps == other.steps == 0 and group.runs[0].seed == other.runs[0].seed
            if alike and all(torch.equal(value, other.params[name]) for name, value in group.params.items()):
                return earlier
        return g

    def penalty(self) -> Tensor:
        """(R,) 0.5 · l2 · Σ‖W‖² over the penalized weights, in float64."""
        return torch.cat([group.penalty() for group in self.groups])

    def lr(self) -> Tensor:
        """(R,) rates of the next step, in float64."""
        return torch.cat([group.rates(1)[0] for group in self.groups])

    def params_of(self, run: int) -> dict[str, Tensor]:
        """Copies of the parameters by which a run is evaluated, at its own widths, without the run axis, on the CPU."""
        group, place = self._place(run)
        return group.params_of(place)

    def state_dict(self) -> dict[str, Tensor]:
        """A copy of all that a later `load_state_dict` needs to go on to the last bit."""
        tensors: dict[str, Tensor] = {}
        for prefix in ("params", "state", "average"):
            joined = join([getattr(group, prefix) for group in self.groups])
            copies = len(self.groups) > 1
            tensors |= {f"{prefix}.{name}": value if copies else value.clone() for name, value in joined.items()}
        generators = [generator for group in self.groups for generator in group.generators]
        tensors |= {f"generator.{r}": generator.get_state() for r, generator in enumerate(generators)}
        return tensors | {"steps": torch.tensor(self.groups[0].steps)}

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from `state_dict()` of a stack of the same runs.

        Raises KeyError for another's and ValueError for no state at all, and loads nothing then.
        """
        self._check_state(tensors)
        first = 0
        for group in self.groups:
            runs = slice(first, first + len(group.runs))
            for prefix in ("params", "state", "average"):
                for name, value in getattr(group, prefix).items():
                    value.copy_(tensors[f"{prefix}.{name}"][runs][tuple(slice(n) for n in value.shape)])
            for r, generator in enumerate(group.generators, first):
                generator.set_state(tensors[f"generator.{r}"])
            group.steps = int(tensors["steps"])
            first = runs.stop

    def _check_state(self, tensors: Mapping[str, Tensor]) -> None:
        here, given = (
            {(name, value.shape, value.dtype) for name, value in state.items()}
            for state in (self.state_dict(), tensors)
        )
        if other := {name for name, *_ in here ^ given}:
            raise KeyError(f"the state of a stack of other runs, nothing was loaded: {', '.join(sorted(other))} differ")
        for r in range(len(self.runs)):
            group, place = self._place(r)
            for name, shape in group.shapes[place].items():
                value = tensors[f"params.{name}"][r]
                if value.count_nonzero() > value[tuple(slice(n) for n in shape)].count_nonzero():
                    raise KeyError(
                        f"the state of a stack of other runs, nothing was loaded: {name} of run {r} is wider"
                    )
            try:
                torch.Generator(group.device).set_state(tensors[f"generator.{r}"])
            except RuntimeError as error:
                raise ValueError(f"no state, nothing was loaded: generator.{r} is none of torch's") from error
        if not 0 <= (steps := int(tensors["steps"])) < 2**53:
            raise ValueError(f"no state, nothing was loaded: {steps} steps")

    def _place(self, run: int) -> tuple[Values, int]:
        """The group of a run, and its place there."""
        shared = len(self.groups) == 1
        return self.groups[0 if shared else run], run if shared else 0
