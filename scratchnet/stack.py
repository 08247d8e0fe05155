"""R runs trained together in one pass: the only place where values live."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from scratchnet import fused, kernels, lookahead
from scratchnet.augment import Augment
from scratchnet.examples import Examples
from scratchnet.kernels import Kernel
from scratchnet.losses import Loss
from scratchnet.optimizers import Hyper, Optimizer
from scratchnet.schedules import Constant, Schedule
from scratchnet.sequential import Sequential

_EVALUATION_ROWS = 1000  # large enough for the rate of the matrix products, small enough for the cache


@dataclass(frozen=True)
class Run:
    """One configuration. Structure decides who may share a stack; the rest is the run's own.

    `settings`: lr, and as needed momentum, l2, weight_decay, dropout, input_dropout (absent means 0).
    `penalized`: names of the parameters that l2 and weight_decay apply to; None means every weight, no bias.
    """

    network: Sequential
    loss: Loss
    optimizer: Optimizer
    settings: Mapping[str, float]
    schedule: Schedule = field(default_factory=Constant)
    epochs: int = 1
    seed: int = 0
    penalized: tuple[str, ...] | None = None

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the parameters that decay."""
        if self.penalized is not None:
            return self.penalized
        return tuple(name for name in self.network.names if name.rsplit(".", 1)[-1] == "weight")


class Evaluation(NamedTuple):
    """Figures of a split, each (R,) in float64: mean data loss an example, and accuracy or R²."""

    loss: Tensor
    score: Tensor


def stackable(a: Run, b: Run) -> bool:
    """Whether two runs may share a stack: equal up to hidden widths and to what is a setting."""
    return _shared(a) == _shared(b)


def _shared(run: Run) -> tuple[object, ...]:
    """What the runs of a stack have in common. Padded inputs or outputs would count as inputs and classes."""
    path = run.network.path
    return run.network.structure(), path[:1], path[-1:], run.loss, run.optimizer


class Stack:
    """Parameters, optimizer state and generators of R runs, and one training step for all of them.

    Every tensor has the run axis first, and no reduction crosses it. Narrower networks are padded with units
    that stay exactly zero. `kernel` is the algorithm: "plain", "lookahead" (small batches of SGD, the same steps
    reordered, see `scratchnet.lookahead`), "fused" (see `scratchnet.fused`) or "auto", the fastest of them. Raises
    ValueError for runs that are not `stackable`, or that the kernel cannot train.
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
        for run in runs:
            if not stackable(runs[0], run):
                raise ValueError(f"cannot share a stack: {runs[0]} and {run}; train them in stacks of their own")
        self.runs, self.dtype, self.device = tuple(runs), dtype, torch.device(device)
        self.loss, self.metric, self.optimizer = runs[0].loss, runs[0].loss.plain(), runs[0].optimizer
        self.network = runs[0].network.widest([run.network for run in runs[1:]])
        self.steps_per_epoch, self.steps, self._wanted = steps_per_epoch, 0, kernel
        self.kernel(1)
        refusals = (kernels.refusal("fused", run, self.device) for run in runs)
        self._fused = kernel != "plain" and not any(refusals)
        names = {"lr", "momentum", "l2", "weight_decay", "dropout", "input_dropout"}
        self.settings = {name: self._per_run(run.settings.get(name, 0.0) for run in runs) for name in names}
        self.hyper = Hyper(self.settings["momentum"], self._decay("l2"), self._decay("weight_decay"))
        self._start()

    def _start(self) -> None:
        """Each run draws at its own width from its own generator, and is padded afterwards."""
        initial = [torch.Generator().manual_seed(run.seed) for run in self.runs]
        own = [run.network.init([g], torch.float64) for run, g in zip(self.runs, initial, strict=True)]
        self.shapes = [{name: value.shape[1:] for name, value in params.items()} for params in own]
        ragged = any(shapes != self.shapes[0] for shapes in self.shapes)
        self.params = {name: value.to(self.device, self.dtype) for name, value in pad(own).items()}
        ones = [{name: torch.ones_like(value) for name, value in params.items()} for params in own]
        self.mask = {name: v.to(self.device, self.dtype) for name, v in pad(ones).items()} if ragged else {}
        # Noise has a stream of its own: a device draws differently, initial weights must not.
        seeds = [int(torch.randint(2**62, (), generator=g)) for g in initial]
        self.generators = [torch.Generator(self.device).manual_seed(seed) for seed in seeds]
        self.state = self.optimizer.init(self.params, self.hyper, self.settings["lr"])

    def kernel(self, batch_size: int) -> Kernel:
        """The algorithm that trains batches of this size: "plain", "lookahead" or "fused"."""
        return kernels.choose(self._wanted, self.runs, batch_size, self.device)

    def train(
        self,
        examples: Examples,
        order: Tensor,
        batch_size: int,
        augment: Augment | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """One step for each `batch_size` rows of `order` (n,); -> (steps, R) loss of every batch before its step."""
        examples = examples.read_as(self.dtype)
        fast = {"lookahead": lookahead.train, "fused": fused.train}.get(self.kernel(batch_size))
        if fast is not None:
            with kernels.as_torch():
                return fast(self, examples, order, batch_size, augment, generator)
        rates = self.rates(-(-len(order) // batch_size))
        losses = []
        for rate, index in zip(rates, order.split(batch_size), strict=True):
            x, target = examples.batch(index, self.dtype, augment, generator)
            losses.append(self.step(x, target, rate))
        return torch.stack(losses)

    def step(self, x: Tensor, target: Tensor, lr: Tensor) -> Tensor:
        """One gradient step on x (B, ...) shared by all runs, with rates lr (R,); -> (R,) loss before it."""
        inputs = self.params | self._noise(len(x))
        output, saved = self.network.forward(inputs, x.expand(len(self.runs), *x.shape))
        loss, kept = self.loss.forward(output, target)
        _, grads = self.network.backward(inputs, saved, self.loss.backward(kept), input_grad=False)
        for name, mask in self.mask.items():
            grads[name].mul_(mask)
        self.steps += 1
        self.optimizer.step(self.params, grads, self.state, self.hyper, lr, self.steps)
        return loss

    def predict(self, x: Tensor) -> Tensor:
        """Outputs (R, B, K) for x (B, ...), without noise."""
        with kernels.as_torch():
            return self._predictor()(x)

    def evaluate(self, examples: Examples) -> Evaluation:
        """Loss and score of a whole split; NaN where it has no examples."""
        loss = torch.zeros(len(self.runs), dtype=torch.float64, device=self.device)
        hits = torch.zeros_like(loss)
        examples, rows = examples.read_as(self.dtype), min(_EVALUATION_ROWS, len(examples))
        room = torch.empty(rows, examples.inputs.shape[1], dtype=self.dtype, device=self.device)
        with kernels.as_torch():
            predict = self._predictor()
            for start in range(0, len(examples), _EVALUATION_ROWS):
                index = slice(start, start + _EVALUATION_ROWS)
                x, target = examples.batch(index, self.dtype, out=room[: len(examples) - start])
                output = predict(x)
                loss += self.metric.forward(output, target)[0].double() * len(x)
                hits += self.metric.hits(output, target)
        if not len(examples):
            return Evaluation(loss + torch.nan, hits + torch.nan)
        loss /= len(examples)
        score = self.metric.score(loss, hits, examples.targets)
        return Evaluation(loss, score.where(loss.isfinite(), torch.nan))  # outputs of NaN hit by accident

    def _predictor(self) -> Callable[[Tensor], Tensor]:
        """x -> outputs with the weights as they are now."""
        if not self._fused:
            return lambda x: self.network.forward(self.params, x.expand(len(self.runs), *x.shape))[0]
        first = self._first_alike()
        own = {r: fused.predictor(self, r) for r in set(first)}

        def predict(x: Tensor) -> Tensor:
            outputs = {r: predictor(x) for r, predictor in own.items()}
            return torch.stack([outputs[r] for r in first])

        return predict

    def _first_alike(self) -> list[int]:
        """For each run the first that is still the same network: before the first step those of one seed are."""
        if self.steps:
            return list(range(len(self.runs)))
        firsts: dict[object, int] = {}
        found = []
        for r, run in enumerate(self.runs):
            first = firsts.setdefault((run.seed, *self.shapes[r].items()), r)
            same = all(torch.equal(values[r], values[first]) for values in self.params.values())
            found.append(first if same else r)
        return found

    def penalty(self) -> Tensor:
        """(R,) 0.5 · l2 · Σ‖W‖² over the penalized weights, in float64."""
        total = torch.zeros(len(self.runs), dtype=torch.float64, device=self.device)
        for name, l2 in self.hyper.l2.items():
            total += 0.5 * l2 * self.params[name].double().square().flatten(1).sum(1)
        return total

    def lr(self) -> Tensor:
        """(R,) rates of the next step, in float64."""
        return self.rates(1)[0]

    def params_of(self, run: int) -> dict[str, Tensor]:
        """Copies of one run's parameters at its own widths, without the run axis."""
        return {
            name: self.own(run, name).detach().cpu().clone(memory_format=torch.contiguous_format)
            for name in self.params
        }

    def own(self, run: int, name: str) -> Tensor:
        """A view of one run's part of a parameter or of its state, at the run's own widths."""
        parameter = name if name in self.params else name.rpartition(".")[0]
        value = self.params[name] if name in self.params else self.state[name]
        return value[run][tuple(slice(n) for n in self.shapes[run][parameter])]

    def state_dict(self) -> dict[str, Tensor]:
        """All that a later `load_state_dict` needs to go on to the last bit."""
        tensors = {f"params.{name}": value for name, value in self.params.items()}
        tensors |= {f"state.{name}": value for name, value in self.state.items()}
        tensors |= {f"generator.{r}": g.get_state() for r, g in enumerate(self.generators)}
        return tensors | {"steps": torch.tensor(self.steps)}

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from `state_dict()` of a stack of the same runs. Raises KeyError where it is another's."""
        own, given = ({name: value.shape for name, value in d.items()} for d in (self.state_dict(), tensors))
        if other := {name for name, _ in own.items() ^ given.items()}:
            raise KeyError(f"the state of a stack of other runs, nothing was loaded: {', '.join(sorted(other))} differ")
        for prefix, values in (("params", self.params), ("state", self.state)):
            for name, value in values.items():
                value.copy_(tensors[f"{prefix}.{name}"])
        for r, generator in enumerate(self.generators):
            generator.set_state(tensors[f"generator.{r}"])
        self.steps = int(tensors["steps"])

    def _per_run(self, values: Iterable[float]) -> Tensor:
        return torch.tensor(list(values), dtype=torch.float64, device=self.device)

    def _decay(self, setting: str) -> dict[str, Tensor]:
        """(R,) decay of each parameter that decays in some run, zero in the others."""
        decays = {
            name: self._per_run(run.settings.get(setting, 0.0) * (name in run.weights) for run in self.runs)
            for name in self.network.names
        }
        return {name: decay for name, decay in decays.items() if decay.any()}

    def _noise(self, batch: int) -> dict[str, Tensor]:
        if not self.network.noise_names:
            return {}
        return pad([self.noise_of(r, batch) for r in range(len(self.runs))])

    def noise_of(self, r: int, batch: int) -> dict[str, Tensor]:
        """What run r draws for its next step, each (1, batch, ...) at its own widths."""
        settings = {name: value[r : r + 1] for name, value in self.settings.items()}
        return self.runs[r].network.noise([self.generators[r]], settings, batch, self.dtype)

    def rates(self, steps: int) -> Tensor:
        """(steps, R) learning rates of the next steps."""
        step = torch.arange(self.steps, self.steps + steps, dtype=torch.float64)
        factors = [run.schedule.factor(step, self.steps_per_epoch, run.epochs) for run in self.runs]
        return torch.stack(factors, 1).to(self.device) * self.settings["lr"]


def pad(own: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Join tensors (1, ...) of runs of different widths into (R, ...), zeros where a run is narrower."""
    joined = {}
    for name, first in own[0].items():
        parts = [values[name][0] for values in own]
        widest = [max(sizes) for sizes in zip(*(part.shape for part in parts), strict=True)]
        joined[name] = first.new_zeros(len(parts), *widest)
        for row, part in zip(joined[name], parts, strict=True):
            row[tuple(slice(n) for n in part.shape)] = part
    return joined
