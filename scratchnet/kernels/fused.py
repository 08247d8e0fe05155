"""Gradient descent on mini-batches with nothing between the matrix products but one pass over memory each.

The plain steps on the CPU: bias and decay go into the products (W ← W − lr Xᵀδ is one of them, the decay a number
beside W), what lies between is compiled (`scratchnet.kernels.parts`), and nothing is allocated. Each run of a
stack steps at its own widths, one after the other: its weights stay in the cache.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from scratchnet import compiled
from scratchnet.augment import Augment
from scratchnet.examples import Examples
from scratchnet.kernels.assembly import assemble
from scratchnet.kernels.member import Member, split_target
from scratchnet.kernels.parts import Cut
from scratchnet.optimizers import Adam
from scratchnet.values import Values

_PATCHES = 1024  # patches that are trained at a time: what lies between their products stays in the cache
_SKINNY = 48  # a product with fewer columns is faster written down and then added


def train(
    stack: Values,
    examples: Examples,
    order: Tensor,
    batch_size: int,
    augment: Augment | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """What `plain.train` does, for runs that the kernel has no `refusal` for: -> (steps, R) losses."""
    runs = [FusedRun(stack, r) for r in range(len(stack.runs))]
    rates = stack.rates(-(-len(order) // batch_size)).numpy()
    losses = np.empty(rates.shape)
    inputs = torch.empty(min(batch_size, len(order)), examples.inputs.shape[1], dtype=stack.dtype)
    for t, index in enumerate(order.split(batch_size)):
        x, target = examples.batch(index, stack.dtype, augment, generator, out=inputs[: len(index)])
        labels, values = split_target(target, stack.dtype)
        for r, run in enumerate(runs):
            losses[t, r] = run.step(x.numpy(), labels, values, float(rates[t, r]), stack.steps + t + 1)
    for run in runs:
        run.store()
    stack.steps += len(rates)
    return torch.from_numpy(losses).to(stack.dtype)


def predictor(stack: Values, r: int) -> Callable[[Tensor], Tensor]:
    """What `plain.predictor` does for one such run as its weights are now: x (B, I) -> outputs (B, K)."""
    run = FusedRun(stack, r, training=False)
    return lambda x: torch.from_numpy(run.outputs(x.numpy()))


def predictors(stack: Values) -> Callable[[Tensor], Tensor]:
    """What `plain.predictor` does: x (B, I) -> outputs (R, B, K). Runs that are still the same network run once."""
    first = _first_alike(stack)
    predict_run = {r: predictor(stack, r) for r in set(first)}

    def predict(x: Tensor) -> Tensor:
        outputs = {r: predict_one(x) for r, predict_one in predict_run.items()}
        return torch.stack([outputs[r] for r in first])

    return predict


def _first_alike(stack: Values) -> list[int]:
    """For each run the first that is still the same network: before the first step those of one seed are."""
    if stack.steps:
        return list(range(len(stack.runs)))
    firsts: dict[object, int] = {}
    alike = []
    for r, run in enumerate(stack.runs):
        first = firsts.setdefault((run.seed, *stack.shapes[r].items()), r)
        same = all(torch.equal(values[r], values[first]) for values in stack.params.values())
        alike.append(first if same else r)
    return alike


class FusedRun(Member):
    """One run, its weights (I, O) as in the stack; all that steps as arrays."""

    def __init__(self, stack: Values, r: int, *, training: bool = True) -> None:
        super().__init__(stack, r)
        found = assemble(self.network)
        assert found is not None
        self.parts, self.first = found, next(i for i, part in enumerate(found) if part.learns)
        self.dtype = torch.empty(0, dtype=stack.dtype).numpy().dtype
        states = ("velocity", "m", "v") if training else ()
        kinds = [kind for kind in states if f"{self.names[0]}.{kind}" in stack.state]
        self.weights = []
        for name, carried in zip(self.names, self.carried, strict=True):
            own = [*kinds, "carry"] if training and carried else kinds
            self.values |= {key: self.own(key) for key in (name, *(f"{name}.{kind}" for kind in own))}
            state = {kind: self.values[f"{name}.{kind}"].numpy().reshape(-1) for kind in own}
            self.weights.append(_Stepping(self.values[name].numpy(), state))
        # All that does not decay steps at once, side by side.
        packed = {kind: self.pack([f"{name}.{kind}" for name in self.vectors]) for kind in kinds}
        self.small = _Stepping(self.pack(self.vectors), packed)
        cuts = (part for part in found if isinstance(part, Cut))
        self.rows = next((max(_PATCHES // len(cut.pixels), 1) for cut in cuts), 0)  # of a piece; 0: all at once
        self.begun = self.done = False
        # Without momentum a step is a product of its own, W ← W − lr xᵀδ: the gradient need not be written down.
        self.direct = [
            not kinds and not carried and not self.rows and weight.value.shape[1] >= _SKINNY
            for carried, weight in zip(self.carried, self.weights, strict=True)
        ]
        self.noisy = bool(self.network.noise_names)
        self.shrink = (self.l2 + self.decay).tolist()
        self.nothing, self.training, self.lr, self.count = np.empty((0, 0), self.dtype), training, 0.0, 0
        self.keep: dict[str | None, np.ndarray] = {}
        for part in self.parts:
            part.bind(self)
        self.output_bias = self.vector(f"{len(self.network.layers) - 1}.bias")
        self.deltas: dict[int, np.ndarray] = {}

    def vector(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """A bias, a scale or a shift, and where its gradient is to be written."""
        sizes = [len(self.values[other]) for other in self.vectors[: self.vectors.index(name) + 1]]
        place = slice(sum(sizes[:-1]), sum(sizes))
        return self.small.value[place], self.small.gradient[place]

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x (B, I) -> outputs (B, K) without the last bias."""
        for part in self.parts:
            x = part.forward(x)
        return x

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """x (B, I) -> outputs (B, K)."""
        return np.concatenate([self.forward(x[piece]) + self.output_bias[0] for piece in self._pieces(len(x))])

    def _pieces(self, count: int) -> list[slice]:
        """The examples in pieces whose numbers stay in the cache."""
        size = self.rows or max(count, 1)
        return [slice(start, min(start + size, count)) for start in range(0, max(count, 1), size)]

    def step(self, x: np.ndarray, labels: np.ndarray, values: np.ndarray, lr: float, count: int) -> float:
        """One step on x (B, I); -> the loss before it."""
        self.lr, self.count = lr, count
        noise = {name: value.numpy() for name, value in self.noise(len(x), len(x)).items()} if self.noisy else {}
        self.small.gradient[:] = 0
        bias, gradient = self.output_bias
        loss = 0.0
        for piece in self._pieces(len(x)):
            self.begun, self.done = piece.start > 0, piece.stop == len(x)
            self.keep = {name: value[piece] for name, value in noise.items()}
            output = self.forward(x[piece])
            delta = self.deltas.get(len(output))
            if delta is None:
                delta = self.deltas[len(output)] = np.empty_like(output)
            targets = labels[piece], values[piece]
            loss += compiled.total_loss(self.loss, bias, output, *targets, self.smoothing, len(x), delta, gradient)
            for i in range(len(self.parts) - 1, self.first - 1, -1):
                delta = self.parts[i].backward(delta, i > self.first)
        self._step(self.small, 0.0, 0.0)
        return loss / len(x)

    def change(self, k: int, left: np.ndarray, right: np.ndarray) -> None:
        """A step of weight k, whose gradient is left · right, once that is known for all of the batch."""
        own = self.weights[k]
        if self.direct[k]:
            scale = float(self.scale[k]) * (1 - self.lr * self.shrink[k])
            weight = self.values[self.names[k]]
            weight.addmm_(torch.from_numpy(left), torch.from_numpy(right), alpha=-self.lr / scale)
            self.scale[k] = scale
            if scale < 0.5:
                self.unscale()
            return
        if self.begun:
            own.gradient += left @ right
        else:
            np.matmul(left, right, out=own.gradient)
        if self.done:
            self._step(own, self.l2[k], self.decay[k])

    def _step(self, own: "_Stepping", l2: float, decay: float) -> None:
        optimizer = self.stack.optimizer
        if isinstance(optimizer, Adam):
            betas = optimizer.beta1, optimizer.beta2
            compiled.adam(*own.flat, own.m, own.v, own.carry, self.lr, *betas, optimizer.eps, l2, decay, self.count)
        else:
            compiled.sgd(*own.flat, own.velocity, own.carry, self.lr, self.momentum, self.nesterov, l2, decay)


class _Stepping:
    """A parameter as arrays: its value and gradient, both also flat, and its state, flat, empty where it has none."""

    def __init__(self, value: np.ndarray, state: Mapping[str, np.ndarray]) -> None:
        self.value, self.gradient = value, np.empty_like(value)
        self.flat = value.reshape(-1), self.gradient.reshape(-1)
        nothing = np.empty(0, value.dtype)
        self.velocity, self.m, self.v, self.carry = (
            state.get(what, nothing) for what in ("velocity", "m", "v", "carry")
        )
