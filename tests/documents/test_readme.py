"""What README.md tells people to type works, and what it speaks of is there; of the targets of make it is seen what
they would do.
"""

import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from commands import NO_REPORT, module_ended
from documents import ROOT, arguments, links, tried, typed
from examples import write_iris, write_pictures

from benchmarks.table import MARKS, summary
from pipeline.config.schema import keys_of
from pipeline.datasets import DatasetChoice

PAGE = ROOT / "README.md"
TEXT = PAGE.read_text(encoding="utf-8")
TESTS = ".venv/bin/python -m pytest -n auto --dist worksteal"
TINY = ["dataset=square", "dataset.samples=60"]


def planned_by_make(*words: str) -> str:
    done = subprocess.run(
        ["make", "--no-print-directory", *words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) <= 90


def test_commands_work_one_after_the_other(tmp_path: Path) -> None:
    write_iris(tmp_path / "iris.csv")
    write_iris(tmp_path / "new.csv")
    write_pictures(tmp_path / "shapes")
    assert [line for line in typed(PAGE) if line.startswith("make")] == ["make sweep", "make test"]
    said = {}
    for command in tried(PAGE):
        words = arguments(command)[2:]
        if words[0] == "pipeline":
            own = any(word.startswith("dataset=") for word in words)
            words += [
                "training.epochs=1",
                "training.kernel=plain",
                "hydra.launcher.workers=1",
                NO_REPORT,
                *([] if own else TINY),
            ]
        said[command] = module_ended(tmp_path, *words).stdout
    assert [command.split()[2] for command in said] == ["pipeline"] * 4 + ["pipeline.report", "pipeline.predict"]
    outputs = tmp_path / "outputs"
    assert len(list((outputs / "mine").glob("*/result.json"))) == 27
    assert (outputs / "iris" / "report" / "paper" / "paper.tex").stat().st_size
    assert "predictions.csv: predictions for 150 rows" in "".join(said.values())


@pytest.mark.parametrize(
    ("target", "last"),
    [
        ("sweep", ".venv/bin/python -m pipeline experiment=grid_mini"),
        ("test", f"{TESTS} -m 'not slow'"),
        ("test-all", f"HYPOTHESIS_PROFILE=many {TESTS} -m slow"),
        ("lint", ".venv/bin/mypy"),
        ("docs", "NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build --strict --quiet"),
    ],
)
def test_targets_of_make(target: str, last: str) -> None:
    assert planned_by_make("--dry-run", "--always-make", target).splitlines()[-1] == last


def test_a_sweep_installs_nothing_that_only_developers_need() -> None:
    planned = {target: planned_by_make("-nB", target) for target in ("sweep", "lint")}
    assert "'.[dev]'" in planned["lint"]
    assert "[dev]" not in planned["sweep"]


def test_make_help_lists_every_target() -> None:
    targets = re.findall(r"^([\w-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [line.split()[0] for line in planned_by_make("help").splitlines()] == targets


def test_its_speed_is_that_of_the_measured_table() -> None:
    [told] = re.findall(f"{MARKS[0]}\n(.*?)\n{MARKS[1]}", TEXT, re.DOTALL)
    assert told == summary(pd.read_csv(ROOT / "docs" / "speed.csv"))


def test_files_and_links_are_there() -> None:
    assert all((ROOT / target).exists() for target in links(PAGE))
    named = [name.replace("\\_", "_") for name in re.findall(r"`([\w.]+/[\w./]*)`", TEXT)]
    theirs = ("outputs/", "report/", "tables/", "figures/", "paper/")  # what a sweep leaves
    assert not [name for name in named if not name.startswith(theirs) and not (ROOT / name).exists()]
    folders = re.findall(r"^    (\w+/) ", TEXT, re.MULTILINE)
    assert len(folders) >= 6
    assert not [folder for folder in folders if not (ROOT / folder).exists()]


def test_keys_that_it_names_exist() -> None:
    keys = re.findall(r"(?<![/\w])((?:model|dataset|optimizer|schedule|training|sweep|tracking)\.\w+)", TEXT)
    assert len(set(keys)) > 4
    assert not [key for key in keys if key.partition(".")[2] not in keys_of(key.partition(".")[0])]
    datasets = re.findall(r"\bdataset=(\w+)", TEXT)
    assert datasets
    assert not [name for name in datasets if name not in DatasetChoice.names()]
