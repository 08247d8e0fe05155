"""Optimizers: one step for all runs of a stack, each with its own rate, momentum and decay.

An optimizer turns a gradient into a direction d; `Optimizer.step` does what all of them share:

    g ← g + l2 · W            (gradient of the penalty 0.5 · l2 · Σ‖W‖², part of the objective)
    d ← direction(g)
    W ← W − lr (d + weight_decay · W)       (decoupled decay)

The decay is never applied as a factor 1 − lr · l2, which float32 rounds to 1 below 6e-8. And where lr times
the decay is so small that W − lr · l2 · W itself rounds back to W, the bits that W cannot hold are carried to
the next step (compensated summation: N. Higham, "Accuracy and Stability of Numerical Algorithms", 4.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from scratchnet._numbers import LEAST_EPSILON, check_real

State = dict[str, Tensor]

_CARRY_BELOW = 2.0**-19  # a decay of fewer than 16 float32 roundings a step is carried


@dataclass(frozen=True)
class Hyper:
    """The settings of R runs, each (R,) in float64; decays are keyed by the parameters they apply to."""

    momentum: Tensor
    l2: Mapping[str, Tensor]
    weight_decay: Mapping[str, Tensor]


def per_run(value: Tensor, like: Tensor) -> Tensor:
    """(R,) -> (R, 1, ..., 1) in the type of `like`: the one place where settings meet tensors."""
    return value.to(like.dtype).view(-1, *(1,) * (like.ndim - 1))


@dataclass(frozen=True)
class Optimizer:
    """Base: a subclass gives `start`, its state for one parameter, and `direction`."""

    def start(self, name: str, param: Tensor, hyper: Hyper) -> State:
        """State of one parameter before the first step, keyed by "name.what"."""
        raise NotImplementedError

    def direction(self, name: str, grad: Tensor, state: State, hyper: Hyper, step: int) -> Tensor:
        """d from the gradient (R, ...), which may be overwritten; step counts from 1."""
        raise NotImplementedError

    def init(self, params: Mapping[str, Tensor], hyper: Hyper, lr: Tensor) -> State:
        """State before the first step; lr (R,) is the base rate."""
        state: State = {}
        for name, param in params.items():
            state |= self.start(name, param, hyper)
            decay = lr * (hyper.l2.get(name, torch.zeros_like(lr)) + hyper.weight_decay.get(name, 0.0))
            carried = (decay > 0) & (decay < _CARRY_BELOW)
            if param.dtype == torch.float32 and carried.any():
                state[f"{name}.carry"] = torch.zeros_like(param)
                state[f"{name}.carried"] = carried.to(param.dtype)
        return state

    def step(
        self,
        params: Mapping[str, Tensor],
        grads: Mapping[str, Tensor],
        state: State,
        hyper: Hyper,
        lr: Tensor,
        step: int,
    ) -> None:
        """One step in place: params and state change, grads are used up. lr (R,) is this step's rate."""
        for name, param in params.items():
            grad = grads[name]
            if name in hyper.l2:
                grad.addcmul_(param, per_run(hyper.l2[name], param))
            direction = self.direction(name, grad, state, hyper, step)
            if name in hyper.weight_decay:
                direction = torch.addcmul(direction, param, per_run(hyper.weight_decay[name], param))
            rate = per_run(lr, param)
            if f"{name}.carry" in state:
                _subtract_carried(param, direction, rate, state, name)
            else:
                param.addcmul_(direction, rate, value=-1)


@dataclass(frozen=True)
class SGD(Optimizer):
    """v ← momentum · v + g; d = v, or g + momentum · v with `nesterov`. Momentum 0 is plain gradient descent.

    Source: I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and momentum in
    deep learning", ICML 2013, in torch's form (v starts at the first gradient, lr outside v).
    """

    nesterov: bool = False

    def start(self, name: str, param: Tensor, hyper: Hyper) -> State:
        return {f"{name}.velocity": torch.zeros_like(param)} if hyper.momentum.any() else {}

    def direction(self, name: str, grad: Tensor, state: State, hyper: Hyper, step: int) -> Tensor:
        velocity = state.get(f"{name}.velocity")
        if velocity is None:
            return grad
        momentum = per_run(hyper.momentum, grad)
        velocity.mul_(momentum).add_(grad)
        return grad.addcmul_(velocity, momentum) if self.nesterov else velocity


@dataclass(frozen=True)
class Adam(Optimizer):
    """m ← β1 m + (1 − β1) g, v ← β2 v + (1 − β2) g²; d = m̂ / (√v̂ + ε), m̂ = m / (1 − β1^t), v̂ = v / (1 − β2^t).

    With weight_decay it is AdamW, with l2 the penalty is part of g. Sources: D. Kingma, J. Ba, "Adam", ICLR
    2015, algorithm 1; I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        check_real("Adam", "beta1", self.beta1, 0, 1)
        check_real("Adam", "beta2", self.beta2, 0, 1)
        check_real("Adam", "eps", self.eps, LEAST_EPSILON)

    def start(self, name: str, param: Tensor, hyper: Hyper) -> State:
        return {f"{name}.m": torch.zeros_like(param), f"{name}.v": torch.zeros_like(param)}

    def direction(self, name: str, grad: Tensor, state: State, hyper: Hyper, step: int) -> Tensor:
        m = state[f"{name}.m"].lerp_(grad, 1 - self.beta1)
        v = state[f"{name}.v"].mul_(self.beta2).addcmul_(grad, grad, value=1 - self.beta2)
        root = v.sqrt().div_((1 - self.beta2**step) ** 0.5).add_(self.eps)
        return (m / root).div_(1 - self.beta1**step)


def _subtract_carried(param: Tensor, direction: Tensor, rate: Tensor, state: State, name: str) -> None:
    """param ← param − rate · direction; the runs that need it keep the rounding error for the next step."""
    carry, carried = state[f"{name}.carry"], per_run(state[f"{name}.carried"], param).bool()
    change = carry - rate * direction
    total = param + change
    carry.copy_(torch.where(carried, change - (total - param), 0))
    param.copy_(torch.where(carried, total, torch.addcmul(param, direction, rate, value=-1)))
