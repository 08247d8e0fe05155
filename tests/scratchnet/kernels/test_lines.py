"""Products of a few examples: line by line along the longer axis of a weight."""

import pytest
from agreement import CLASSES, INPUTS, check, examples, run_of

import scratchnet as sn
from scratchnet.kernels import _program

WIDENING = sn.Sequential((sn.Linear(INPUTS, 5), sn.Tanh(), sn.Linear(5, 11), sn.ReLU(), sn.Linear(11, CLASSES)))


@pytest.mark.parametrize(("inputs", "outputs", "turned"), [(4, 9, False), (9, 4, True), (6, 6, True)])
def test_a_weight_lies_along_its_longer_axis(inputs: int, outputs: int, turned: bool) -> None:
    network = sn.Sequential((sn.Linear(inputs, outputs),))
    assert _program.compile_network(network, 6, "plain").layout.turned == (turned, False)
    assert _program.compile_network(network, 7, "plain").layout.turned == (False, False)  # its products are calls


@pytest.mark.parametrize("batch", range(1, 8))
@pytest.mark.parametrize(
    ("optimizer", "numbers"),
    [
        (sn.SGD(), {}),
        (sn.SGD(), {"l2": 2.0}),  # the scale is multiplied out within an epoch
        (sn.SGD(), {"momentum": 0.9, "l2": 1e-3}),
        (sn.SGD(nesterov=True), {"momentum": 0.9, "weight_decay": 0.01}),
        (sn.Adam(), {"lr": 0.003, "l2": 0.01}),
    ],
    ids=str,
)
def test_a_network_that_widens_ends_where_the_plain_steps_end(
    optimizer: sn.Optimizer, numbers: dict[str, float], batch: int
) -> None:
    run = run_of(WIDENING, optimizer, **numbers)
    check(run, examples(WIDENING, 50, seed=2), batch, epochs=2, bound=1e-10)


@pytest.mark.parametrize("hidden", [4, 6, 9])
@pytest.mark.parametrize("batch", [1, 3])
def test_what_is_passed_back_is_added_to_what_is_there(hidden: int, batch: int) -> None:
    inner = sn.Sequential((sn.Linear(6, hidden), sn.Tanh(), sn.Linear(hidden, 6)))
    network = sn.Sequential((sn.Linear(INPUTS, 6), sn.Residual(inner), sn.Residual(inner), sn.Linear(6, CLASSES)))
    check(run_of(network, l2=0.01), examples(network, 50, seed=2), batch, bound=1e-10)
