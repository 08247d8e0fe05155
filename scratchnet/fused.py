"""Gradient descent on mini-batches with nothing between the matrix products but one pass over memory each.

The plain steps, for a chain of linear layers on the CPU: bias and decay go into the products (W ← W − lr Xᵀδ is one of
them, the decay a number beside W), what lies between is compiled (`scratchnet.compiled`), and nothing is allocated.
Each run of a stack steps at its own widths, one after the other: its weights stay in the cache.
"""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from scratchnet import compiled
from scratchnet.augment import Augment
from scratchnet.examples import Examples
from scratchnet.member import Member, split_target
from scratchnet.optimizers import Adam

if TYPE_CHECKING:
    from scratchnet.stack import Stack

_SKINNY = 48  # a product with fewer columns is faster written down and then added


def train(
    stack: "Stack",
    examples: Examples,
    order: Tensor,
    batch_size: int,
    augment: Augment | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """What `Stack.train` does, for runs that the kernel has no `refusal` for: -> (steps, R) losses."""
    runs = [_Run(stack, r) for r in range(len(stack.runs))]
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


class _Run(Member):
    """One run, its weights (I, O) as in the stack; all that steps as arrays."""

    def __init__(self, stack: "Stack", r: int) -> None:
        super().__init__(stack, r)
        carries = [f"{name}.carry" for k, name in enumerate(self.names) if self.carried[k]]
        states = [f"{name}.{what}" for name in (*self.names, *self.biases) for what in ("velocity", "m", "v")]
        names = (*self.names, *self.biases, *(name for name in states if name in stack.state), *carries)
        self.values = {name: self.own(name) for name in names}
        self.weight, self.bias = ([self.values[name].numpy() for name in own] for own in (self.names, self.biases))
        self.gradient, self.bias_gradient = ([np.empty_like(v) for v in own] for own in (self.weight, self.bias))
        # Without momentum a step is a product of its own, W ← W − lr xᵀδ: the gradient need not be written down.
        plain = not isinstance(stack.optimizer, Adam) and f"{self.names[0]}.velocity" not in stack.state
        self.direct = [
            plain and not carried and width >= _SKINNY
            for carried, width in zip(self.carried, self.widths[1:], strict=True)
        ]
        self.rows: dict[int, _Rows] = {}

    def step(self, x: np.ndarray, labels: np.ndarray, values: np.ndarray, lr: float, count: int) -> float:
        """One step on x (B, I); -> the loss before it."""
        rows = self.rows.get(len(x)) or self.rows.setdefault(len(x), _Rows(len(x), self.widths, x.dtype))
        noise = {name: value.numpy() for name, value in self.noise(len(x), len(x)).items()}
        keep = [rows.nothing if i is None else noise[f"{i}.keep"] for i in self.chain.keeps]
        if self.chain.input_keep is not None:
            x = x * noise[f"{self.chain.input_keep}.keep"]
        sources, last, z, d = (x, *rows.h), len(self.weight) - 1, rows.z, rows.d
        for k, weight in enumerate(self.weight):
            self._product(k, sources[k], weight, z[k])
            if k < last:
                kind, slope = self.chain.kinds[k], self.chain.slopes[k]
                compiled.activate_biased(kind, slope, self.bias[k], z[k], keep[k], rows.h[k])
        loss: float = compiled.mean_loss(
            self.loss, self.bias[last], z[last], labels, values, self.smoothing, d[last], self.bias_gradient[last]
        )
        for k in range(last, -1, -1):
            if k > 0:
                self._product(k, d[k], self.weight[k].T, d[k - 1])
                kind, slope = self.chain.kinds[k - 1], self.chain.slopes[k - 1]
                compiled.differentiate(kind, slope, z[k - 1], keep[k - 1], d[k - 1], self.bias_gradient[k - 1])
            self._change(k, sources[k], d[k], lr, count)
        return loss

    def _product(self, k: int, a: np.ndarray, weight: np.ndarray, out: np.ndarray) -> None:
        """out ← a W, for the weight of layer k or its transpose."""
        np.matmul(a, weight, out=out)
        if self.scale[k] != 1:
            out *= out.dtype.type(self.scale[k])

    def _change(self, k: int, source: np.ndarray, delta: np.ndarray, lr: float, count: int) -> None:
        """A step of linear layer k from its input (B, I) and delta (B, O)."""
        self._step(self.biases[k], self.bias[k], self.bias_gradient[k], lr, 0.0, 0.0, count)
        if self.direct[k]:
            self.scale[k] *= 1 - lr * (self.l2[k] + self.decay[k])
            self.values[self.names[k]].addmm_(
                torch.from_numpy(source).T, torch.from_numpy(delta), alpha=-lr / self.scale[k]
            )
            if self.scale[k] < 0.5:
                self.unscale()
        else:
            np.matmul(source.T, delta, out=self.gradient[k])
            self._step(self.names[k], self.weight[k], self.gradient[k], lr, self.l2[k], self.decay[k], count)

    def _step(
        self, name: str, value: np.ndarray, gradient: np.ndarray, lr: float, l2: float, decay: float, count: int
    ) -> None:
        value, gradient = value.reshape(-1), gradient.reshape(-1)
        velocity, m, v, carry = (
            self.values[f"{name}.{what}"].numpy().reshape(-1) if f"{name}.{what}" in self.values else gradient[:0]
            for what in ("velocity", "m", "v", "carry")
        )
        optimizer = self.stack.optimizer
        if isinstance(optimizer, Adam):
            betas = optimizer.beta1, optimizer.beta2
            compiled.adam(value, gradient, m, v, carry, lr, *betas, optimizer.eps, l2, decay, count)
        else:
            compiled.sgd(value, gradient, velocity, carry, lr, self.momentum, self.nesterov, l2, decay)


class _Rows:
    """What a step on so many examples writes: z, h and delta of each layer, each (B, O)."""

    def __init__(self, rows: int, widths: list[int], dtype: np.dtype) -> None:
        self.z, self.h, self.d = ([np.empty((rows, width), dtype) for width in widths[1:]] for _ in range(3))
        self.nothing = np.empty((0, 0), dtype)
