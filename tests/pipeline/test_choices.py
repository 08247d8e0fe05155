"""Choices are found by the names of their modules, validate to their own class, and are dumped with all keys."""

import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from pydantic import ValidationError

from pipeline.choices import Choice
from pipeline.config.check import check
from pipeline.config.folder import conf_folder
from pipeline.config.schema import Config
from pipeline.datasets import DatasetChoice
from pipeline.models import ModelChoice
from pipeline.models.mlp import MLP
from pipeline.optimizers import OptimizerChoice
from pipeline.schedules import ScheduleChoice

GROUPS: dict[str, type[Choice]] = {
    "model": ModelChoice,
    "dataset": DatasetChoice,
    "optimizer": OptimizerChoice,
    "schedule": ScheduleChoice,
}
TRAINING = {
    "epochs": 10,
    "batch_size": 64,
    "order_seed": 0,
    "label_smoothing": 0.0,
    "patience": 0,
    "log_every": 0,
    "dtype": "float32",
    "device": "auto",
    "kernel": "auto",
    "threads": 1,
}
MLP_ON_POINTS = {
    "model": {
        "name": "mlp",
        "hidden": [128],
        "activation": "relu",
        "initializer": "auto",
        "initializer_scale": [0.01],
        "l2": 0.0,
        "l2_layers": None,
        "layer_norm": False,
        "dropout": 0.0,
        "input_dropout": 0.0,
    },
    "dataset": {"name": "square", "samples": 10000, "validation_fraction": 0.2, "seed": 0},
    "optimizer": {"name": "sgd", "lr": 0.01, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0},
    "schedule": {"name": "constant"},
    "training": TRAINING,
    "seed": 0,
}
PATCHES_ON_IMAGES = {
    "model": {
        "name": "patch_mlp",
        "patch_size": 7,
        "features": 64,
        "hidden_patches": 32,
        "hidden_features": 128,
        "depth": 2,
        "residual": True,
        "layer_norm": True,
        "initializer": "auto",
        "initializer_scale": [0.01],
        "l2": 0.0,
        "l2_layers": None,
    },
    "dataset": {
        "name": "fashion_mnist_mini",
        "root": None,
        "validation_fraction": 0.1,
        "seed": 0,
        "mean": [0.286],
        "std": [0.353],
        "flip": False,
        "shift": 0,
    },
    "optimizer": {"name": "adam", "lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
    "schedule": {"name": "one_cycle", "warmup": 0.3, "initial_divisor": 25.0, "final_divisor": 10000.0},
    "training": TRAINING,
    "seed": 0,
}


def configured(*overrides: str) -> Config:
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return check(compose("config", list(overrides)))


@pytest.mark.parametrize("group", GROUPS)
def test_every_choice_has_a_file_of_its_values_and_every_file_a_choice(group: str) -> None:
    assert list(GROUPS[group].names()) == sorted(path.stem for path in (conf_folder() / group).glob("*.yaml"))


@pytest.mark.parametrize(
    ("overrides", "dump"),
    [
        (["dataset=square"], MLP_ON_POINTS),
        (["model=patch_mlp", "optimizer=adam", "schedule=one_cycle"], PATCHES_ON_IMAGES),
    ],
)
def test_the_dump_by_which_runs_are_known_again(overrides: list[str], dump: dict[str, Any]) -> None:
    """Runs of earlier versions are identified by these keys and values: a change makes them other runs."""
    config = configured(*overrides)
    assert config.model_dump(mode="json", exclude={"sweep", "tracking"}, exclude_defaults=True) == dump


def test_a_configuration_survives_json_and_the_way_to_workers() -> None:
    chosen = ("model=patch_mlp", "dataset=cifar100", "optimizer=adam", "schedule=cosine")
    config = configured(*chosen, "model.patch_size=8")
    for copy in (Config.model_validate_json(config.model_dump_json()), pickle.loads(pickle.dumps(config))):
        assert copy == config
        assert [type(getattr(copy, group)) for group in GROUPS] == [type(getattr(config, group)) for group in GROUPS]


def test_a_group_validates_to_the_choice_that_is_named_and_takes_one_as_it_is() -> None:
    model = ModelChoice.model_validate(MLP_ON_POINTS["model"])
    assert type(model) is MLP
    assert ModelChoice.model_validate(model) is model


@pytest.mark.parametrize("name", ["mpl", "_cifar", "__init__", "", "os", "pipeline.models.mlp", "../models/mlp"])
def test_an_unknown_name_is_told_the_known_ones_and_the_nearest(name: str) -> None:
    with pytest.raises(ValueError, match="no such choice; there are mlp, patch_mlp") as caught:
        ModelChoice.named(name)
    assert str(caught.value).endswith("did you mean mlp?") == (name == "mpl")


@pytest.fixture
def colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A group in a package of its own: Colour, with the choices red and blue, a private module, and a bad one."""
    package = tmp_path / "colours"
    package.mkdir()
    (package / "__init__.py").write_text("from pipeline.choices import Choice\nclass Colour(Choice):\n    pass\n")
    for name in ("red", "blue"):
        text = f"from colours import Colour\nclass {name.title()}(Colour):\n    depth: int\n"
        (package / f"{name}.py").write_text(text)
    (package / "_mixing.py").write_text("raise AssertionError")
    (package / "grey.py").write_text("from colours.red import Red\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield __import__("colours").Colour
    for module in [name for name in sys.modules if name.partition(".")[0] == "colours"]:
        del sys.modules[module]


def test_a_file_is_all_that_a_choice_takes(colours: Any) -> None:
    assert colours.names() == ("blue", "grey", "red")
    assert "colours.red" not in sys.modules  # names are told without importing
    red = colours.model_validate({"name": "red", "depth": 3})
    assert (type(red).__name__, red.depth) == ("Red", 3)
    assert "colours.blue" not in sys.modules
    with pytest.raises(ValidationError) as caught:
        colours.model_validate({"name": "blue", "depth": "deep"})
    assert caught.value.errors()[0]["loc"] == ("depth",)


def test_a_module_without_its_one_class_is_a_mistake_of_its_author(colours: Any) -> None:
    with pytest.raises(TypeError, match=r"colours\.grey: 0 subclasses of Colour, expected one"):
        colours.named("grey")
