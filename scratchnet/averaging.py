"""Averages of the weights over the steps, which are evaluated and kept in the place of the last weights."""

from collections.abc import Mapping

import torch
from torch import Tensor

from scratchnet.optimizers import per_run

_UPDATES = 20  # an epoch, at most: what trains stretches of steps in one call is not stopped after each


def steps_to_update(steps: int, steps_per_epoch: int) -> int:
    """After how many further steps an average is updated: every ⌈S / 20⌉ of an epoch's S steps, and at its end."""
    every, done = -(-steps_per_epoch // _UPDATES), steps % steps_per_epoch
    return min(every - done % every, steps_per_epoch - done)


def update(
    average: Mapping[str, Tensor], params: Mapping[str, Tensor], decay: Tensor, steps: int, steps_per_epoch: int
) -> None:
    """Update the average in place where it is due after so many steps. Parameters θ (R, ...), decay d (R,) in [0, 1).

    θ̄ ← θ̄ + (1 − d^n) / (1 − d^t) (θ − θ̄) after n steps since the last update, t in all: the mean of the weights that
    the steps ended with, those of s steps ago counting d^s, where those between two updates are taken as at the later
    one. The initial weights have no part in it; with d = 0 it is θ. In float64, so that small shares are not lost.

    Sources: B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM Journal on Control
    and Optimization 30, 1992; A. Tarvainen, H. Valpola, "Mean teachers are better role models", NIPS 2017, section 2;
    the divisor as in D. Kingma, J. Ba, "Adam", ICLR 2015, section 3.
    """
    before = steps - 1
    if steps_to_update(before, steps_per_epoch) > 1:
        return
    since = before % steps_per_epoch % steps_to_update(0, steps_per_epoch) + 1
    share = torch.expm1(since * decay.log()) / torch.expm1(steps * decay.log())
    for name, mean in average.items():
        mean.lerp_(params[name].double(), per_run(share, mean))
