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
from scratchnet.chain import chain
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


def predict(stack: "Stack", x: Tensor) -> Tensor:
    """What `Stack.predict` does for such runs: x (B, I) -> outputs (R, B, K)."""
    outputs = torch.zeros(len(stack.runs), len(x), stack.network.path[-1], dtype=stack.dtype)
    nothing = np.empty((0, 0), x.numpy().dtype)
    for r, run in enumerate(stack.runs):
        found = chain(run.network)
        assert found is not None
        source = x.numpy()
        for k, i in enumerate(found.linears):
            weight, bias = (stack.own(r, f"{i}.{kind}").numpy() for kind in ("weight", "bias"))
            source = source @ weight
            if k < len(found.kinds):
                compiled.activate_biased(found.kinds[k], found.slopes[k], bias, source, nothing, source)
        outputs[r] = torch.from_numpy(source).add_(torch.from_numpy(bias))
    return outputs


class _Run(Member):
    """One run, its weights (I, O) as in the stack; all that steps as arrays."""

    def __init__(self, stack: "Stack", r: int) -> None:
        super().__init__(stack, r)
        carries = [f"{name}.carry" for k, name in enumerate(self.names) if self.carried[k]]
        states = [f"{name}.{what}" for name in (*self.names, *self.biases) for what in ("velocity", "m", "v")]
        names = (*self.names, *self.biases, *(name for name in states if name in stack.state), *carries)
        self.values = {name: self.own(name) for name in names}
        self.weight = [_Stepping(self.values, name) for name in self.names]
        self.bias = [_Stepping(self.values, name) for name in self.biases]
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
        kinds, slopes, bias = self.chain.kinds, self.chain.slopes, self.bias
        sources, last, z, d = (x, *rows.h), len(self.weight) - 1, rows.z, rows.d
        for k, weight in enumerate(self.weight):
            self._product(k, sources[k], weight.value, z[k])
            if k < last:
                compiled.activate_biased(kinds[k], slopes[k], bias[k].value, z[k], keep[k], rows.h[k])
        loss: float = compiled.mean_loss(
            self.loss, bias[last].value, z[last], labels, values, self.smoothing, d[last], bias[last].gradient
        )
        for k in range(last, -1, -1):
            if k > 0:
                below = k - 1
                self._product(k, d[k], self.weight[k].value.T, d[below])
                compiled.differentiate(
                    kinds[below], slopes[below], z[below], keep[below], d[below], bias[below].gradient
                )
            self._change(k, sources[k], d[k], lr, count)
        return loss

    def _product(self, k: int, a: np.ndarray, weight: np.ndarray, out: np.ndarray) -> None:
        """out ← a W, for the weight of layer k or its transpose."""
        np.matmul(a, weight, out=out)
        if self.scale[k] != 1:
            out *= out.dtype.type(self.scale[k])

    def _change(self, k: int, source: np.ndarray, delta: np.ndarray, lr: float, count: int) -> None:
        """A step of linear layer k from its input (B, I) and delta (B, O)."""
        self._step(self.bias[k], lr, 0.0, 0.0, count)
        if self.direct[k]:
            self.scale[k] *= 1 - lr * (self.l2[k] + self.decay[k])
            self.values[self.names[k]].addmm_(
                torch.from_numpy(source).T, torch.from_numpy(delta), alpha=-lr / self.scale[k]
            )
            if self.scale[k] < 0.5:
                self.unscale()
        else:
            np.matmul(source.T, delta, out=self.weight[k].gradient)
            self._step(self.weight[k], lr, self.l2[k], self.decay[k], count)

    def _step(self, own: "_Stepping", lr: float, l2: float, decay: float, count: int) -> None:
        optimizer = self.stack.optimizer
        if isinstance(optimizer, Adam):
            betas = optimizer.beta1, optimizer.beta2
            compiled.adam(*own.flat, own.m, own.v, own.carry, lr, *betas, optimizer.eps, l2, decay, count)
        else:
            compiled.sgd(*own.flat, own.velocity, own.carry, lr, self.momentum, self.nesterov, l2, decay)


class _Stepping:
    """A parameter as arrays: its value and gradient, both also flat, and its state, flat, empty where it has none."""

    def __init__(self, values: dict[str, Tensor], name: str) -> None:
        self.value = values[name].numpy()
        self.gradient = np.empty_like(self.value)
        self.flat = self.value.reshape(-1), self.gradient.reshape(-1)
        nothing = torch.empty(0, dtype=values[name].dtype)
        self.velocity, self.m, self.v, self.carry = (
            values.get(f"{name}.{what}", nothing).numpy().reshape(-1) for what in ("velocity", "m", "v", "carry")
        )


class _Rows:
    """What a step on so many examples writes: z, h and delta of each layer, each (B, O)."""

    def __init__(self, rows: int, widths: list[int], dtype: np.dtype) -> None:
        self.z, self.h, self.d = ([np.empty((rows, width), dtype) for width in widths[1:]] for _ in range(3))
        self.nothing = np.empty((0, 0), dtype)
