"""Every mistake ends in one line that names the key, the value and what is allowed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from pipeline.command.cli import conf_folder
from pipeline.config.check import ConfigError, check, check_values, unknown_key
from pipeline.config.schema import Config


@pytest.fixture(autouse=True, scope="module")
def _hydra() -> Iterator[None]:
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        yield


def mistakes(*overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        check(compose("config", list(overrides)))
    return caught.value.mistakes


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("optimizer.lr=-1", "optimizer.lr=-1: should be greater than 0; allowed: a learning rate above 0"),
        ("optimizer.lr=0", "optimizer.lr=0: should be greater than 0"),
        ("optimizer.lr=nan", "optimizer.lr=nan: should be a finite number"),
        ("optimizer.lr=fast", "optimizer.lr=fast: should be a valid number"),
        ("model.hidden=[0]", "model.hidden=[0]: item 0 should be greater than or equal to 1; allowed: a list of"),
        ("model.hidden=256", "model.hidden=256: should be a valid list; allowed: a list of hidden widths"),
        ("model.hidden=[64,2.5]", "model.hidden=[64,2.5]: item 1 should be a valid integer"),
        ("model.activation=relus", "model.activation=relus: no such activation; there are relu, leaky_relu, tanh, "),
        ("model.activation=1", "model.activation=1: should be a valid string"),
        ("model.name=mpl", "model.name=mpl: no such choice; there are layers, mlp, patch_mlp; did you mean mlp?"),
        ("model.name=[mlp]", "model.name=[mlp]: no such choice; there are layers, mlp, patch_mlp"),
        ("~model.name", "model.name: missing; give model.name=…"),
        ("+dataset.samples=9", "dataset.samples=9: dataset=fashion_mnist_mini has no such key; dataset=folded, "),
        ("model.l2=-1e-3", "model.l2=-0.001: should be greater than or equal to 0; allowed: 0 or more"),
        ("model.dropout=1", "model.dropout=1: should be less than 1; allowed: a probability"),
        ("training.epochs=0", "training.epochs=0: should be greater than or equal to 1; allowed: passes over"),
        ("training.epochs=2.5", "training.epochs=2.5: should be a valid integer"),
        ("training.batch_size=ten", "training.batch_size=ten: should be a valid integer; allowed: examples a step"),
        ("training.batch_size=true", "training.batch_size=True: should be a valid integer"),
        ("training.dtype=half", "training.dtype=half: should be 'float32' or 'float64'"),
        ("dataset.validation_fraction=1", "dataset.validation_fraction=1: should be less than 1"),
        ("dataset.std=[0]", "dataset.std=[0]: item 0 should be greater than 0"),
        ("dataset.mean=[1,2]", "dataset.mean=[1.0,2.0]: allowed: one number, or 1, one a channel"),
        ("model.l2_layers=[2]", "model.l2_layers=[2]: allowed: 0 to 1, the linear layers"),
        ("seed=-1", "seed=-1: should be greater than or equal to 0"),
        (
            "+optimizer.lrr=1",
            "optimizer.lrr=1: no such key; optimizer=sgd has lr, momentum, nesterov, weight_decay; did",
        ),
        ("+trainning=1", "trainning=1: no such key; the configuration has dataset, model, optimizer, report, "),
        ("~seed", "seed: missing; give seed="),
        ("model.initializer_scale=[1,2,3]", "model.initializer_scale=[1.0,2.0,3.0]: 3 scales for 2 linear layers"),
        ("model.initializer_scale=[1e30]", "model.initializer_scale=[1e+30]: allowed: 0 or more, below 1e30"),
        ("training.huber_delta=1e-31", "training.huber_delta=1e-31: allowed: 1e-30 or more, below 1e30"),
        ("training.huber_delta=1e30", "training.huber_delta=1e+30: allowed"),
        ("training.class_weight=[1,1e30]", "training.class_weight: 1e+30; allowed: 0 or more, below 1e30"),
        ("optimizer.lr=${nope}", "Interpolation key 'nope' not found"),
    ],
)
def test_one_mistake_is_one_line(override: str, line: str) -> None:
    [mistake] = mistakes(override)
    assert mistake.startswith(line)
    assert "\n" not in mistake


def test_likeliest_key_is_proposed() -> None:
    assert mistakes("+optimizer.lrr=1")[0].endswith("did you mean optimizer.lr?")
    assert unknown_key("training.epoch").endswith("did you mean training.epochs?")
    assert unknown_key("modle.hidden").endswith("did you mean model?")


def test_all_mistakes_are_told_together() -> None:
    lines = mistakes("optimizer.lr=-1", "model.hidden=[0]", "training.epochs=0")
    assert [line.partition("=")[0] for line in lines] == ["model.hidden", "optimizer.lr", "training.epochs"]


def test_mistakes_of_all_sections_are_told_together() -> None:
    lines = mistakes(
        *("model=patch_mlp", "dataset=linear", "optimizer.nesterov=true", "optimizer.momentum=0"),
        *("schedule=cosine", "schedule.warmup=10", "dataset.validation_fraction=0"),
        *("training.patience=3", "training.label_smoothing=0.1", "sweep.kind=halving"),
    )
    assert lines == [
        "model=patch_mlp: needs images; dataset=linear has none, take model=mlp",
        "optimizer.nesterov=true: needs momentum; give optimizer.momentum above 0, such as 0.9",
        "schedule.warmup=10.0: allowed: less than training.epochs=10",
        "training.patience=3: needs dataset.validation_fraction above 0",
        "training.label_smoothing=0.1: dataset=linear has no classes; use 0",
        "sweep=halving: needs dataset.validation_fraction above 0: it compares runs on validation",
    ]


def test_a_group_that_is_no_section_is_told_its_choices() -> None:
    values = check(compose("config", [])).model_dump() | {"optimizer": 3}
    with pytest.raises(ConfigError, match=r"^optimizer=3: not a section; it is one of adam, sgd$"):
        check_values(values)


def test_combinations() -> None:
    assert mistakes("schedule=cosine", "schedule.warmup=10") == [
        "schedule.warmup=10.0: allowed: less than training.epochs=10"
    ]
    assert mistakes("optimizer.nesterov=true", "optimizer.momentum=0")[0].startswith("optimizer.nesterov=true: needs")
    assert mistakes("training.mixup=0.2", "training.batch_size=1") == [
        "training.mixup=0.2: needs training.batch_size above 1: it mixes within a batch"
    ]
    check(compose("config", ["dataset.cutout=28"]))
    assert mistakes("dataset.cutout=29")[0].startswith("dataset.cutout=29: the examples are (1, 28, 28), not larger")


@pytest.mark.parametrize("group", ["model", "dataset", "optimizer", "schedule", "experiment"])
def test_every_file_of_every_group_composes_and_passes(group: str) -> None:
    names = sorted(path.stem for path in (conf_folder() / group).glob("*.yaml"))
    assert names
    needed = {"table": ["dataset.target=y", "dataset.path=f"], "function": ["dataset.function=m:f"]}
    needed |= {key: ["dataset.path=f"] for key in ("arrays", "idx", "image_folder")}
    for name in names:
        config = check(compose("config", [f"{group}={name}", *needed.get(name, ())]))
        if group != "experiment":
            assert getattr(config, group).name == name


values_of_keys = st.fixed_dictionaries(
    {
        "model.hidden": st.lists(st.integers(1, 2000), max_size=4),
        "optimizer.lr": st.floats(1e-8, 1e3),
        "model.l2": st.floats(0, 10),
        "training.epochs": st.integers(1, 10**6),
        "seed": st.integers(0, 2**63 - 1),
    }
)


@hypothesis_settings(max_examples=20, deadline=None)  # composing takes its time
@given(values_of_keys)
def test_overrides_survive_the_way_to_the_config_and_back(values: dict[str, object]) -> None:
    overrides = [f"{key}={str(value).replace(' ', '')}" for key, value in values.items()]
    config = check(compose("config", overrides))
    dumped = OmegaConf.create(config.model_dump())
    for key, value in values.items():
        assert OmegaConf.select(dumped, key) == value
    assert Config.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    "override", ["optimizer.lr=-1", "optimizer.lrr=1", "model.initializer_scale=[1,2,3]", "schedule.nothing=1"]
)
def test_a_mistake_does_not_wait_for_torch(override: str, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pipeline.command.cli import main\n"
        f"sys.argv = ['pipeline', '{override}']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\nsys.exit('torch' in sys.modules)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith(override.partition("=")[0])


def test_a_number_in_the_environment_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIZE", "16")
    monkeypatch.setenv("WIDTHS", "[8,4]")
    config = check(compose("config", ["training.batch_size=${oc.env:SIZE}", "model.hidden=${oc.env:WIDTHS}"]))
    assert (config.training.batch_size, config.model.model_dump()["hidden"]) == (16, [8, 4])
