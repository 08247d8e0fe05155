"""Networks to and from torch.nn: the same outputs, there and back, and errors that name the module."""

import json
import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nets import nets, outputs, trained
from torch import Tensor, nn

import scratchnet as sn
from scratchnet import interop, networks
from scratchnet.interop import _modules as modules
from scratchnet.kernels import plain

TYPES = {torch.float32: 1e-6, torch.float64: 1e-12}
RATES = {"dropout": 0.3, "input_dropout": 0.1}


CASES = st.tuples(nets(), st.sampled_from(list(TYPES)), st.integers(0, 99))


@given(CASES)
def test_torch_has_the_same_outputs_and_comes_back_the_same(case: tuple[Any, torch.dtype, int]) -> None:
    (network, shape), dtype, seed = case
    params = trained(network, dtype, seed)
    x = torch.randn(5, math.prod(shape), generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)
    before = torch.get_rng_state()
    module = sn.to_torch(network, params, RATES)
    assert torch.equal(before, torch.get_rng_state())  # making it draws nothing
    assert not module.training
    with torch.no_grad():
        there = module(x)
    expected = outputs(network, params, x)
    scale = max(1.0, expected.abs().max().item())
    # A norm of a few nearly equal numbers multiplies rounding, here and in torch, by no more than 16 times differently.
    exact = outputs(network, {name: value.double() for name, value in params.items()}, x.double())
    rounding = (expected - exact).abs().max().item() if dtype == torch.float32 else 0.0
    torch.testing.assert_close(there, expected, rtol=0, atol=max(TYPES[dtype] * scale, 16 * rounding))

    back = sn.from_torch(module)
    assert back.network == network
    assert list(back.params) == list(network.names)
    assert all(torch.equal(back.params[name], params[name]) for name in params)
    has = {layer.rate for layer in network.layers if isinstance(layer, sn.Dropout)}
    assert back.settings == {name: RATES[name] for name in has}
    again = sn.to_torch(*back)
    assert str(again) == str(module)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), module.parameters(), strict=True))


@given(CASES)
def test_structure_goes_through_json(case: tuple[Any, torch.dtype, int]) -> None:
    (network, _), *_ = case
    assert interop.build(json.loads(json.dumps(interop.describe(network)))) == network


def test_structure_says_what_it_cannot_read() -> None:
    assert interop.describe(sn.Linear(3, 2)) == {"layer": "Linear", "in_features": 3, "out_features": 2}
    for wrong in ({"layer": "Convolution"}, {"layer": "Linear", "in_features": 3}, {}):
        with pytest.raises(ValueError, match="describes no layer of this version of the engine"):
            interop.build(wrong)


@pytest.mark.parametrize(
    ("layer", "module"),
    [
        (sn.Linear(7, 6), nn.Linear(7, 6)),
        (sn.ReLU(), nn.ReLU()),
        (sn.LeakyReLU(0.3), nn.LeakyReLU(0.3)),
        (sn.Tanh(), nn.Tanh()),
        (sn.Sigmoid(), nn.Sigmoid()),
        (sn.GELU(), nn.GELU()),
        (sn.LayerNorm(7, eps=0.1), nn.LayerNorm(7, eps=0.1)),
        (sn.Dropout(7), nn.Dropout(0.3)),
        (sn.Flatten(), nn.Flatten()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_layer_is_torchs_own_module(layer: sn.Layer, module: nn.Module) -> None:
    params = trained(sn.Sequential((layer,)), torch.float64, 0)
    made = sn.to_torch(layer, {name.removeprefix("0."): value for name, value in params.items()}, RATES)
    assert type(made) is type(module)
    assert str(made) == str(module)
    x = torch.randn(4, 7, dtype=torch.float64)
    torch.testing.assert_close(made(x), outputs(sn.Sequential((layer,)), params, x), rtol=1e-12, atol=1e-12)


def test_a_network_written_in_torch_comes_over() -> None:
    module = nn.Sequential(
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Linear(12, 5, bias=False),
        nn.LayerNorm(5, bias=False),
        nn.Identity(),
        nn.Sequential(nn.GELU(), nn.Dropout(0.4), nn.Linear(5, 5)),
        modules.Residual(nn.Identity()),
        nn.Flatten(),
        nn.Linear(5, 3),
    ).double()
    network, params, settings = sn.from_torch(module)
    inner = sn.Sequential((sn.GELU(), sn.Dropout(5), sn.Linear(5, 5)))
    assert network.layers[:4] == (sn.Dropout(12, "input_dropout"), sn.Linear(12, 5), sn.LayerNorm(5), inner)
    assert settings == {"input_dropout": 0.1, "dropout": 0.4}
    x = torch.randn(4, 3, 2, 2, dtype=torch.float64)
    torch.testing.assert_close(outputs(network, params, x.flatten(1)), module.eval()(x), rtol=1e-12, atol=1e-12)
    module[2].weight.data.zero_()  # copies: what torch goes on with is its own
    assert params["1.weight"].any()


def test_a_single_module_is_a_network_of_one_layer() -> None:
    module = nn.Linear(3, 1)
    network, params, _ = sn.from_torch(module)
    assert network == sn.Sequential((sn.Linear(3, 1),))
    assert params["0.weight"].shape == (3, 1)
    assert params["0.weight"].data_ptr() != module.weight.data_ptr()


def test_raw_inputs_are_normalised_inside() -> None:
    network = sn.Sequential((sn.Linear(12, 3),))
    params = trained(network, torch.float32, 1)
    mean, std = torch.linspace(90, 130, 12).double(), torch.linspace(50, 70, 12).double()
    images = torch.randint(0, 256, (5, 3, 2, 2), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    module = sn.to_torch(network, params, mean=mean, std=std)
    x, _ = sn.Examples(images.flatten(1), torch.zeros(5, dtype=torch.long), mean, std).batch(slice(None), torch.float32)
    expected = outputs(network, params, x)
    torch.testing.assert_close(module(images), expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(module(images.flatten(1)), expected, rtol=0, atol=1e-6)
    assert set(module.state_dict()) == {
        *("normalise.mean", "normalise.std", "network.0.weight", "network.0.bias"),
    }
    with pytest.raises(TypeError, match=r"^from_torch: normalise: Normalise\(\) .*; convert the part behind it"):
        sn.from_torch(module)
    assert sn.from_torch(module.get_submodule("network")).network == network
    with pytest.raises(ValueError, match="mean and std go together"):
        sn.to_torch(network, params, mean=mean)


def test_torch_trains_on_where_the_engine_stopped() -> None:
    """The same gradient step on both sides, of the same network."""
    network = networks.mlp(
        4, [6], 3, activation="tanh", initializers=networks.initial_weights("auto", "tanh", 2), layer_norm=True
    )
    run = sn.Run(network, sn.CrossEntropy(), sn.SGD(), {"lr": 0.3}, seed=3)
    stack = sn.Stack([run], steps_per_epoch=1, dtype=torch.float64)
    module = sn.to_torch(network, stack.params_of(0)).train()
    x, target = torch.randn(8, 4, dtype=torch.float64), torch.randint(0, 3, (8,))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.3)
    for _ in range(5):
        plain.step(stack.groups[0], x, target, stack.lr())
        optimizer.zero_grad()
        nn.functional.cross_entropy(module(x), target).backward()
        optimizer.step()
    ours = stack.params_of(0)
    for name, value in sn.from_torch(module).params.items():
        torch.testing.assert_close(value, ours[name], rtol=1e-12, atol=1e-13)


class Custom(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)


def hooked() -> nn.Module:
    module = nn.Linear(3, 3)
    module.register_forward_hook(lambda module, inputs, output: 2 * output)
    return module


@pytest.mark.parametrize(
    ("module", "error", "said"),
    [
        (nn.Conv2d(1, 2, 3), TypeError, r"1: Conv2d\(1, 2, .*has no counterpart in the engine; known are Sequential"),
        (nn.Sequential(nn.ReLU(), nn.BatchNorm1d(3)), TypeError, r"1\.1: BatchNorm1d\(3"),
        (nn.Softmax(1), TypeError, r"1: Softmax\(dim=1\) .*; leave it out: the loss contains it"),
        (
            nn.Flatten(0),
            ValueError,
            r"1: Flatten\(start_dim=0.*: the engine flattens all axes but the first; take nn\.Flatten\(\)",
        ),
        (Custom(), TypeError, "1: Custom has no counterpart"),
        (nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)), TypeError, "1: ParametrizedLinear has no"),
        (hooked(), ValueError, r"1: Linear\(.*its hooks cannot be taken along"),
        (nn.GELU(approximate="tanh"), ValueError, r"1: GELU\(approximate='tanh'\): the engine has the exact GELU"),
        (nn.LeakyReLU(-1), ValueError, r"1: LeakyReLU\(.*: negative_slope=-1 must be between 0 and 1"),
        (nn.LayerNorm((4, 3)), ValueError, r"1: LayerNorm\(.*over the last axis alone"),
        (nn.LayerNorm(3, elementwise_affine=False), ValueError, r"1: LayerNorm\(.*take elementwise_affine=True"),
        (nn.Linear(3, 3).half(), ValueError, r"type torch\.float16, torch\.float32; .* module\.float\(\)"),
        (nn.Sequential(nn.Dropout(0.1), nn.Dropout(0.2)), ValueError, r"1\.1: Dropout\(p=0\.2.*has p=0\.1; a run has"),
    ],
)
def test_what_the_engine_has_not_is_named_by_its_place(module: nn.Module, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        sn.from_torch(nn.Sequential(nn.Linear(2, 3), module))
    assert "\n" not in str(caught.value)


def test_dropout_that_stands_alone_is_asked_for_its_width() -> None:
    with pytest.raises(ValueError, match=r"0: Dropout\(p=0\.5, inplace=False\): how many features has it"):
        sn.from_torch(nn.Sequential(nn.Dropout(0.5), nn.ReLU()))


def test_parameters_of_another_network_are_refused() -> None:
    network = sn.Sequential((sn.Linear(3, 2),))
    params = trained(network, torch.float32, 0)
    with pytest.raises(ValueError, match=r"to_torch: the parameters of another network: 0\.bias differ"):
        sn.to_torch(network, {"0.weight": params["0.weight"]})
    stacked = {name: value.unsqueeze(0) for name, value in params.items()}
    with pytest.raises(sn.ShapeError, match=r"weight expected \(3, 2\), got \(1, 3, 2\); .*without the run axis"):
        sn.to_torch(network, stacked)


def test_a_layer_from_elsewhere_makes_its_own_module() -> None:
    class Doubled(sn.ReLU):  # whose module it must not inherit
        pass

    class Halved(Doubled):
        def to_torch(self, params: dict[str, Tensor]) -> nn.Module:
            return nn.Identity()

    with pytest.raises(TypeError, match=r"to_torch: .*has no counterpart; give its class a method to_torch\(self"):
        sn.to_torch(sn.Sequential((Doubled(),)), {})
    assert isinstance(sn.to_torch(sn.Residual(Halved()), {}).inner, nn.Identity)
