"""model=layers: a network written down is the network of the short ways, and what cannot be read is told in a line."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from commands import NO_REPORT, figures, pipeline
from hydra import compose, initialize_config_dir
from hypothesis import given
from hypothesis import strategies as st

import scratchnet as sn
from pipeline.config.check import ConfigError, check
from pipeline.config.folder import conf_folder
from pipeline.config.schema import Config
from pipeline.errors import UserError
from pipeline.models.layers import Layers

IMAGE = (1, 28, 28)


def configured(*overrides: str) -> Config:
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return check(compose("config", list(overrides)))


def typed(layers: list[Any]) -> list[str]:
    return ["model=layers", f"model.layers={json.dumps(layers)}".replace('"', "")]


def network(layers: list[Any]) -> sn.Sequential:
    values = {"initializer": "auto", "initializer_scale": [0.01], "l2": 0.0, "l2_layers": None}
    return Layers.model_validate({"name": "layers", "layers": layers, **values}).build(IMAGE, 10)


def block(across: bool, size: int, hidden: int, activation: str = "relu") -> dict[str, Any]:
    inner: list[Any] = [{"linear": hidden}, activation, {"linear": size}]
    return {"residual": ["layer_norm", "transpose", *inner, "transpose"] if across else ["layer_norm", *inner]}


MIXER = ["model=patch_mlp", "model.features=8", "model.hidden_patches=5", "model.hidden_features=6", "model.depth=2"]
MIXED = [
    {"patchify": 7},
    {"linear": 8},
    {"repeat": 2, "layers": [block(True, 16, 5), block(False, 8, 6)]},
    "mean_over_patches",
]
HYPERBOLIC = [block(True, 4, 5, "tanh"), block(False, 8, 6, "tanh")]
DROPPED = ["model.dropout=0.1", "model.input_dropout=0.2"]
PAIRS: list[tuple[list[Any], list[str], list[str]]] = [
    ([{"linear": 9}, "relu"], ["model.hidden=[9]"], []),
    (
        [{"dropout": 0.2}, *[part for n in (9, 5) for part in ({"linear": n}, "layer_norm", "tanh", {"dropout": 0.1})]],
        ["model.hidden=[9,5]", "model.activation=tanh", "model.layer_norm=true", *DROPPED],
        [],
    ),
    (
        [{"linear": 9}, "gelu", {"dropout": 0}],
        ["model.hidden=[9]", "model.activation=gelu"],
        ["model.initializer=normal", "model.initializer_scale=[0.1,0.2]", "model.l2=0.01", "model.l2_layers=[1]"],
    ),
    (MIXED, MIXER, ["model.l2=0.001"]),
    (
        [{"patchify": 14}, {"linear": 8}, *HYPERBOLIC, "mean_over_patches", {"dropout": 0.3}],
        [*MIXER, "model.patch_size=14", "model.depth=1", "model.activation=tanh", "model.dropout=0.3"],
        [],
    ),
]


@pytest.mark.parametrize(("layers", "model", "both"), PAIRS)
def test_the_spelling_is_the_short_way_to_the_last_bit(layers: list[Any], model: list[str], both: list[str]) -> None:
    models = [configured(*chosen, *both).model for chosen in (typed(layers), model)]
    written, built = (model.build(IMAGE, 10) for model in models)
    generators = [[torch.Generator().manual_seed(3)] for _ in range(2)]
    ours, theirs = (net.init(g, torch.float64) for net, g in zip((written, built), generators, strict=True))
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert written.size == built.size
    assert models[0].penalized(written) == models[1].penalized(built)


@pytest.mark.parametrize("kernel", ["compiled", "plain"])
@pytest.mark.parametrize(("layers", "model", "both"), PAIRS)
def test_it_trains_as_the_short_way_to_the_last_bit(
    layers: list[Any], model: list[str], both: list[str], kernel: str
) -> None:
    x = torch.randn(40, 784, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    examples = sn.Examples(x, torch.arange(40) % 10, torch.zeros(784), torch.ones(784))
    ends = []
    for chosen in (typed(layers), model):
        choice = configured(*chosen, *both).model
        net = choice.build(IMAGE, 10)
        run = sn.Run(net, sn.CrossEntropy(), sn.SGD(), {"lr": 0.1, "momentum": 0.9} | choice.settings(), seed=3)
        stack = sn.Stack([run], steps_per_epoch=5, kernel=kernel)
        losses = stack.train(examples, torch.arange(40).repeat(2), 8)
        ends.append({"losses": losses, "evaluation": stack.evaluate(examples).loss, **stack.params})
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[1])


def test_patches_are_flattened_and_rows_are_flat() -> None:
    net = network(["flatten", {"patchify": 14}, {"linear": 8}, "gelu", "flatten", {"linear": 6}])
    rule = sn.HeNormal()
    convolution = (sn.Patchify(1, 28, 28, 14), sn.Linear(196, 8, rule), sn.GELU(), sn.Flatten())
    assert net.layers == (*convolution, sn.Linear(32, 6, rule), sn.Linear(6, 10, rule))


def test_initial_weights_go_by_the_activation_that_follows() -> None:
    net = network([{"linear": 9}, "relu", {"linear": 8}, {"linear": 7}, "tanh", {"linear": 6}])
    rules = [type(layer.initializer) for layer in net.layers if isinstance(layer, sn.Linear)]
    assert rules == [sn.HeNormal, *[sn.GlorotUniform] * 4]
    assert type(network([{"linear": 9}]).layers[0].initializer) is sn.HeNormal  # as in an mlp without hidden layers


def test_sizes_follow_from_what_comes_in() -> None:
    net = network([{"dropout": 0.1}, {"patchify": 14}, ["layer_norm", {"linear": 3}], "transpose", "mean_over_patches"])
    assert net.layers[:2] == (sn.Dropout(784, 0.1), sn.Patchify(1, 28, 28, 14))
    assert net.layers[2] == sn.Sequential((sn.LayerNorm(196), sn.Linear(196, 3)))
    assert net.layers[-1] == sn.Linear(4, 10)
    assert network([{"leaky_relu": 0.3}, {"layer_norm": 0.1}]).layers[:2] == (sn.LeakyReLU(0.3), sn.LayerNorm(784, 0.1))


WRONG: list[tuple[str, str]] = [
    ("[]", "no layers; give some, such as [{linear: 128}, relu], or take model=mlp model.hidden=[]"),
    (
        "[{lineer:4}]",
        "no such layer; there are linear, layer_norm, dropout, patchify, transpose, mean_over_patches, flatten, ",
    ),
    ("[{lineer:4}]", "did you mean linear?"),
    ("[reul]", "did you mean relu?"),
    ("[3]", "item 1: 3 is no layer; write a name, {name: argument} or a list of layers"),
    ("[null]", "item 1: None is no layer"),
    ("[{linear:4},[]]", "item 2: [] is no list of layers; give one or more"),
    ("[{residual:relu}]", "item 1: 'relu' is no list of layers"),
    ("[residual]", "item 1: residual needs to be told what; write {residual: ...}"),
    ("[{repeat:0,layers:[relu]}]", "item 1: repeat=0; allowed: a whole number from 1 to 1000"),
    ("[{repeat:2}]", "item 1: repeat comes with layers, not with nothing else; write {repeat: 2, layers: [...]}"),
    ("[{repeat:2,layers:[{repeat:501,layers:[relu]}]}]", "more than 1000 layers; allowed: at most 1000, repeats"),
    ("[{repeat:1000,layers:[{repeat:1000,layers:[{repeat:1000,layers:[relu]}]}]}]", "more than 1000 layers"),
    ("[" * 25 + "relu" + "]" * 25, "lists within lists more than 20 deep"),
    ("[{layer:3}]", "item 1: layer=3 is no name; write {layer: my_layers:Gate, width: 64}"),
    ("[{residual:[relu],depth:3}]", "residual takes a list of layers and nothing else, not depth"),
]


@pytest.mark.parametrize(("layers", "said"), WRONG)
def test_what_cannot_be_read_is_a_mistake_of_the_configuration(layers: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured("model=layers", f"model.layers={layers}")
    assert said in str(caught.value)
    assert str(caught.value).startswith("model.layers=")
    assert len(str(caught.value).splitlines()) == 1


UNFIT: list[tuple[list[Any], str]] = [
    ([{"linear": 0}], "item 1, linear: Linear: out_features=0; allowed: a whole number of 1 or more, below 2147483648"),
    ([{"linear": 2.5}], "item 1, linear: Linear: out_features=2.5; allowed: a whole number of 1 or more"),
    ([{"linear": 2**31}], "item 1, linear: Linear: out_features=2147483648; allowed: a whole number of 1 or more"),
    (["linear"], "item 1, linear: needs out_features; write {linear: 7}"),
    ([{"linear": {"outputs": 7}}], "item 1, linear: outputs: no such argument; there are out_features"),
    ([{"relu": 3}], "item 1, relu: takes no 3; it has no arguments"),
    (["dropout"], "item 1, dropout: needs its rate; write {dropout: 0.5}"),
    ([{"dropout": 1.5}], "item 1, dropout: Dropout: rate=1.5; allowed: from 0 up to, but not including, 1"),
    ([{"layer_norm": 0}], "item 1, layer_norm: LayerNorm: eps=0; allowed: a finite number of 1e-30 or more"),
    ([{"leaky_relu": 7}], "item 1, leaky_relu: LeakyReLU: negative_slope=7 must be between 0 and 1"),
    ([{"patchify": 5}], "item 1, patchify: Patchify: patch_size=5 does not divide 28×28; take a divisor of both"),
    ([{"linear": 49}, {"patchify": 7}], "item 2, patchify: needs the pixels of images; put it first"),
    ([{"patchify": 7}], "model.layers: ends with 16 patches of 49 features; end with mean_over_patches or flatten"),
    (["transpose"], "item 1, transpose: Transpose(): x expected (R, B, P, F), got (R, B, 784); cut the input into"),
    ([{"patchify": 7}, {"dropout": 0.5}], "where examples are rows and not patches"),
    (
        ["relu", {"residual": [{"linear": 64}, "relu"]}],
        "item 2, residual: begins with 784 features and ends with 64 features; end it with {linear: 784}",
    ),
    ([{"repeat": 2, "layers": [["relu", {"linear": "x"}]]}], "item 1.1.2, linear: Linear: out_features='x'; allowed"),
]


@pytest.mark.parametrize(("layers", "said"), UNFIT)
def test_what_does_not_fit_names_the_item(layers: list[Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        network(layers)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_absurd_sizes_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    huge = "[{linear:2000000000},relu,{linear:2000000000}]"
    _, error = pipeline(tmp_path, "-m", "dataset=square", "model=layers", f"model.layers={huge},[relu]", status=1)
    assert len(error) == 1
    assert "needs at least" in error[0]
    assert not (tmp_path / "outputs").exists()


def test_all_that_do_not_fit_are_told_at_once(tmp_path: Path) -> None:
    wrong = "[transpose],[{residual:[{linear:3}]}],[relu]"
    _, error = pipeline(tmp_path, "-m", "dataset=square", "model=layers", f"model.layers={wrong}", status=1)
    assert len(error) == 2
    assert not (tmp_path / "outputs").exists()


@given(st.lists(st.integers(1, 40), min_size=2, max_size=2), st.lists(st.floats(0.1, 0.9), min_size=2, max_size=2))
def test_widths_and_rates_are_no_bar_to_a_stack(widths: list[int], rates: list[float]) -> None:
    runs = [
        sn.Run(network([{"linear": n}, "relu", {"dropout": p}, {"linear": 5}]), sn.CrossEntropy(), sn.SGD(), {"lr": 1})
        for n, p in zip(widths, rates, strict=True)
    ]
    assert sn.stackable(*runs)


@pytest.mark.parametrize("other", [["tanh"], ["layer_norm", "relu"], [["relu"]], [{"dropout": 0.1}, "relu"]])
def test_other_layers_share_no_stack(other: list[Any]) -> None:
    settings = sn.CrossEntropy(), sn.SGD(), {"lr": 1.0}
    assert not sn.stackable(
        sn.Run(network([{"linear": 9}, "relu"]), *settings), sn.Run(network([{"linear": 9}, *other]), *settings)
    )


@pytest.mark.slow
def test_a_sweep_of_two_lists_is_a_sweep_from_a_file_too(tmp_path: Path) -> None:
    lists = "[{linear:12},relu,{dropout:0.1}],[{linear:9},tanh]"
    common = ["dataset=square", "dataset.samples=300", "training.epochs=2"]
    out, _ = pipeline(tmp_path, "-m", *common, "model=layers", f"model.layers={lists}", "sweep.name=typed")
    assert out[0] == "2 runs: 2 to train in 2 stacks on 1 process -> outputs/typed"
    experiment = tmp_path / "conf" / "experiment"
    experiment.mkdir(parents=True)
    (experiment / "two.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /model: layers\nhydra:\n  mode: MULTIRUN\n"
        "  sweeper:\n    params:\n      model.layers: '[{linear: 12}, relu, {dropout: 0.1}], [{linear: 9}, tanh]'\n"
    )
    pipeline(tmp_path, "--config-dir", "conf", "experiment=two", *common, "sweep.name=filed")
    pipeline(tmp_path, "-m", *common, "model.hidden=[12]", "model.dropout=0.1", "sweep.name=short", NO_REPORT)
    sweeps = [tmp_path / "outputs" / name for name in ("typed", "filed")]
    assert figures(sweeps[0]) == figures(sweeps[1])
    assert figures(sweeps[0])["0"] == figures(tmp_path / "outputs" / "short")["0"]
    for sweep in sweeps:
        table = (sweep / "report/tables/table.md").read_text()
        assert "[linear 12, relu, dropout 0.1]" in table
        assert "[linear 9, tanh]" in table
        results = pd.read_csv(sweep / "results.csv")
        assert json.loads(results["config.model.layers"][0]) == [{"linear": 12}, "relu", {"dropout": 0.1}]
        for run, parameters in enumerate([12 * 3 + 13 * 2, 9 * 3 + 10 * 2]):
            assert json.loads((sweep / str(run) / "result.json").read_text())["metrics"]["parameters"] == parameters
    again = json.loads((sweeps[0] / "1" / "result.json").read_text())["provenance"]["command"]
    assert "'model.layers=[{linear:9},tanh]'" in again
