"""One run of a stack, taken out at its own widths for a fast path, and put back."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from scratchnet import compiled
from scratchnet.losses import CrossEntropy
from scratchnet.optimizers import SGD
from scratchnet.values import Values


class Member:
    """Run r of a stack: its settings as numbers, and copies of what a step changes.

    Weights are counted k = 0, 1, …; only they decay. A weight is `scale[k]` times its copy in `values` where no
    momentum asks for more, so that its decay costs one number a step and rounds once.
    """

    def __init__(self, stack: Values, r: int) -> None:
        self.stack, self.r, self.network = stack, r, stack.runs[r].network
        self.nesterov = isinstance(stack.optimizer, SGD) and stack.optimizer.nesterov
        self.smoothing = getattr(stack.loss, "label_smoothing", 0.0)
        self.loss = compiled.CROSS_ENTROPY if isinstance(stack.loss, CrossEntropy) else compiled.SQUARED_ERROR
        self.names = list(self.network.weight_names)
        self.vectors = [name for name in self.network.names if name not in self.names]
        self.momentum, self.scale = float(stack.hyper.momentum[r]), np.ones(len(self.names))
        self.l2, self.decay = (
            np.array([float(decays[name][r]) if name in decays else 0.0 for name in self.names])
            for decays in (stack.hyper.l2, stack.hyper.weight_decay)
        )
        carried = [stack.state.get(f"{name}.carried") for name in self.names]
        self.carried = np.array([flags is not None and bool(flags[r]) for flags in carried])
        self.values: dict[str, Tensor] = {}

    def own(self, name: str) -> Tensor:
        """A copy of the run's own part of a parameter or of its state; zeros for a carry that it has not."""
        if name not in self.stack.params and name not in self.stack.state:
            return torch.zeros(self.stack.shapes[self.r][name.removesuffix(".carry")], dtype=self.stack.dtype)
        return self.stack.view(self.r, name).clone(memory_format=torch.contiguous_format)

    def pack(self, names: Sequence[str]) -> np.ndarray:
        """Copies side by side in one array, weights as (O, I); `values` gets a view of each."""
        own = [self.own(name) for name in names]
        flat = torch.cat([value.movedim(0, -1).reshape(-1) for value in own]) if own else torch.empty(0)
        flat = flat.to(self.stack.dtype)
        start = 0
        for name, value in zip(names, own, strict=True):
            end = start + value.numel()
            self.values[name] = flat[start:end].view(*reversed(value.shape)).movedim(0, -1)
            start = end
        return flat.numpy()

    def noise(self, rows: int, size: int) -> dict[str, Tensor]:
        """What the plain path would draw for consecutive batches of `size`, together `rows` examples."""
        if not self.stack.network.noise_names:
            return {}
        steps = [self.stack.noise_of(self.r, min(size, rows - start)) for start in range(0, rows, size)]
        return {name: torch.cat([step[name][0] for step in steps]) for name in steps[0]}

    def unscale(self) -> None:
        """Bring the decays so far from the scales into the weights."""
        for k, name in enumerate(self.names):
            if self.scale[k] < 0.5:
                self.values[name] *= self.scale[k]
            elif self.scale[k] != 1:  # near 1 a factor would round the decay away
                self.add(k, self.values[name] * (self.scale[k] - 1))
        self.scale[:] = 1

    def add(self, k: int, change: Tensor) -> None:
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
        self.unscale()
        for name, value in self.values.items():
            if name in self.stack.params or name in self.stack.state:
                self.stack.view(self.r, name).copy_(value)


def split_target(target: Tensor, dtype: torch.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Labels (B,) and values (B, K), one of them empty: compiled code wants both to be of one type always."""
    return (_NO_LABELS, target.numpy()) if target.is_floating_point() else (target.numpy(), _NO_VALUES[dtype])


_NO_LABELS = np.empty(0, np.int64)
_NO_VALUES = {dtype: torch.empty(0, 0, dtype=dtype).numpy() for dtype in (torch.float32, torch.float64)}
