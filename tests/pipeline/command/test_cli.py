"""The command line as people meet it first: help, completion, and errors of one line."""

import os
import subprocess
import sys
from pathlib import Path

import forkserver
import pytest

ROOT = Path(__file__).parents[3]


def command(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return forkserver.run(folder, "pipeline", arguments, timeout=120, environment={**os.environ, **environment})


def test_help_is_for_users_of_this_program(tmp_path: Path) -> None:
    text = command(tmp_path, "--help").stdout
    assert "python -m pipeline -m optimizer.lr=0.01,0.05,0.1" in text
    choices = (
        "arrays, cifar10, cifar100, fashion_mnist, fashion_mnist_mini, folded, function, idx, image_folder, linear"
    )
    assert f"dataset: {choices}, patterns, sklearn, square, table" in text
    assert 'eval "$(scratchnet --shell-completion install=bash)"' in text
    assert not list(tmp_path.iterdir())


def test_keys_and_values_are_completed(tmp_path: Path) -> None:
    line = "scratchnet dataset=fash"
    done = command(tmp_path, "-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line)))
    assert done.stdout.split() == ["dataset=fashion_mnist", "dataset=fashion_mnist_mini"]


def test_start_up_does_not_wait_for_torch() -> None:
    slow = ("torch", "pandas", "matplotlib")
    program = f"import sys, pipeline.command.cli; print([m for m in {slow} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["optimizer.lrr=1"], "optimizer.lrr=1: no such key; optimizer=sgd has lr, momentum, "),
        (["optimizer.lr=-1"], "optimizer.lr=-1: should be greater than 0; allowed: a learning rate above 0"),
        (["dataset=mnist"], "dataset=mnist: no such choice; there are arrays, "),
        (["model.hidden=[2"], "model.hidden=[2: no viable alternative at input '[2'"),
        (["model=patch_mlp", "model.patch_size=5"], "model.patch_size=5: allowed: a divisor of the image's 28×28"),
        (["dataset=fashion_mnist", "dataset.root=nowhere"], "dataset.root=nowhere: no such folder; install "),
        (["-m", "hydra/launcher=basic", "optimizer.lrr=1,2"], "optimizer.lrr=1,2: no such key; optimizer=sgd has "),
        (["-m", "dataset=cifar10", "dataset.root=nowhere", "seed=0,1"], "dataset.root=nowhere: no such folder; get "),
    ],
)
def test_a_mistake_ends_in_one_line_and_status_1(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = command(tmp_path, *arguments)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(message)
    assert not list(tmp_path.glob("outputs/*/*/history.csv"))


def test_the_traceback_is_there_for_who_asks(tmp_path: Path) -> None:
    done = command(tmp_path, "optimizer.lrr=1", HYDRA_FULL_ERROR="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
