"""What a wrong shape is told, word for word: the layer, what it expected, what it got and what to do."""

import pytest
import torch

import scratchnet as sn
from scratchnet.check._numbers import generators

OUTPUT_GRADIENT = "pass the gradient of the loss with respect to this layer's own output"
CUT = "cut the input into patches first"
FLAT = "pass flattened images, channel by channel, of this layer's sizes"
LINEAR = "set in_features to the size of the layer before, or flatten the input"
ROWS = "set features to the size of the layer before, where examples are rows and not patches"
PATCHES = "Patchify(channels=1, height=4, width=6, patch_size=2)"

X: list[tuple[sn.Layer, tuple[int, ...], str, str]] = [
    (sn.Patchify(1, 4, 6, 2), (23,), f"{PATCHES}: x expected (R, B, 24)", FLAT),
    (sn.Transpose(), (7,), "Transpose(): x expected (R, B, P, F)", CUT),
    (sn.MeanOverPatches(), (7,), "MeanOverPatches(): x expected (R, B, P, F)", CUT),
    (sn.Flatten(), (), "Flatten(): x expected (R, B, I) or (R, B, P, F)", "pass rows, or patches of them"),
    (sn.Linear(7, 6), (8,), "Linear(in_features=7, out_features=6, initializer=HeNormal()): x expected {R}", LINEAR),
    (sn.LayerNorm(7), (8,), "LayerNorm(features=7, eps=1e-05): x expected {R}", ROWS.partition(", where")[0]),
    (sn.Dropout(7), (8,), "Dropout(features=7, rate='dropout'): x expected (R, B, 7)", ROWS),
]


@pytest.mark.parametrize(("layer", "shape", "expected", "remedy"), X, ids=lambda value: str(value)[:12])
def test_inputs(layer: sn.Layer, shape: tuple[int, ...], expected: str, remedy: str) -> None:
    got = "".join(f", {size}" for size in shape)
    with pytest.raises(sn.ShapeError) as told:
        layer.forward(layer.init(generators()), torch.zeros(3, 5, *shape))
    assert str(told.value) == f"{expected.format(R='(3, B, ..., 7)')}, got (3, 5{got}); {remedy}"
    with pytest.raises(sn.ShapeError) as told:
        layer.output_shape(shape)
    assert str(told.value) == f"{expected.format(R='(R, B, ..., 7)')}, got (R, B{got}); {remedy}"


DY: list[tuple[sn.Layer, tuple[int, ...], str, tuple[int, ...]]] = [
    (sn.Patchify(1, 4, 6, 2), (24,), "(3, 5, 6, 4)", (6, 3)),
    (sn.Transpose(), (4, 7), "(3, 5, 7, 4)", (4, 7)),
    (sn.MeanOverPatches(), (4, 7), "(3, 5, 7)", (4,)),
    (sn.Flatten(), (4, 7), "(3, 5, 28)", (27,)),
    (sn.Linear(7, 6), (7,), "(3, 5, 6)", (7,)),
    (sn.LayerNorm(7), (7,), "(3, 5, 7)", (1,)),
    (sn.ReLU(), (7,), "(3, 5, 7)", (1,)),
    (sn.Dropout(7), (7,), "(3, 5, 7)", (1,)),
    (sn.Residual(sn.Linear(7, 7)), (7,), "(3, 5, 7)", (1,)),
]


@pytest.mark.parametrize(("layer", "shape", "expected", "given"), DY, ids=lambda value: str(value)[:12])
def test_gradients(layer: sn.Layer, shape: tuple[int, ...], expected: str, given: tuple[int, ...]) -> None:
    params = layer.init(generators())
    y, saved = layer.forward(params, torch.zeros(3, 5, *shape))
    with pytest.raises(sn.ShapeError) as told:
        layer.backward(params, saved, torch.zeros(3, 5, *given))
    got = ", ".join(map(str, given))
    assert str(told.value) == f"{layer}: backward's dy expected {expected}, got (3, 5, {got}); {OUTPUT_GRADIENT}"
    assert layer.backward(params, saved, y, input_grad=False)[0] is None


def test_a_residual_of_another_width() -> None:
    layer = sn.Residual(sn.Linear(7, 6))
    remedy = "give the inner layer as many outputs as inputs"
    with pytest.raises(sn.ShapeError) as told:
        layer.forward(layer.init(generators()), torch.zeros(3, 5, 7))
    assert str(told.value) == f"{layer}: inner output expected (3, 5, 7), got (3, 5, 6); {remedy}"
    with pytest.raises(sn.ShapeError) as told:
        layer.output_shape((7,))
    assert str(told.value) == f"{layer}: inner output expected (R, B, 7), got (R, B, 6); {remedy}"


@pytest.mark.parametrize("layer", [sn.ReLU(), sn.LeakyReLU(), sn.Tanh(), sn.Sigmoid(), sn.GELU()], ids=str)
def test_an_activation_of_a_vector(layer: sn.Layer) -> None:
    with pytest.raises(sn.ShapeError) as told:
        layer.forward({}, torch.zeros(7))
    remedy = "add the run axis in front: x.unsqueeze(0)"
    assert str(told.value) == f"{layer}: x expected (R, B, ...), got (7,); {remedy}"
    assert layer.forward({}, torch.zeros(5, 7))[0].shape == (5, 7)


def test_an_initial_weight_of_another_shape() -> None:
    def turned(generator: torch.Generator, fan_in: int, fan_out: int) -> torch.Tensor:
        return torch.zeros(fan_out, fan_in)

    layer, remedy = sn.Linear(7, 6, turned), "let the initializer draw a weight of (fan_in, fan_out)"
    with pytest.raises(sn.ShapeError) as told:
        layer.init(generators())
    assert str(told.value) == f"{layer}: initial weight expected (7, 6), got (6, 7); {remedy}"


def test_a_patch_that_does_not_divide_the_image() -> None:
    with pytest.raises(ValueError, match=r"^Patchify: patch_size=4 does not divide 4×6; take a divisor of both$"):
        sn.Patchify(2, 4, 6, 4)
