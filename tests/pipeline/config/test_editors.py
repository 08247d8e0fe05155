"""The schema by which editors check experiments says what the program says."""

import json
from typing import Any

import pytest
import yaml
from hydra import compose, initialize_config_dir
from jsonschema import Draft7Validator
from omegaconf import OmegaConf

from pipeline.command.cli import conf_folder
from pipeline.config import editors
from pipeline.config.check import check

FILE = conf_folder() / editors.FILE
FILES = sorted((conf_folder() / "experiment").glob("*.yaml"))


def complaints(text: str) -> list[str]:
    """Numbers as YAML 1.2 and editors read them: 1e-4 is one."""
    values = OmegaConf.to_container(OmegaConf.create(text), resolve=False)
    return [error.message for error in Draft7Validator(editors.experiment_schema()).iter_errors(values)]


def test_the_file_is_what_the_code_makes() -> None:
    Draft7Validator.check_schema(editors.experiment_schema())
    assert FILE.read_text(encoding="utf-8") == editors.text(), "make schema"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shipped_experiments_pass_and_point_to_it(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    package, modeline, *_ = text.splitlines()
    assert package == "# @package _global_"  # where Hydra looks for it
    place = modeline.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / place).resolve() == FILE.resolve()
    assert complaints(text) == []
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        check(compose("config", [f"experiment={path.stem}"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("optimizer: {lrr: 0.1}", "'lrr' was unexpected"),
        ("trainning: {epochs: 1}", "'trainning' was unexpected"),
        ("optimizer: {lr: fast}", "'fast' is not valid under any of the given schemas"),
        ("training: {epochs: 0}", "0 is not valid under any of the given schemas"),
        ("model: {activation: relus}", "'relus' is not valid under any of the given schemas"),
        ("model: {hidden: 256}", "256 is not valid under any of the given schemas"),
        ("seed: -1", "-1 is not valid under any of the given schemas"),
        ("defaults: [{override /dataset: mnist}]", "{'override /dataset': 'mnist'} is not valid under any"),
        ("defaults: [{override /data: cifar10}]", "{'override /data': 'cifar10'} is not valid under any"),
        ("hydra: {sweeper: {params: {optimizer.lrr: '0.1,0.2'}}}", "'optimizer.lrr' is not valid under any"),
        ("sweep: {grids: [{optimizer.lrr: '0.1,0.2'}]}", "[{'optimizer.lrr': '0.1,0.2'}] is not valid under any"),
        ("hydra: {mode: SWEEP}", "'SWEEP' is not one of"),
    ],
)
def test_mistakes_are_refused(text: str, expected: str) -> None:
    [complaint] = complaints(text)
    assert expected in complaint


@pytest.mark.parametrize(
    "text",
    [
        "training: {order_seed: '${seed}'}",
        "model: {name: patch_mlp, features: 8, hidden: [3]}",
        "defaults: [grid_mini, _self_, {override /tracking: [tensorboard]}, {override hydra/launcher: joblib}]",
        "hydra: {sweeper: {params: {model: 'mlp,patch_mlp', seed: '0,1', training.epochs: '5,10'}}}",
        "{defaults: [{override /hydra/sweeper: search}], hydra: {sweeper: {trials: 9, params: {seed: '0,1'}}}}",
        "sweep: {grids: [{optimizer: sgd, optimizer.momentum: '0,0.9'}, {optimizer: adam}]}",
        "tracking: {mlflow: 'sqlite:///a.db'}",
        "schedule: {warmup: 3}",
    ],
)
def test_what_the_program_takes_is_accepted(text: str) -> None:
    assert complaints(text) == []


def test_it_explains_every_key_that_has_an_explanation() -> None:
    section = editors.experiment_schema()["properties"]["optimizer"]["properties"]
    assert section["lr"]["description"] == "a learning rate above 0"
    assert json.loads(FILE.read_text())["properties"]["training"]["properties"]["epochs"]["description"]
    assert yaml.safe_load(editors.text()) == editors.experiment_schema()
