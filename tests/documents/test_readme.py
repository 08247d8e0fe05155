"""What README.md tells people to type works, and what it speaks of is there.

Every command runs, on a handful of points instead of the data set that it names: what is said to go on, and what is
watched, trains; one row of the shipped sweep trains for an epoch; of other sweeps the plan is made; of the targets of
make it is seen what they would do.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from commands import module_ended
from documents import ROOT, arguments, indented, links
from examples import write_idx_folder, write_iris, write_lab, write_module, write_pictures, write_tags

from pipeline.config.schema import keys_of
from pipeline.datasets import DatasetChoice

PAGE = ROOT / "README.md"
TEXT = PAGE.read_text(encoding="utf-8")
TYPED = [line for line in indented(PAGE) if line.startswith((".venv/", "make"))]
TRAINING = ("**Stop and resume.**", "**Watch runs in TensorBoard or MLflow.**")
ELSEWHERE = "**Use a network elsewhere.**"  # of the sweep that an earlier paragraph trains
PREDICT = "**Predict new data.**"  # by the best run of a sweep
ANSWERS = {
    "pipeline.predict": "predictions.csv: predictions for 150 rows",
    "load_model": "(0): Linear(in_features=2,",
    "pipeline.export": "outputs/mine/0/model.onnx",
    "pipeline.new": "next: cd lab",
}
OWN = "**One key names the data.**"  # trains for an epoch on small data of each kind
TESTS = ".venv/bin/python -m pytest -n auto --dist worksteal"
TINY = ["dataset=square", "dataset.samples=60"]


def run(folder: Path, *words: str, status: int = 0) -> str:
    if words[:2] == (sys.executable, "-m"):
        return module_ended(folder, *words[2:], status=status).stdout
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == status, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def small(words: list[str], trains: bool) -> list[str]:
    """The same command with less to do."""
    if "hydra.mode=RUN" in words:
        return [*words, "training.epochs=1"]
    if not any(word.startswith("experiment=") for word in words):
        words = [*(word for word in words if not word.startswith("dataset=")), *TINY]
    return [*words, "hydra.launcher.workers=1" if trains else "sweep.dry_run=true"]


def write_examples(folder: Path) -> None:
    """The files that the page speaks of, and a function that it calls."""
    write_iris(folder / "iris.csv")
    write_tags(folder / "tags.csv")
    write_lab(folder / "lab.npz")
    write_pictures(folder / "shapes")
    write_idx_folder(folder / "kmnist")
    write_module(folder, "my_data", "return np.arange(240.0).reshape(60, 4) % 7, np.arange(60) % 3")


def commands_of_paragraph(start: str) -> list[str]:
    paragraph = TEXT[TEXT.index(start) :]
    block = re.search(r"\n\n((?:    \S.*\n)+)", paragraph)
    assert block is not None
    return [line.strip() for line in block.group(1).splitlines()]


def paragraphs() -> list[str]:
    """The beginnings of the paragraphs that have commands of the pipeline below them."""
    starts = re.findall(r"^(\*\*[^*]+\*\*)(?:(?!^\*\*|^#).)*?\n\n    \.venv/", TEXT, re.MULTILINE | re.DOTALL)
    return list(dict.fromkeys(starts))


@pytest.mark.parametrize("start", paragraphs())
def test_commands_work_one_after_the_other(tmp_path: Path, start: str) -> None:
    if start == OWN:
        write_examples(tmp_path)
    if start == PREDICT:
        write_iris(tmp_path / "new.csv")
        table = ["dataset=table", "dataset.path=new.csv", "dataset.target=species", "training.epochs=1"]
        run(tmp_path, sys.executable, "-m", "pipeline", "-m", *table, "seed=0,1", "sweep.name=mine")
    if start == ELSEWHERE:
        run(tmp_path, sys.executable, "-m", "pipeline", "-m", *TINY, "training.epochs=1", "seed=0", "sweep.name=mine")
    for command in commands_of_paragraph(start):
        words = arguments(command)
        if words[0] == ".venv/bin/tensorboard":  # would serve until it is stopped: it looks, and ends
            assert "validation" in run(tmp_path, sys.executable, "-m", "tensorboard.main", *words[1:], "--inspect")
        elif words[1:3] != ["-m", "pipeline"]:  # does something with a sweep that is there
            output = run(tmp_path, *words)
            [expected] = [answer for part, answer in ANSWERS.items() if part in command]
            assert expected in output
        elif start == OWN:
            output = run(
                tmp_path,
                *words,
                "training.epochs=1",
                "hydra.launcher.workers=1",
                f"sweep.name={words[4].partition('=')[2]}",
            )
            assert "report: " in output
        else:
            output = run(tmp_path, *small(words, start in TRAINING))
            assert ("report: " in output) == (start in TRAINING)
    if start == "**Stop and resume.**":
        assert len(list((tmp_path / "outputs" / "mine").glob("*/result.json"))) == 9


def test_every_command_is_tried() -> None:
    assert set(TRAINING) < set(paragraphs())
    tried = [command for start in paragraphs() for command in commands_of_paragraph(start)]
    assert [line for line in TYPED if line.startswith(".venv/")] == tried
    assert [line.split("  ")[0] for line in TYPED if line.startswith("make")] == ["make sweep", "make test"]


@pytest.mark.parametrize(
    ("target", "last"),
    [
        ("sweep", ".venv/bin/python -m pipeline experiment=grid_mini"),
        ("test", f"{TESTS} -m 'not slow'"),
        (
            "test-all",
            "HYPOTHESIS_PROFILE=many .venv/bin/python -m pytest -n auto --dist worksteal -m 'slow or hypothesis'",
        ),
        ("lint", ".venv/bin/mypy"),
    ],
)
def test_targets_of_make(target: str, last: str) -> None:
    planned = run(ROOT, "make", "--no-print-directory", "--dry-run", "--always-make", target)
    assert planned.splitlines()[-1] == last


def test_a_sweep_installs_nothing_that_only_developers_need() -> None:
    planned = {target: run(ROOT, "make", "--no-print-directory", "-nB", target) for target in ("sweep", "lint")}
    assert "'.[dev]'" in planned["lint"]
    assert "[dev]" not in planned["sweep"]


def test_make_help_lists_every_target() -> None:
    targets = re.findall(r"^([\w-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [line.split()[0] for line in run(ROOT, "make", "--no-print-directory", "help").splitlines()] == targets


def test_files_and_links_are_there() -> None:
    assert all((ROOT / target).exists() for target in links(PAGE))
    named = [name.replace("\\_", "_") for name in re.findall(r"`([\w.]+/[\w./]*)`", TEXT)]
    elsewhere = ("outputs/", "report/", "conf/dataset/mine", "conf/experiment/first", "conf/NAME")  # the user's
    here = [name for name in named if not name.startswith(elsewhere)]
    assert here
    assert not [name for name in here if not (ROOT / name).exists()]
    folders = re.findall(r"^    (\w+/) ", TEXT, re.MULTILINE)
    assert len(folders) >= 6
    assert not [folder for folder in folders if not (ROOT / folder).exists()]


def test_keys_that_it_names_exist() -> None:
    keys = re.findall(r"\b((?:model|dataset|optimizer|schedule|training|sweep|tracking)\.\w+)", TEXT)
    assert len(keys) > 10
    assert not [
        key
        for key in keys
        if key != "model.safetensors" and key.partition(".")[2] not in keys_of(key.partition(".")[0])
    ]
    datasets = re.findall(r"`dataset=(\w+)`", TEXT)
    assert not [name for name in datasets if name not in (*DatasetChoice.names(), "mine")]
