"""Whatever is wrong with what an entry is given is one clear error, by either kernel, before anything changes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from door import CLASSES, COUNT, FEATURES, KERNELS, NETWORK, examples, kernels, refused, run_of, stack_of
from hypothesis import given
from hypothesis import strategies as st
from nets import any_nets
from torch import Tensor

import scratchnet as sn
from scratchnet.sklearn import ScratchClassifier, ScratchRegressor

# -- Examples


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"targets": torch.tensor([-1] + [0] * 9)}, ValueError, "a label is -1; labels count from 0"),
        ({"targets": torch.zeros(COUNT - 1).long()}, sn.ShapeError, r"labels expected \(10,\), got \(9,\) torch.int64"),
        ({"targets": torch.zeros(COUNT, 1).long()}, sn.ShapeError, r"labels expected \(10,\), got \(10, 1\)"),
        ({"targets": torch.zeros(COUNT)}, sn.ShapeError, r"values expected \(10, K\), got \(10,\)"),
        ({"targets": torch.zeros(COUNT + 1, 2)}, sn.ShapeError, r"values expected \(10, K\), got \(11, 2\)"),
        ({"targets": torch.zeros(COUNT, 0)}, sn.ShapeError, r"values expected \(10, K\), got \(10, 0\)"),
        ({"targets": torch.full((COUNT, 1), torch.nan)}, ValueError, "targets hold NaN"),
        ({"targets": torch.zeros(COUNT, dtype=torch.int32)}, TypeError, r"targets are torch.int32; .*targets.long\(\)"),
        ({"targets": list(range(COUNT))}, TypeError, "targets is a list, not a tensor"),
        ({"inputs": torch.zeros(COUNT)}, sn.ShapeError, r"inputs expected \(N, I\), got \(10,\)"),
        ({"inputs": torch.zeros(COUNT, 2, 3)}, sn.ShapeError, r"got \(10, 2, 3\); flatten"),
        ({"inputs": torch.zeros(COUNT, 0)}, sn.ShapeError, r"got \(10, 0\)"),
        ({"inputs": torch.zeros(COUNT, FEATURES).half()}, TypeError, "inputs are torch.float16"),
        ({"inputs": torch.zeros(COUNT, FEATURES).long()}, TypeError, r"inputs are torch.int64; .*inputs.float\(\)"),
        ({"inputs": torch.full((COUNT, FEATURES), torch.inf)}, ValueError, "inputs hold NaN or infinity"),
        ({"mean": torch.zeros(FEATURES - 1)}, sn.ShapeError, r"mean expected \(6,\), got \(5,\)"),
        ({"mean": torch.tensor(0.0)}, sn.ShapeError, r"mean expected \(6,\), got \(\)"),
        ({"mean": torch.full((FEATURES,), torch.nan)}, ValueError, "mean is not finite"),
        ({"mean": torch.zeros(FEATURES).long()}, TypeError, "mean is torch.int64"),
        ({"std": torch.ones(FEATURES + 1)}, sn.ShapeError, r"std expected \(6,\), got \(7,\)"),
        ({"std": torch.zeros(FEATURES)}, ValueError, "std has 0 as torch.float32, must be at least 1.2e-38"),
        (
            {"std": torch.full((FEATURES,), 1e-39)},
            ValueError,
            "std has 1e-39 as torch.float32, must be at least 1.2e-38",
        ),
        ({"std": -torch.ones(FEATURES)}, ValueError, "std has -1 as"),
        ({"std": torch.full((FEATURES,), torch.inf)}, ValueError, "std is not finite"),
        ({"std": torch.ones(FEATURES, device="meta")}, ValueError, "std lies on meta, inputs on cpu"),
    ],
)
def test_examples_say_what_is_wrong(changes: dict[str, Any], error: type[Exception], said: str) -> None:
    refused(error, said, lambda: examples(**changes))


def test_large_finite_numbers_are_finite() -> None:
    assert len(examples(inputs=torch.full((COUNT, FEATURES), 3e38))) == COUNT


@kernels
def test_a_std_that_vanishes_in_the_stacks_type_is_refused(kernel: str) -> None:
    data = examples(std=torch.full((FEATURES,), 1e-60, dtype=torch.float64))
    refused(ValueError, "std has 0 as torch.float32", lambda: stack_of(kernel).evaluate(data))


def test_a_batch_of_rows_that_are_not_there_is_refused() -> None:
    for index in (-1, COUNT):
        with pytest.raises(IndexError):
            examples().batch(torch.tensor([index]), torch.float32)
    wide = torch.empty(2, FEATURES + 1)
    refused(sn.ShapeError, "out expected", lambda: examples().batch(slice(0, 2), torch.float32, out=wide))


# -- training, evaluation, prediction


@kernels
@pytest.mark.parametrize(
    ("data", "network", "loss", "error", "said"),
    [
        (
            examples(targets=torch.tensor([700_000] + [0] * 9)),
            *(NETWORK, sn.CrossEntropy(), ValueError),
            "a label is 700000, but the network has 3 outputs, for labels 0 to 2",
        ),
        (
            examples(inputs=torch.zeros(COUNT, 12), mean=torch.zeros(12), std=torch.ones(12)),
            *(NETWORK, sn.CrossEntropy(), sn.ShapeError),
            r"Linear\(in_features=6.*\): x expected \(R, B, ..., 6\), got \(R, B, 12\); set in_features",
        ),
        (examples(), NETWORK, sn.MeanSquaredError(), TypeError, r"expected values \(N, 3\) floating, got \(10,\)"),
        (
            examples(targets=torch.zeros(COUNT, 3)),
            NETWORK,
            sn.CrossEntropy(),
            TypeError,
            r"expected labels \(N,\) int64",
        ),
        (
            examples(targets=torch.zeros(COUNT, 2)),
            NETWORK,
            sn.MeanSquaredError(),
            sn.ShapeError,
            r"expected \(N, 3\), got",
        ),
        (
            examples(targets=torch.full((COUNT, 3), 0.5)),
            NETWORK,
            sn.BinaryCrossEntropy(),
            ValueError,
            "targets expected 0s and 1s",
        ),
        (examples(), NETWORK, sn.BinaryCrossEntropy(), TypeError, r"expected flags \(N, 3\) floating"),
        (
            examples(),
            NETWORK,
            sn.CrossEntropy(0.0, (1.0,) * 4),
            sn.ShapeError,
            "4 class weights, but the network has 3",
        ),
        (
            examples(targets=torch.ones(COUNT, 3)),
            NETWORK,
            sn.BinaryCrossEntropy(0.0, ((1.0, 2.0),)),
            sn.ShapeError,
            "1 pairs of class weights, but the network has 3 outputs",
        ),
    ],
)
def test_examples_must_fit_network_and_loss(
    kernel: str, data: sn.Examples, network: sn.Sequential, loss: sn.Loss, error: type[Exception], said: str
) -> None:
    stack = stack_of(kernel, network, loss)
    refused(error, said, lambda: stack.train(data, torch.arange(COUNT), 5))
    refused(error, said, lambda: stack.evaluate(data))


@kernels
def test_a_whole_number_of_numpy_is_a_size_of_batches(kernel: str) -> None:
    losses = stack_of(kernel).train(examples(), torch.arange(COUNT), np.int64(5))  # type: ignore[arg-type]
    assert torch.equal(losses, stack_of(kernel).train(examples(), torch.arange(COUNT), 5))


IMAGES = sn.Augment(1, 2, 3, flip=True)


@kernels
@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ((torch.arange(COUNT), 0), ValueError, "batch_size=0; allowed: a whole number of 1 or more"),
        ((torch.arange(COUNT), 2.0), ValueError, "batch_size=2.0; allowed"),
        ((torch.arange(COUNT), True), ValueError, "batch_size=True; allowed"),
        ((torch.arange(COUNT).int(), 5), TypeError, "order is torch.int32; give an int64 tensor"),
        ((torch.arange(COUNT).float(), 5), TypeError, "order is torch.float32"),
        ((list(range(COUNT)), 5), TypeError, "order is list"),
        ((torch.arange(COUNT).view(2, 5), 5), sn.ShapeError, r"order expected \(n,\) .* got \(2, 5\)"),
        ((torch.tensor(1), 5), sn.ShapeError, r"order expected \(n,\) .* got \(\)"),
        ((torch.arange(0), 5), sn.ShapeError, r"order expected \(n,\) with n of 1 or more, got \(0,\)"),
        ((torch.arange(COUNT) - 1, 5), ValueError, "order holds -1, but examples count from 0 to 9"),
        ((torch.arange(COUNT + 1), 5), ValueError, "order holds 10, but examples count from 0 to 9"),
        ((torch.arange(COUNT, device="meta"), 5), ValueError, "order on meta, but the stack on cpu"),
        ((torch.arange(COUNT), 5, IMAGES), ValueError, "augment needs a generator"),
        ((torch.arange(COUNT), 5, "x"), TypeError, "augment='x' is not a scratchnet.Augment"),
        ((torch.arange(COUNT), 5, None, None, 0.2), TypeError, "mixup=0.2 is not a scratchnet.Mixup"),
        ((torch.arange(COUNT), 5, None, 3), TypeError, "generator 3 is not a torch.Generator"),
        ((torch.arange(COUNT), 5, None, np.random.default_rng(0)), TypeError, "is not a torch.Generator; give torch"),
        ((torch.arange(COUNT), 5, None, [3]), TypeError, "generator 3 is not a torch.Generator"),
        ((torch.arange(COUNT), 5, None, []), ValueError, "generator is empty; give generator=torch.Generator"),
        (
            (torch.arange(COUNT), 5, replace(IMAGES, fill=(1e39,)), torch.Generator()),
            ValueError,
            "which torch.float32 holds",
        ),
        ((torch.arange(COUNT), 5, replace(IMAGES, width=2), torch.Generator()), sn.ShapeError, "1·2·2 = 4, got inputs"),
    ],
)
def test_training_says_what_is_wrong(
    kernel: str, arguments: tuple[Any, ...], error: type[Exception], said: str
) -> None:
    stack = stack_of(kernel)
    before = {name: value.clone() for name, value in stack.state_dict().items()}
    refused(error, said, lambda: stack.train(examples(), *arguments))
    assert all(torch.equal(value, before[name]) for name, value in stack.state_dict().items())


@kernels
@pytest.mark.parametrize("fill", [300.0, -5.0, 255.6])
def test_a_fill_that_bytes_cannot_hold_is_refused(kernel: str, fill: float) -> None:
    bytes_of_images = examples(inputs=torch.zeros(COUNT, FEATURES, dtype=torch.uint8))
    augment, generator, stack = replace(IMAGES, cutout=1, fill=(fill,)), torch.Generator(), stack_of(kernel)
    said = rf"fill=\({fill},\); allowed: 0 to 255, which torch.uint8 holds"
    refused(ValueError, said, lambda: stack.train(bytes_of_images, torch.arange(COUNT), 5, augment, generator))
    assert stack.groups[0].steps == 0
    stack.train(bytes_of_images, torch.arange(COUNT), 5, replace(augment, fill=(254.6,)), generator)


@kernels
@pytest.mark.parametrize(
    ("x", "error", "said"),
    [
        (torch.zeros(2, FEATURES + 1), sn.ShapeError, r"x expected \(R, B, ..., 6\), got \(R, B, 7\)"),
        (torch.zeros(FEATURES), sn.ShapeError, r"x expected \(B, I\), got \(6,\)"),
        (torch.zeros(2, FEATURES).double(), TypeError, "x is torch.float64; give a torch.float32 tensor"),
        (torch.zeros(2, FEATURES).long(), TypeError, "x is torch.int64"),
        (np.zeros((2, FEATURES), np.float32), TypeError, "x is ndarray"),
        (torch.zeros(2, 3, FEATURES), sn.ShapeError, r"x expected \(B, I\), got \(2, 3, 6\)"),
    ],
)
def test_prediction_says_what_is_wrong(kernel: str, x: Any, error: type[Exception], said: str) -> None:
    refused(error, said, lambda: stack_of(kernel).predict(x))


@kernels
def test_inputs_that_fit_the_layers_but_are_no_rows_are_refused(kernel: str) -> None:
    stack = stack_of(kernel, sn.Sequential((sn.Linear(FEATURES, 4), sn.Flatten(), sn.Linear(4, CLASSES))))
    x = torch.zeros(2, 1, FEATURES)
    refused(sn.ShapeError, r"x expected \(B, I\), got \(2, 1, 6\)", lambda: stack.predict(x))


# -- stacks


@kernels
@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (
            (sn.Linear(4, 4), sn.ReLU(), sn.Linear(5, 4)),
            r"Linear\(in_features=5.* \(R, B, ..., 5\), got \(R, B, 4\); set",
        ),
        ((sn.Linear(4, 4), sn.LayerNorm(5), sn.Linear(4, 4)), r"LayerNorm\(features=5.* got \(R, B, 4\)"),
        ((sn.Dropout(5), sn.Linear(4, 4)), r"Linear\(in_features=4.* got \(R, B, 5\)"),
        ((sn.Linear(4, 4), sn.Residual(sn.Linear(4, 3))), r"inner output expected \(R, B, 4\), got \(R, B, 3\)"),
        ((sn.Linear(4, 4), sn.Patchify(1, 3, 2, 1)), r"Patchify.* expected \(R, B, 6\), got \(R, B, 4\)"),
        ((sn.Patchify(1, 2, 2, 1), sn.Linear(1, 3)), r"outputs expected \(R, B, K\), got \(R, B, 4, 3\)"),
        ((sn.Patchify(1, 2, 2, 1), sn.Dropout(1), sn.MeanOverPatches()), r"Dropout.* got \(R, B, 4, 1\)"),
        ((sn.Linear(4, 4), sn.Transpose()), r"Transpose\(\): x expected \(R, B, P, F\), got \(R, B, 4\)"),
        ((sn.Linear(4, 4), sn.MeanOverPatches()), "cut the input into patches first"),
        ((sn.Linear(4, 0),), "a width=0; allowed: a whole number of 1 or more"),
        ((sn.Dropout(4, "dropuot"), sn.Linear(4, 4)), "'dropuot' names no rate of dropout; take one of dropout, input"),
        ((sn.Dropout(4, "lr"), sn.Linear(4, 4)), "'lr' names no rate of dropout; take one of dropout, input_dropout"),
        ((sn.Linear(4, 4), sn.Residual(sn.Dropout(4, "l2"))), "'l2' names no rate of dropout"),
    ],
)
def test_layers_that_do_not_fit_are_named(kernel: str, layers: tuple[sn.Layer, ...], said: str) -> None:
    refused(ValueError, said, lambda: stack_of(kernel, sn.Sequential(layers)))


def test_stacks_say_what_is_wrong() -> None:
    refused(ValueError, "no runs", lambda: sn.Stack([], steps_per_epoch=1))
    alone: Any = run_of()
    refused(TypeError, "runs is a Run; give a list of scratchnet.Run", lambda: sn.Stack(alone, steps_per_epoch=1))
    passing: Any = (run_of() for _ in range(2))
    refused(TypeError, "runs is a generator; give a list", lambda: sn.Stack(passing, steps_per_epoch=1))
    refused(TypeError, "is not a scratchnet.Run", lambda: sn.Stack([NETWORK], steps_per_epoch=1))  # type: ignore
    refused(ValueError, "steps_per_epoch=0", lambda: sn.Stack([run_of()], steps_per_epoch=0))
    refused(TypeError, "dtype=torch.float16", lambda: sn.Stack([run_of()], steps_per_epoch=1, dtype=torch.float16))
    unknown: Any = "fastest"
    refused(ValueError, "kernel='fastest' is none of", lambda: stack_of(unknown))
    refused(KeyError, "other runs", lambda: stack_of("plain").load_state_dict({}))


def test_a_state_of_another_type_is_refused() -> None:
    double = sn.Stack([run_of()], steps_per_epoch=1, dtype=torch.float64)
    refused(KeyError, "0.weight", lambda: stack_of("plain").load_state_dict(double.state_dict()))


@pytest.mark.parametrize(
    ("name", "value", "error", "said"),
    [
        ("generator.1", torch.full((5056,), 255, dtype=torch.uint8), ValueError, "generator.1 is none of torch's"),
        ("steps", torch.tensor(-1), ValueError, "-1 steps"),
        ("steps", torch.tensor(2**62), ValueError, "4611686018427387904 steps"),
        ("params.0.weight", torch.ones(2, 4, 8), KeyError, "0.weight of run 0 is wider"),
    ],
)
def test_what_is_no_state_changes_nothing(name: str, value: torch.Tensor, error: type[Exception], said: str) -> None:
    runs = [replace(run_of(), network=sn.Sequential((sn.Linear(4, width), sn.Linear(width, 3)))) for width in (4, 8)]
    stack = sn.Stack(runs, steps_per_epoch=1)
    state = stack.state_dict()
    refused(error, said, lambda: stack.load_state_dict(state | {name: value}))
    assert all(torch.equal(now, state[name]) for name, now in stack.state_dict().items())


# -- whatever is drawn


@st.composite
def wrong_sizes(draw: st.DrawFn) -> tuple[sn.Sequential, dict[str, Tensor], dict[str, Any]]:
    """A network, the parts of examples and the arguments of train, one of them of a wrong size or out of range."""
    network, features = draw(any_nets())
    [outputs] = network.output_shape((features,))
    parts = {
        "inputs": torch.rand(COUNT, features),
        "targets": torch.arange(COUNT) % outputs,
        "mean": torch.zeros(features),
        "std": torch.ones(features),
    }
    arguments: dict[str, Any] = {"order": torch.randperm(COUNT), "batch_size": draw(st.integers(1, COUNT))}
    wrong = draw(st.sampled_from([*parts, "all features", *arguments]))
    more = draw(st.integers(1, 70))
    if wrong in ("mean", "std"):
        parts[wrong] = torch.ones(draw(st.integers(0, features - 1) | st.just(features + more)))
    elif wrong == "targets":
        outside = draw(st.integers(outputs, 2**40) | st.integers(-(2**40), -1))
        place = draw(st.integers(0, COUNT - 1))
        parts["targets"] = parts["targets"].clone().index_fill_(0, torch.tensor(place), outside)
    elif wrong == "inputs":
        parts["inputs"] = torch.rand(COUNT, features + more)
    elif wrong == "all features":
        parts |= {
            "inputs": torch.rand(COUNT, 2 * features),
            "mean": torch.zeros(2 * features),
            "std": torch.ones(2 * features),
        }
        if network.input_features is None:  # any number of features fits: give it too many labels instead
            parts["targets"] = torch.full((COUNT,), 2 * features * outputs)
    elif wrong == "order":
        outside = draw(st.integers(COUNT, 2**40) | st.integers(-(2**40), -1))
        arguments["order"] = torch.tensor([0, outside, 1])
    else:
        arguments["batch_size"] = draw(st.integers(-(2**40), 0))
    return network, parts, arguments


@given(wrong_sizes(), st.sampled_from(KERNELS))
def test_any_wrong_size_is_an_error(
    drawn: tuple[sn.Sequential, dict[str, Tensor], dict[str, Any]], kernel: str
) -> None:
    network, parts, arguments = drawn
    stack = stack_of(kernel, network)
    with pytest.raises(ValueError, match=r"expected .*, got|allowed|label|order holds") as caught:
        stack.train(sn.Examples(**parts), **arguments)
    assert "\n" not in str(caught.value)
    assert stack.groups[0].steps == 0


@given(any_nets(), st.integers(1, 70), st.sampled_from(KERNELS))
def test_predicting_for_any_wrong_size_is_an_error(drawn: tuple[sn.Sequential, int], more: int, kernel: str) -> None:
    network, features = drawn
    stack = stack_of(kernel, network)
    assert stack.predict(torch.zeros(2, features)).shape[:2] == (1, 2)
    if network.input_features is None:
        return
    with pytest.raises(sn.ShapeError, match=r"expected .*, got"):
        stack.predict(torch.zeros(2, features + more))


@given(any_nets(), st.integers(0, 20), st.integers(1, 9))
def test_a_network_with_another_layer_between_is_an_error(
    drawn: tuple[sn.Sequential, int], place: int, more: int
) -> None:
    network, features = drawn
    shape: tuple[int, ...] = (features,)
    place = min(place, len(network.layers))
    for layer in network.layers[:place]:
        shape = layer.output_shape(shape)
    wrong = sn.Linear(shape[-1] + more, shape[-1])
    layers = (sn.Linear(features, features), *network.layers[:place], wrong, *network.layers[place:])
    with pytest.raises(sn.ShapeError, match=rf"^Linear\(in_features={shape[-1] + more}, .* expected .*, got"):
        stack_of("auto", sn.Sequential(layers))


# -- estimators


@pytest.mark.parametrize("estimator", [ScratchClassifier, ScratchRegressor])
def test_estimators_say_what_is_wrong(estimator: type[ScratchClassifier] | type[ScratchRegressor]) -> None:
    x, y = np.random.default_rng(0).normal(size=(20, 4)), np.arange(20) % 3
    model = estimator(epochs=1)
    for wrong_x, wrong_y in ((x[:, 0], y), (x[:10], y), (x[:0], y[:0]), (x * np.nan, y), (x[:, :0], y)):
        with pytest.raises(ValueError, match=r"[Ee]xpected|[Ff]ound|NaN"):
            model.fit(wrong_x, wrong_y)
    model.fit(x, y)
    for wrong in (x[:, :3], np.hstack([x, x]), x[0]):
        with pytest.raises(ValueError, match=r"features|Expected 2D"):
            model.predict(wrong)
    for name in ("batch_size", "epochs"):
        with pytest.raises(ValueError, match=f"{name}=0; allowed"):
            estimator(**{name: 0}).fit(x, y)
