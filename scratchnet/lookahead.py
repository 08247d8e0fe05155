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

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from torch import Tensor

from scratchnet import compiled
from scratchnet.augment import Augment
from scratchnet.chain import chain
from scratchnet.examples import Examples
from scratchnet.layers import Linear
from scratchnet.losses import CrossEntropy, MeanSquaredError
from scratchnet.optimizers import SGD
from scratchnet.sequential import Sequential

Kernel = Literal["auto", "plain", "lookahead"]

if TYPE_CHECKING:
    from scratchnet.stack import Run, Stack

_BLOCK_ROWS = 64  # examples a block: more make the products faster, and what must wait in between slower
_NARROW = 48  # below so many hidden units the first layer is cheaper to step than to look ahead for
_BLOCK_NUMBERS = 2**16  # numbers a block of narrow networks reads: what stays in the cache
_LARGEST_BATCH = 16  # from there on the plain path's products are large enough
_NO_LABELS = np.empty(0, np.int64)


def refusal(run: "Run", device: torch.device) -> str | None:
    """Why this algorithm cannot train the run, None where it can."""
    decay = run.settings["lr"] * (run.settings.get("l2", 0.0) + run.settings.get("weight_decay", 0.0))
    if device.type != "cpu":
        return f"it is compiled for the CPU, not for {device.type}"
    if type(run.optimizer) is not SGD:
        return f"it is SGD reordered, and the optimizer is {type(run.optimizer).__name__}"
    if type(run.loss) not in (CrossEntropy, MeanSquaredError):
        return f"it has no {type(run.loss).__name__}"
    if chain(run.network) is None:
        return "it needs linear layers with activations and dropout between them, first a linear layer on the data"
    if any(name.endswith("bias") for name in run.weights):
        return "it has no decay of biases"
    if decay >= 0.5:
        return f"a step would take {decay:g} of each weight; lr times l2 and weight_decay must stay below 0.5"
    return None


def choose(wanted: Kernel, runs: Sequence["Run"], batch_size: int, device: torch.device) -> Kernel:
    """What is wanted, "plain" or "lookahead", and for "auto" the look-ahead where it is exact and pays.

    Raises ValueError where the look-ahead is wanted and cannot train one of the runs.
    """
    if wanted == "plain" or (wanted == "auto" and batch_size > _LARGEST_BATCH):
        return "plain"
    reason = next(filter(None, (refusal(run, device) for run in runs)), None)
    if reason and wanted == "lookahead":
        raise ValueError(f"kernel=lookahead: {reason}; take kernel=auto or plain")
    return "plain" if reason else "lookahead"


def prepare(dtype: torch.dtype) -> None:
    """Compile for `dtype`, or load what was compiled before: a few seconds the first time, on each machine."""
    from scratchnet.stack import Run, Stack

    run = Run(Sequential((Linear(2, 2),)), CrossEntropy(), SGD(), {"lr": 0.1})
    stack = Stack([run], steps_per_epoch=1, dtype=dtype, kernel="lookahead")
    zeros = torch.zeros(1, 2)
    stack.train(Examples(zeros, zeros[:, 0].long(), zeros[0], zeros[0] + 1), torch.tensor([0]), 1)


def train(
    stack: "Stack",
    examples: Examples,
    order: Tensor,
    batch_size: int,
    augment: Augment | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """What `Stack.train` does, for runs without `refusal`: -> (steps, R) losses, each before its step."""
    runs = [_Run(stack, r) for r in range(len(stack.runs))]
    rates = stack.rates(-(-len(order) // batch_size)).numpy()
    losses = torch.empty(len(runs), len(rates), dtype=stack.dtype)
    ahead = any(run.ahead for run in runs)
    rows = _BLOCK_ROWS if ahead else max(_BLOCK_ROWS, _BLOCK_NUMBERS // examples.inputs.shape[1])
    steps = max(1, rows // batch_size)
    shared = ahead and all(run.chain.input_keep is None for run in runs)
    for start, index in zip(range(0, len(rates), steps), order.split(steps * batch_size), strict=True):
        x, target = examples.batch(index, stack.dtype, augment, generator)
        gram = x @ x.T if shared else None
        for r, run in enumerate(runs):
            block = slice(start, min(start + steps, len(rates)))
            run.train(x, gram, target, batch_size, rates[block, r].copy(), losses[r, block])
    for run in runs:
        run.store()
    stack.steps += len(rates)
    return losses.T


class _Run:
    """One run of a stack at its own widths; what steps lies in one array a kind, matrices as (O, I)."""

    def __init__(self, stack: "Stack", r: int) -> None:
        found = chain(stack.runs[r].network)
        assert found is not None
        assert isinstance(stack.optimizer, SGD)
        self.stack, self.r, self.chain, self.nesterov = stack, r, found, stack.optimizer.nesterov
        self.smoothing = getattr(stack.loss, "label_smoothing", 0.0)
        self.loss = compiled.CROSS_ENTROPY if isinstance(stack.loss, CrossEntropy) else compiled.SQUARED_ERROR
        self.names, biases = ([f"{i}.{kind}" for i in found.linears] for kind in ("weight", "bias"))
        inputs, hidden = stack.shapes[r][self.names[0]]
        self.widths = np.array([inputs, *(stack.shapes[r][name][0] for name in biases)])
        self.ahead = hidden >= _NARROW
        self.momentum, self.scale = float(stack.hyper.momentum[r]), np.ones(len(self.names))
        self.l2, self.decay = (
            np.array([float(decays[name][r]) if name in decays else 0.0 for name in self.names])
            for decays in (stack.hyper.l2, stack.hyper.weight_decay)
        )
        carried = [stack.state.get(f"{name}.carried") for name in self.names]
        self.carried = np.array([flags is not None and bool(flags[r]) for flags in carried])
        self.values: dict[str, Tensor] = {}
        moving = [f"{name}.velocity" for name in self.names if f"{name}.velocity" in stack.state]
        carries = [f"{name}.carry" for name in self.names]
        stepping = slice(int(self.ahead), None)
        self.weight = self._pack(self.names[stepping])
        self.velocity = self._pack(moving[stepping])
        self.carry = self._pack(carries[stepping])
        self.bias = self._pack(biases)
        self.bias_velocity = self._pack([f"{name}.velocity" for name in biases] if moving else [])
        if self.ahead:
            for name in (self.names[0], *moving[:1], *carries[:1]):
                self.values[name] = self._own(name)

    def train(
        self, x: Tensor, gram: Tensor | None, target: Tensor, size: int, rates: np.ndarray, losses: Tensor
    ) -> None:
        """One block of steps."""
        noise = self._noise(len(x), size) if self.stack.network.noise_names else {}
        if self.chain.input_keep is not None:
            x = x * noise[f"{self.chain.input_keep}.keep"]
            gram = x @ x.T if self.ahead else None
        nothing = x.new_empty(0, 0)
        parts = [noise[f"{i}.keep"].view(-1) if i is not None else nothing.view(-1) for i in self.chain.keeps]
        places = np.cumsum([0, *(len(part) for part in parts)])[:-1]
        places[[i is None for i in self.chain.keeps]] = -1
        first = [self.values[name] for name in (self.names[0], f"{self.names[0]}.velocity") if name in self.values]
        base = torch.stack([x @ source for source in first]) if self.ahead else x
        deltas, memory = torch.empty_like(base) if self.ahead else nothing, np.empty(4)
        labels, values = (_NO_LABELS, target) if target.is_floating_point() else (target.numpy(), nothing)
        compiled.train_block(
            base.view(-1).numpy(),
            (nothing if gram is None else gram).numpy(),
            size,
            labels,
            values.numpy(),
            torch.cat(parts).numpy(),
            places,
            self.widths,
            np.array(self.chain.kinds, np.int64),
            np.array(self.chain.slopes, np.float64),
            self.loss,
            self.smoothing,
            int(self.ahead),
            self.weight,
            self.bias,
            self.velocity,
            self.bias_velocity,
            self.carry,
            self.carried,
            self.scale,
            rates,
            self.momentum,
            self.nesterov,
            self.l2,
            self.decay,
            deltas.flatten(1).numpy(),
            memory,
            losses.numpy(),
        )
        if self.ahead:
            self._look_back(x, first, deltas, *memory)
        if self.scale.min() < 0.5:
            self._unscale()

    def _look_back(
        self, x: Tensor, first: list[Tensor], deltas: Tensor, a: float, b: float, c: float, d: float
    ) -> None:
        """The block's steps of the first weight, in one."""
        weight = first[0]
        if len(first) == 1:
            weight.addmm_(x.T, deltas[0])  # stored / scale: the decay is in the scale
            return
        velocity = first[1]
        change = weight.mul(a - 1).add_(velocity, alpha=b).addmm_(x.T, deltas[0])
        velocity.mul_(d).add_(weight, alpha=c).addmm_(x.T, deltas[1])
        self._add(0, change)

    def _unscale(self) -> None:
        """Bring the decays of the last blocks from the scales into the weights."""
        for k, name in enumerate(self.names):
            if self.scale[k] < 0.5:
                self.values[name] *= self.scale[k]
            elif self.scale[k] != 1:  # near 1 a factor would round the decay away
                self._add(k, self.values[name] * (self.scale[k] - 1))
        self.scale[:] = 1

    def _add(self, k: int, change: Tensor) -> None:
        """Add to the weight of layer k; what rounding takes away is carried where the optimizer asks for it."""
        weight = self.values[self.names[k]]
        if not self.carried[k]:
            weight.add_(change)
            return
        carry = self.values[f"{self.names[k]}.carry"]
        change += carry
        total = weight + change
        carry.copy_(change - (total - weight))
        weight.copy_(total)

    def store(self) -> None:
        """Everything back into the stack."""
        self._unscale()
        for name, value in self.values.items():
            place = self._place(name)
            if place is not None:
                place.copy_(value)

    def _pack(self, names: Sequence[str]) -> np.ndarray:
        """Copies side by side in one array; `values` gets a view of each."""
        own = [self._own(name) for name in names]
        flat = torch.cat([value.movedim(0, -1).reshape(-1) for value in own]) if own else torch.empty(0)
        flat = flat.to(self.stack.dtype)
        start = 0
        for name, value in zip(names, own, strict=True):
            end = start + value.numel()
            self.values[name] = flat[start:end].view(*reversed(value.shape)).movedim(0, -1)
            start = end
        return flat.numpy()

    def _own(self, name: str) -> Tensor:
        """A copy of the run's own part of a parameter or of its state; zeros for a carry that it has not."""
        place = self._place(name)
        if place is None:
            return torch.zeros(self.stack.shapes[self.r][name.removesuffix(".carry")], dtype=self.stack.dtype)
        return place.clone(memory_format=torch.contiguous_format)

    def _place(self, name: str) -> Tensor | None:
        """The run's own part of a parameter or of its state, None where the stack has none."""
        value = self.stack.params.get(name, self.stack.state.get(name))
        if value is None:
            return None
        shape = self.stack.shapes[self.r][name.removesuffix(".velocity").removesuffix(".carry")]
        return value[self.r][tuple(slice(n) for n in shape)]

    def _noise(self, rows: int, size: int) -> dict[str, Tensor]:
        """What the plain path would draw for the steps of a block, step after step."""
        steps = [self.stack.noise_of(self.r, min(size, rows - start)) for start in range(0, rows, size)]
        return {name: torch.cat([step[name][0] for step in steps]) for name in steps[0]}
