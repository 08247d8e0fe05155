"""What layers say of themselves and of those in them: names, sizes, what runs of a stack share, and their noise."""

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

import scratchnet as sn
from scratchnet.check._numbers import generators
from scratchnet.layers.shapes import parameter_shapes

INNER = sn.Sequential((sn.LayerNorm(4), sn.Linear(4, 6), sn.Dropout(6, "input_dropout"), sn.Linear(6, 4, sn.Zeros())))
NET = sn.Sequential((sn.Patchify(1, 4, 4, 2), sn.Residual(INNER), sn.Flatten(), sn.Dropout(16, 0.3), sn.Linear(16, 3)))


def test_names_are_those_of_the_layers_at_their_places() -> None:
    inside = ("0.scale", "0.shift", "1.weight", "1.bias", "3.weight", "3.bias")
    assert sn.Residual(INNER).names == inside
    assert NET.names == (*(f"1.{name}" for name in inside), "4.weight", "4.bias")
    assert NET.weight_names == ("1.1.weight", "1.3.weight", "4.weight")
    assert NET.noise_names == ("1.2.keep", "3.keep")
    assert NET.setting_names == ("input_dropout",)
    assert NET.size == 2 * 4 + (4 * 6 + 6) + (6 * 4 + 4) + (16 * 3 + 3)
    assert NET.path == (4, 6, 6, 6, 4, 16, 16, 3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_initial_parameters_are_each_layers_own_in_the_type_asked_for(dtype: torch.dtype) -> None:
    params = NET.init(generators(2), dtype)
    shapes = parameter_shapes(NET)
    assert shapes == {
        "1.0.scale": (4,),
        "1.0.shift": (4,),
        "1.1.weight": (4, 6),
        "1.1.bias": (6,),
        "1.3.weight": (6, 4),
        "1.3.bias": (4,),
        "4.weight": (16, 3),
        "4.bias": (3,),
    }
    assert {name: (value.shape, value.dtype) for name, value in params.items()} == {
        name: ((2, *shape), dtype) for name, shape in shapes.items()
    }
    for r, draws in enumerate(generators(2)):
        for name, fans in (("1.1.weight", (4, 6)), ("4.weight", (16, 3))):
            expected = torch.randn(fans, generator=draws, dtype=torch.float64) * (2 / fans[0]) ** 0.5
            torch.testing.assert_close(params[name][r], expected.to(dtype), rtol=1e-15, atol=0)
    for name in ("1.0.shift", "1.1.bias", "1.3.weight", "1.3.bias", "4.bias"):
        assert not params[name].any()
    assert (params["1.0.scale"] == 1).all()
    assert {value.dtype for value in NET.init(generators(1)).values()} == {torch.float32}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_each_runs_masks_are_drawn_from_its_own_generator(dtype: torch.dtype) -> None:
    rates = torch.tensor([0.6, 0.0], dtype=torch.float64)
    with torch.device("meta"):  # where torch puts what is made without a device
        noise = NET.noise(generators(2), {"input_dropout": rates, "dropout": rates}, 5, dtype)
    assert list(noise) == ["1.2.keep", "3.keep"]
    for r, draws in enumerate(generators(2)):
        for name, features, rate in (("1.2.keep", 6, float(rates[r])), ("3.keep", 16, 0.3)):
            keep = torch.rand(5, features, generator=draws) >= rate
            assert noise[name].dtype == dtype
            assert torch.equal(noise[name][r], keep.to(dtype) / (1 - rate))


def test_what_is_drawn_as_the_rate_itself_is_kept() -> None:
    drawn = torch.rand(5, 7, generator=generators(1)[0])
    rate = float(drawn[2, 3])
    keep = sn.Dropout(7, rate).noise(generators(1), {}, 5, torch.float64)["keep"]
    assert torch.equal(keep[0], (drawn >= rate) / torch.tensor(1 - rate, dtype=torch.float64))
    assert keep[0, 2, 3] > 1


def test_rows_that_all_runs_share_are_dropped_by_each_runs_mask() -> None:
    x, keep = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[[2.0, 0.0], [0.0, 2.0]], [[0.0, 1.0], [1.0, 0.0]]])
    layer = sn.Dropout(2)
    y, saved = layer.forward({"keep": keep}, x)
    assert y.tolist() == [[[2, 0], [0, 8]], [[0, 2], [3, 0]]]
    dx, grads = layer.backward({}, saved, y)
    assert dx is not None
    assert dx.tolist() == [[[4, 0], [0, 16]], [[0, 2], [3, 0]]]
    assert grads == {}
    assert torch.equal(layer.forward({}, x)[0], x)


@pytest.mark.parametrize(
    ("layer", "shape", "sizes"),
    [
        (sn.ReLU(), (4, 7), ()),
        (sn.Linear(7, 6), (4, 7), ()),
        (sn.Dropout(7), (7,), ()),
        (sn.LayerNorm(7), (7,), (7,)),
        (sn.LayerNorm(7), (4, 7), (7,)),
        (sn.Patchify(1, 4, 6, 2), (24,), (24,)),
        (sn.Transpose(), (4, 7), ()),
        (sn.MeanOverPatches(), (4, 7), (4,)),
        (sn.Flatten(), (4, 7), (4, 7)),
        (sn.Flatten(), (7,), ()),
        (sn.Residual(sn.LayerNorm(7)), (4, 7), (7,)),
        (sn.Sequential((sn.Linear(7, 6), sn.LayerNorm(6), sn.MeanOverPatches())), (4, 7), (6, 4)),
    ],
    ids=str,
)
def test_what_padding_would_change_is_the_same_in_a_stack(
    layer: sn.Layer, shape: tuple[int, ...], sizes: tuple[int, ...]
) -> None:
    assert layer.fixed_sizes(shape) == sizes


def test_a_structure_leaves_out_widths_initializers_and_rates_of_numbers() -> None:
    linear = sn.Linear(0, 0)
    assert sn.Dropout(7).structure() == sn.Dropout(0, "dropout")
    assert sn.Dropout(7, "input_dropout").structure() == sn.Dropout(0, "input_dropout")
    assert sn.Dropout(7, 0.4).structure() == sn.Dropout(0, 0.0)
    inside = sn.Sequential((sn.LayerNorm(4), linear, sn.Dropout(0, "input_dropout"), linear))
    assert INNER.structure() == inside
    flat = (sn.Flatten(), sn.Dropout(0, 0.0), linear)
    assert NET.structure() == sn.Sequential((sn.Patchify(1, 4, 4, 2), sn.Residual(inside), *flat))


def test_the_widest_has_the_largest_of_each_width() -> None:
    def net(hidden: int, outputs: int) -> sn.Sequential:
        inner = sn.Residual(sn.Sequential((sn.Linear(7, hidden), sn.Tanh(), sn.Linear(hidden, 7))))
        return sn.Sequential((inner, sn.Dropout(7), sn.Linear(7, outputs)))

    assert net(3, 5).widest([net(9, 2), net(4, 6)]) == net(9, 6)
    assert net(3, 5).widest([]) == net(3, 5)
    with pytest.raises(ValueError, match="shorter"):
        net(3, 5).widest([sn.Sequential(net(3, 5).layers[:2])])


def test_a_layer_with_an_init_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError) as told:

        class Own(sn.Layer):
            def __init__(self) -> None: ...

    assert str(told.value) == (
        "Own: a layer is a frozen dataclass; decorate it with @dataclass(frozen=True) and give its sizes as fields, "
        "such as `features: int`, in place of __init__"
    )
    with pytest.raises(TypeError, match="takes no keyword arguments"):

        class Keyed(sn.Layer, kind=1):  # type: ignore[call-arg]
            pass


@dataclass(frozen=True)
class Noting(sn.ReLU):
    """One that notes how it is called."""

    place: int
    calls: list[tuple[int, bool]]
    own_names: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.own_names

    def backward(self, params: Any, saved: Any, dy: Tensor, *, input_grad: bool = True) -> Any:
        self.calls.append((self.place, input_grad))
        dx, _ = super().backward(params, saved, dy, input_grad=input_grad)
        return dx, {name: params[name] + self.place for name in self.names}


@pytest.mark.parametrize(
    ("with_names", "input_grad", "expected"),
    [
        ((1, 3), True, [(3, True), (2, True), (1, True), (0, True)]),
        ((1, 3), False, [(3, True), (2, True), (1, False)]),
        ((0, 3), False, [(3, True), (2, True), (1, True), (0, False)]),
        ((3,), False, [(3, False)]),
        ((), False, [(3, True), (2, True), (1, True), (0, False)]),
    ],
)
def test_no_layer_below_the_first_with_parameters_is_asked_for_gradients(
    with_names: tuple[int, ...], input_grad: bool, expected: list[tuple[int, bool]]
) -> None:
    calls: list[tuple[int, bool]] = []
    net = sn.Sequential(tuple(Noting(i, calls, ("w", "v") if i in with_names else ()) for i in range(4)))
    params = {name: torch.zeros(1) for name in net.names}
    y, saved = net.forward(params, torch.ones(1, 1, 2))
    dx, grads = net.backward(params, saved, 3 * y, input_grad=input_grad)
    assert calls == expected
    assert (dx.tolist() if dx is not None else None) == ([[[3, 3]]] if input_grad else None)
    assert {name: int(value) for name, value in grads.items()} == {f"{i}.{n}": i for i in with_names for n in "wv"}
    calls.clear()
    assert net.backward(params, saved, y)[0] is not None
    assert (0, True) in calls


def test_a_layer_that_is_not_of_the_engine_has_no_known_parameters() -> None:
    layer = Noting(0, [], ("w",))
    assert parameter_shapes(layer) == {}
    assert parameter_shapes(sn.Sequential((layer, sn.Linear(2, 3)))) == {"1.weight": (2, 3), "1.bias": (3,)}


def test_layers_in_a_list_are_those_of_a_tuple() -> None:
    layers: Any = [sn.Linear(4, 3), sn.ReLU()]
    assert sn.Sequential(layers) == sn.Sequential(tuple(layers))
    assert hash(sn.Sequential(layers)) == hash(sn.Sequential(tuple(layers)))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: sn.Sequential((sn.ReLU,)), r"Sequential: <class .*ReLU'> is not a scratchnet.Layer; give layers"),
        (lambda: sn.Sequential(sn.ReLU()), r"Sequential: layers=ReLU\(\) is no sequence; give a tuple of layers"),
        (lambda: sn.Residual((sn.ReLU(),)), r"Residual: \(ReLU\(\),\) is not a scratchnet.Layer"),
    ],
)
def test_what_is_no_layer_is_told(make: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        make()
