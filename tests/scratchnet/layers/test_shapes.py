"""Layers say the shape of their output before they compute it; own layers need not."""

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nets import any_nets
from torch import Tensor

import scratchnet as sn
from scratchnet.layers import Params, Saved


@given(any_nets(), st.integers(1, 5), st.integers(1, 3))
def test_the_shape_is_that_of_the_output(drawn: tuple[sn.Sequential, int], batch: int, runs: int) -> None:
    network, features = drawn
    params = network.init([torch.Generator() for _ in range(runs)])
    y, _ = network.forward(params, torch.zeros(runs, batch, features))
    assert y.shape == (runs, batch, *network.output_shape((features,)))
    assert network.input_features in (features, None)


@dataclass(frozen=True)
class Pairs(sn.Layer):
    """y = w (x_0 + x_1, x_2 + x_3, …): a layer that a user wrote, with no more than it needs."""

    @property
    def names(self) -> tuple[str, ...]:
        return ("factor",)

    @property
    def weight_names(self) -> tuple[str, ...]:
        return ("factor",)

    def init(self, generators: list[torch.Generator], dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        return {"factor": torch.ones(len(generators), 1, dtype=dtype)}

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        total = x[..., ::2] + x[..., 1::2]
        return params["factor"].unsqueeze(1) * total, (total,)

    def backward(
        self, params: Params, saved: Saved, dy: Tensor, *, input_grad: bool = True
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        dx = (params["factor"].unsqueeze(1) * dy).repeat_interleave(2, -1) if input_grad else None
        return dx, {"factor": (dy * saved[0]).sum((1, 2)).unsqueeze(1)}


def run_of(*layers: sn.Layer, **settings: float) -> sn.Run:
    return sn.Run(sn.Sequential(layers), sn.CrossEntropy(), sn.SGD(), {"lr": 0.1} | settings)


def test_a_layer_of_a_users_own_trains_decays_and_is_checked() -> None:
    stack = sn.Stack([run_of(sn.Linear(5, 8), Pairs(), sn.Linear(4, 3), l2=0.5)], steps_per_epoch=1)
    assert stack.runs[0].weights == ("0.weight", "1.factor", "2.weight")
    data = sn.Examples(torch.randn(6, 5), torch.arange(6) % 3, torch.zeros(5), torch.ones(5))
    assert stack.train(data, torch.arange(6), 2).isfinite().all()
    assert stack.params["1.factor"].item() != 1
    with pytest.raises(sn.ShapeError, match=r"Linear\(in_features=3.*got \(R, B, 4\)"):
        sn.Stack([run_of(sn.Linear(5, 8), Pairs(), sn.Linear(3, 3))], steps_per_epoch=1)
    with pytest.raises(sn.ShapeError, match=r"Pairs\(\): x of \(R, B, 7\) does not fit \(The size of tensor"):
        sn.Stack([run_of(sn.Linear(5, 7), Pairs(), sn.Linear(3, 3))], steps_per_epoch=1)


def test_its_sizes_are_the_same_in_a_stack_unless_it_says_that_padding_is_harmless() -> None:
    ragged = [run_of(sn.Linear(5, width), Pairs(), sn.Linear(width // 2, 3)) for width in (8, 6)]
    assert not sn.stackable(*ragged)
    beside = [run_of(sn.Linear(5, 8), Pairs(), sn.Linear(4, width), sn.Linear(width, 3)) for width in (8, 6)]
    assert sn.stackable(*beside)


def test_its_first_sizes_may_be_unknown() -> None:
    stack = sn.Stack([run_of(Pairs(), sn.Linear(4, 3))], steps_per_epoch=1)
    assert stack.predict(torch.zeros(2, 8)).shape == (1, 2, 3)
    with pytest.raises(sn.ShapeError, match=r"Linear\(in_features=4.*got \(R, B, 5\)"):
        stack.predict(torch.zeros(2, 10))


def test_a_layer_with_parameters_must_say_which_decay() -> None:
    class Silent(Pairs):
        weight_names = sn.Layer.weight_names

    with pytest.raises(NotImplementedError, match=r"Silent\(\): weight_names is missing; .* \('factor',\) that decay"):
        _ = run_of(Silent()).weights


def test_weights_are_those_of_the_layers_that_have_some() -> None:
    inner = sn.Residual(sn.Sequential((sn.LayerNorm(4), sn.Linear(4, 4))))
    assert sn.Sequential((inner, sn.Linear(4, 3))).weight_names == ("0.1.weight", "1.weight")


@dataclass(frozen=True)
class Refusing(sn.Layer):
    """A layer that a user wrote, whose forward pass meets an error."""

    error: Exception

    def forward(self, params: Params, x: Tensor) -> tuple[Tensor, Saved]:
        assert x.tolist() == [[[[0, 0, 0], [0, 0, 0]]]]
        raise self.error


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, IndexError])
def test_why_an_input_does_not_fit_is_the_first_line_of_the_error(kind: type[Exception]) -> None:
    layer = Refusing(kind("too few axes\nin einsum"))
    with pytest.raises(sn.ShapeError) as told:
        layer.output_shape((2, 3))
    assert str(told.value) == f"{layer}: x of (R, B, 2, 3) does not fit (too few axes)"
    assert told.value.__cause__ is layer.error


@pytest.mark.parametrize("error", [sn.ShapeError("as it is"), KeyError("as it is")], ids=repr)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as told:
        Refusing(error).output_shape((2, 3))
    assert told.value is error


def test_what_a_layer_of_a_users_own_need_not_say() -> None:
    layer = Pairs()
    assert layer.output_shape((6,)) == (3,)
    assert (layer.size, layer.path, layer.input_features) == (1, (), None)
    assert layer.fixed_sizes((4, 6)) == (4, 6)
    assert layer.structure() == layer.widest([layer]) == layer
    assert layer.noise([], {}, 5, torch.float32) == {}
    assert sn.ReLU().init([]) == {}
    assert sn.ReLU().size == 0
