"""Which kernel trains a run, and why not the fast one."""

from dataclasses import dataclass

import pytest
import torch

import scratchnet as sn
from scratchnet.kernels import choose

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Square(sn.Layer):
    """y = x²: a layer that compiled code does not know."""

    def forward(self, params, x):
        return x * x, (x,)

    def backward(self, params, saved, dy, *, input_grad=True):
        return (2 * saved[0] * dy if input_grad else None), {}


@dataclass(frozen=True)
class Sign(sn.Optimizer):
    def start(self, name, param, hyper):
        return {}

    def direction(self, name, grad, state, hyper, step):
        return grad.sign()


def run(*layers: sn.Layer, optimizer: sn.Optimizer | None = None, **numbers: float) -> sn.Run:
    network = sn.Sequential(layers or (sn.Linear(4, 3),))
    return sn.Run(network, sn.CrossEntropy(), optimizer or sn.SGD(), {"lr": 0.1} | numbers)


@pytest.mark.parametrize("name", ["auto", "compiled", "lookahead", "fused"])
def test_compiled_is_taken_where_it_can_be(name: str) -> None:
    kernel, reason = choose(name, [run(), run(l2=9.0), run(optimizer=sn.Adam())], CPU)
    assert (kernel.name, reason) == ("compiled", None)


def test_plain_is_taken_where_it_is_wanted() -> None:
    assert choose("plain", [run()], CPU).kernel.name == "plain"


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (run(sn.Linear(4, 3), Square()), "it has no Square"),
        (run(sn.Linear(4, 3), sn.Residual(Square())), "it has no Square"),
        (run(optimizer=Sign()), "it has no Sign"),
        (run(sn.Tanh()), "it needs a first layer that has a size"),
        (
            run(sn.Patchify(1, 2, 2, 1), sn.Linear(1, 4), sn.Residual(sn.Transpose()), sn.MeanOverPatches()),
            "exchange of axes",
        ),
    ],
)
def test_says_why_it_cannot(refused: sn.Run, why: str) -> None:
    kernel, reason = choose("auto", [run(), refused], CPU)
    assert kernel.name == "plain"
    assert why in str(reason)
    with pytest.raises(ValueError, match=why):
        choose("compiled", [refused], CPU)
    with pytest.raises(ValueError, match=f"kernel=compiled: .*{why}.*; take kernel=auto or plain"):
        sn.Stack([refused], steps_per_epoch=1, kernel="fused")


def test_a_network_of_a_layer_of_ones_own_trains_by_the_plain_steps() -> None:
    stack = sn.Stack([run(sn.Linear(4, 3), Square())], steps_per_epoch=1)
    data = sn.Examples(torch.randn(20, 4), torch.arange(20) % 3, torch.zeros(4), torch.ones(4))
    first, last = (float(stack.train(data, torch.arange(20), 20)[0, 0]) for _ in range(2))
    assert last < first


def test_no_other_device_and_no_other_name() -> None:
    assert "not for cuda" in str(choose("auto", [run()], torch.device("cuda")).reason)
    with pytest.raises(ValueError, match="'quick' is none of auto, plain, compiled"):
        choose("quick", [run()], CPU)
