"""`python -m pipeline.new`: what it writes works, as a stranger would use it."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from commands import ROOT, module_ended
from documents import indented
from jsonschema import Draft7Validator

from pipeline.errors import UserError
from pipeline.new import new
from pipeline.new.__main__ import main


def run(folder: Path, line: str) -> str:
    words = shlex.split(line.split("  ")[0])
    assert words[:2] == ["python", "-m"]
    return module_ended(folder, *words[2:]).stdout


@pytest.mark.slow
def test_every_command_of_the_readme_works_in_it(tmp_path: Path) -> None:
    project = tmp_path / "lab"
    new(project)
    outputs = {line: run(project, line) for line in indented(project / "README.md")}
    assert len(outputs) == 6
    assert "12 runs: 12 to train" in next(iter(outputs.values()))
    assert "16 runs, 12 finished before: 4 to train" in "".join(outputs.values())
    assert "rings" in (project / "outputs/first/report/index.html").read_text()
    assert all(path.name in ("outputs", "__pycache__", ".gitignore") or path.exists() for path in project.iterdir())


def test_the_sweep_that_is_commented_out_works(tmp_path: Path) -> None:
    new(tmp_path)
    path = tmp_path / "conf/experiment/first.yaml"
    path.write_text(re.sub(r"^#(?=sweep:|  )", "", path.read_text(), flags=re.MULTILINE))
    assert "36 runs: " in run(tmp_path, "python -m pipeline experiment=first sweep.dry_run=true 'optimizer.lr=0.1,0.2'")


def test_editors_know_the_files_of_the_project(tmp_path: Path) -> None:
    new(tmp_path)
    path = tmp_path / "conf/experiment/first.yaml"
    [place] = re.findall(r"\$schema=(\S+)", path.read_text())
    schema = json.loads((path.parent / place).read_text())
    check = Draft7Validator(schema).is_valid
    assert check(yaml.safe_load(path.read_text()))
    assert not check({"defaults": [{"override /dataset": "other"}]})
    (tmp_path / "conf/dataset/other.yaml").write_text("defaults: [square, _self_]\n")
    run(tmp_path, "python -m pipeline.config.editors")
    assert Draft7Validator(json.loads((path.parent / place).read_text())).is_valid(
        {"defaults": [{"override /dataset": "other"}]}
    )


def test_a_folder_with_anything_in_it_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="is there already and is not empty"):
        new(tmp_path)
    with pytest.raises(UserError, match=r"notes\.txt: is a file"):
        new(tmp_path / "notes.txt")
    assert main([str(tmp_path / "notes.txt" / "lab")]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "notes.txt" in line
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_editors_say_where_there_is_no_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.config.editors"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"no conf/ in {tmp_path}; start in the folder that has it, or begin one: python -m ")
