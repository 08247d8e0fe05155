"""docs/backpropagation.md speaks of code that is there, and what it says can be checked is checked."""

import contextlib
import importlib
import io
import operator
import re

from documents import ROOT, fenced, links
from hydra import compose, initialize_config_dir

from pipeline.command.cli import conf_folder
from pipeline.config.check import check
from pipeline.models.mlp import MLP

PAGE = ROOT / "docs" / "backpropagation.md"


def printed(program: str) -> list[str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program, str(PAGE), "exec"), {"__name__": "check"})
    return out.getvalue().splitlines()


def test_every_function_it_names_is_in_the_file_it_links_to() -> None:
    named = re.findall(r"\[`([\w.]+)`\]\(\.\./([\w/]+)\.py\)", PAGE.read_text(encoding="utf-8"))
    assert len(named) >= 15
    for name, path in named:
        module = importlib.import_module(path.replace("/", "."))
        function = operator.attrgetter(name.removeprefix(f"{module.__name__.rpartition('.')[2]}."))(module)
        assert function.__module__ == module.__name__, f"{name} is not of {path}.py but of {function.__module__}"
    assert all((PAGE.parent / target).exists() for target in links(PAGE))


def test_its_network_is_that_of_the_experiment() -> None:
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = check(compose("config", ["experiment=mlp_256_batch1"]))
    text = PAGE.read_text(encoding="utf-8")
    assert isinstance(config.model, MLP)
    assert (config.model.hidden, config.model.activation, config.training.batch_size) == ([256], "relu", 1)
    assert f"$\\eta$ = {config.optimizer.lr}" in text
    assert f"$\\lambda$ = {config.model.l2}" in text
    assert f"{784 * 256:,}".replace(",", " ") in text


def test_its_derivatives_equal_differences() -> None:
    lines = printed(fenced(PAGE, "python")[0])
    assert [line.split()[0] for line in lines] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    for line in lines:
        assert float(line.split()[-1]) < 1e-7


def test_its_two_orders_of_steps_end_at_the_same_weights() -> None:
    lines = printed(fenced(PAGE, "python")[1])
    assert [line.split()[0] for line in lines] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    for line in lines:
        assert float(line.split()[-1]) < 1e-13
