"""Training and prediction by the layers' own `forward` and `backward` in torch: any layer, any device.

This is the reference that every other kernel must equal.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from scratchnet.augment import Augment
from scratchnet.examples import Examples
from scratchnet.values import Values


def train(
    values: Values,
    examples: Examples,
    order: Tensor,
    batch_size: int,
    augment: Augment | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """One step for each `batch_size` rows of `order` (n,); -> (steps, R) loss of every batch before its step."""
    losses = []
    for rate, index in zip(values.rates(-(-len(order) // batch_size)), order.split(batch_size), strict=True):
        x, target = examples.batch(index, values.dtype, augment, generator)
        losses.append(step(values, x, target, rate))
    return torch.stack(losses)


def step(values: Values, x: Tensor, target: Tensor, lr: Tensor) -> Tensor:
    """One gradient step on x (B, ...) shared by all runs, with rates lr (R,); -> (R,) loss before it."""
    inputs = values.params | values.noise(len(x))
    output, saved = values.network.forward(inputs, x.expand(len(values.runs), *x.shape))
    loss, loss_saved = values.loss.forward(output, target)
    _, grads = values.network.backward(inputs, saved, values.loss.backward(loss_saved), input_grad=False)
    for name, mask in values.mask.items():
        grads[name].mul_(mask)
    values.steps += 1
    values.optimizer.step(values.params, grads, values.state, values.hyper, lr, values.steps)
    return loss


def predictor(values: Values) -> Callable[[Tensor], Tensor]:
    """x (B, ...) -> outputs (R, B, K) with the weights as they are now, without noise."""
    return lambda x: values.network.forward(values.params, x.expand(len(values.runs), *x.shape))[0]
