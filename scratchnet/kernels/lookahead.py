"""Stochastic gradient descent on small batches, reordered so that the first weight matrix rests in between.

A step on one example reads and writes the whole first weight for two operations a number: memory is what it waits
for. But the inputs of the next steps are known. With W₀ at the start of a block of steps, batches X_t and the deltas
δ_i = ∂ loss / ∂ (X_i W_i) that these steps will have, SGD's W_t is linear in W₀, in the velocity v₀ and in all δ_i:

    X_t W_t = a_t X_t W₀ + b_t X_t v₀ + Σ_{i<t} k_ti (X_t X_iᵀ) δ_i

with numbers a, b, k from the rates, decays and momentum alone: W_{t+1} = (1 − lr · decay) W_t − lr X_tᵀ δ_t without
momentum. So one product X W₀ (and X v₀) and one Gram matrix X Xᵀ a block give every pre-activation as soon as the
deltas before it are known, and W changes once a block, by Xᵀ δ. What remains step by step has the width of the hidden
layer; `scratchnet.compiled` does it. The same samples in the same order give the same weights up to rounding.
Networks too narrow to gain from it train in the compiled loop with their first layer included.
"""

import numpy as np
import torch
from torch import Tensor

from scratchnet import compiled
from scratchnet.augment import Augment
from scratchnet.examples import Examples
from scratchnet.kernels.chain import chain
from scratchnet.kernels.member import Member, split_target
from scratchnet.values import Values

_BLOCK_ROWS = 96  # examples a block: more make the products faster, and what must wait in between slower
NARROW = 48  # below so many hidden units the first layer is cheaper to step than to look ahead for
_BLOCK_NUMBERS = 2**16  # numbers a block of narrow networks reads: what stays in the cache


def train(
    stack: Values,
    examples: Examples,
    order: Tensor,
    batch_size: int,
    augment: Augment | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """What `plain.train` does, for runs that the kernel has no `refusal` for: -> (steps, R) losses."""
    runs = [_Run(stack, r) for r in range(len(stack.runs))]
    rates = stack.rates(-(-len(order) // batch_size)).numpy()
    losses = np.empty((len(runs), len(rates)), torch.empty(0, dtype=stack.dtype).numpy().dtype)
    ahead = any(run.ahead for run in runs)
    rows = _BLOCK_ROWS if ahead else max(_BLOCK_ROWS, _BLOCK_NUMBERS // examples.inputs.shape[1])
    steps = max(1, rows // batch_size)
    inputs = torch.empty(min(steps * batch_size, len(order)), examples.inputs.shape[1], dtype=stack.dtype)
    products = np.empty((len(inputs), len(inputs)), losses.dtype)
    shared = ahead and all(run.chain.input_keep is None for run in runs)
    for start, index in zip(range(0, len(rates), steps), order.split(steps * batch_size), strict=True):
        x, target = examples.batch(index, stack.dtype, augment, generator, out=inputs[: len(index)])
        labels, values = split_target(target, stack.dtype)
        gram = products if len(x) == len(products) else np.empty((len(x), len(x)), losses.dtype)
        if shared:
            np.matmul(x.numpy(), x.numpy().T, out=gram)
        block = slice(start, min(start + steps, len(rates)))
        for r, run in enumerate(runs):
            run.train(x, gram, labels, values, batch_size, rates[block, r].copy(), losses[r, block])
    for run in runs:
        run.store()
    stack.steps += len(rates)
    return torch.from_numpy(losses).T


class _Run(Member):
    """One run; what steps lies in one array a kind, weights as (O, I)."""

    def __init__(self, stack: Values, r: int) -> None:
        super().__init__(stack, r)
        found = chain(self.network)
        assert found is not None
        self.chain = found
        self.widths = [stack.shapes[r][self.names[0]][0], *(stack.shapes[r][name][0] for name in self.vectors)]
        self.ahead = self.widths[1] >= NARROW
        moving = [f"{name}.velocity" for name in self.names if f"{name}.velocity" in stack.state]
        carries = [f"{name}.carry" for name in self.names]
        stepping = slice(int(self.ahead), None)
        self.weight = self.pack(self.names[stepping])
        self.velocity = self.pack(moving[stepping])
        self.carry = self.pack(carries[stepping])
        self.bias = self.pack(self.vectors)
        self.bias_velocity = self.pack([f"{name}.velocity" for name in self.vectors] if moving else [])
        first = (self.names[0], *moving[:1]) if self.ahead else ()
        for name in (*first, *(carries[:1] if self.ahead else ())):
            self.values[name] = self.own(name)
        self.first = [self.values[name] for name in first]
        self.structure = (
            np.array(self.widths),
            np.array(self.chain.kinds, np.int64),
            np.array(self.chain.slopes, np.float64),
            self.loss,
            self.smoothing,
            int(self.ahead),
        )
        self.state = (self.weight, self.bias, self.velocity, self.bias_velocity, self.carry, self.carried, self.scale)
        self.memory, self.nothing = np.empty(4), torch.empty(0, dtype=stack.dtype)
        self.rooms: dict[int, tuple[Tensor, Tensor]] = {}

    def train(
        self,
        x: Tensor,
        gram: np.ndarray,
        labels: np.ndarray,
        values: np.ndarray,
        size: int,
        rates: np.ndarray,
        losses: np.ndarray,
    ) -> None:
        """One block of steps; gram = x xᵀ unless the run has noise of its own on its inputs."""
        noise = self.noise(len(x), size)
        if self.chain.input_keep is not None:
            x = x * noise[f"{self.chain.input_keep}.keep"]
            gram = (x @ x.T).numpy() if self.ahead else gram
        base, deltas = self.rooms.get(len(x)) or self.rooms.setdefault(len(x), self._room(len(x)))
        for source, product in zip(self.first, base, strict=False):
            np.matmul(x.numpy(), source.numpy(), out=product.numpy())
        keep, places = self._keep(noise)
        compiled.train_block(
            (base if self.ahead else x).view(-1).numpy(),
            gram,
            size,
            labels,
            values,
            keep,
            places,
            *self.structure,
            *self.state,
            rates,
            self.momentum,
            self.nesterov,
            self.l2,
            self.decay,
            deltas.flatten(1).numpy(),
            self.memory,
            losses,
        )
        if self.ahead:
            self._look_back(x, deltas, *self.memory)
        if self.scale.min() < 0.5:
            self.unscale()

    def _room(self, rows: int) -> tuple[Tensor, Tensor]:
        """Where a block's X W₀ (and X v₀) and deltas are written."""
        base, deltas = torch.empty(2, len(self.first), rows, self.widths[1], dtype=self.stack.dtype)
        return base, deltas

    def _keep(self, noise: dict[str, Tensor]) -> tuple[np.ndarray, np.ndarray]:
        """What dropout keeps after each layer, side by side, and where each begins; -1 where there is none."""
        places, parts, start = np.full(len(self.names), -1), [self.nothing], 0
        for k, i in enumerate(self.chain.keeps):
            if i is not None:
                parts.append(noise[f"{i}.keep"].view(-1))
                places[k], start = start, start + len(parts[-1])
        return (torch.cat(parts) if len(parts) > 1 else self.nothing).numpy(), places

    def _look_back(self, x: Tensor, deltas: Tensor, a: float, b: float, c: float, d: float) -> None:
        """The block's steps of the first weight, in one."""
        weight = self.first[0]
        if len(self.first) == 2:
            velocity = self.first[1]
            change = weight.mul(a - 1).add_(velocity, alpha=b).addmm_(x.T, deltas[0])
            velocity.mul_(d).add_(weight, alpha=c).addmm_(x.T, deltas[1])
            self.add(0, change)
        elif self.carried[0]:
            self.add(0, x.T @ deltas[0])
        else:
            weight.addmm_(x.T, deltas[0])  # stored / scale: the decay is in the scale
