"""Training and prediction by the layers' own `forward` and `backward` in torch: any layer, any device.

This is the reference that every other kernel must equal.
"""

import torch
from torch import Tensor

from scratchnet.examples import Examples
from scratchnet.run import Run
from scratchnet.values import Values

name = "plain"
rows = 1000  # large enough for the rate of the matrix products, small enough for the cache


def refusal(run: Run, device: torch.device) -> str | None:
    """None: it trains any run on any device."""
    return None


def train(values: Values, examples: Examples, order: Tensor, batch_size: int) -> Tensor:
    """One step for each `batch_size` rows of `order` (n,); -> (steps, R) loss of every batch before its step."""
    losses = []
    for rate, index in zip(values.rates(-(-len(order) // batch_size)), order.split(batch_size), strict=True):
        x, target = examples.batch(index, values.dtype)
        weight = None if examples.weight is None else examples.weight.index_select(0, index).to(values.dtype)
        losses.append(step(values, x, target, rate, weight))
    return torch.stack(losses)


def step(values: Values, x: Tensor, target: Tensor, lr: Tensor, weight: Tensor | None = None) -> Tensor:
    """One gradient step on x (B, ...) shared by all runs, with rates lr (R,); -> (R,) loss before it.

    weight (B,): what each example counts in the loss, 1 without.
    """
    inputs = values.params | values.noise(len(x))
    output, saved = values.network.forward(inputs, x.expand(len(values.runs), *x.shape))
    weighting = () if weight is None else (weight,)
    loss, loss_saved = values.loss.forward(output, target, *weighting)
    delta = values.loss.backward(loss_saved)
    if weight is not None:  # an example's loss depends on its own outputs alone
        delta = delta * weight.view(1, -1, 1)
    _, grads = values.network.backward(inputs, saved, delta, input_grad=False)
    for name, mask in values.mask.items():
        grads[name].mul_(mask)
    values.steps += 1
    values.optimizer.step(values.params, grads, values.state, values.hyper, lr, values.steps)
    return loss


def predict(values: Values, inputs: Tensor, normalisation: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Outputs (R, n, K) for raw inputs (n, I) and their mean and std, or for normalised ones; without noise."""
    x = inputs
    if normalisation is not None:
        mean, std = normalisation
        x = inputs.to(values.dtype, copy=True).sub_(mean).div_(std)
    return values.network.forward(values.params, x.expand(len(values.runs), *x.shape))[0]
