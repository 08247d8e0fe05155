"""The additions that CONTRIBUTING.md shows are made in a copy of the repository, and do what it says."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from documents import ROOT, arguments, fenced, links

PAGE = ROOT / "CONTRIBUTING.md"


def copy_of_repository(to: Path) -> None:
    """What git knows of, as it lies here, changes included."""
    known = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, known.split("\0")):
        if (ROOT / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)


def test_its_additions_apply(tmp_path: Path) -> None:
    copy_of_repository(tmp_path)
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    for addition in fenced(PAGE, "diff"):
        done = subprocess.run(
            ["git", "apply"], cwd=tmp_path, env=environment, input=addition, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_its_additions_work_in_a_copy_of_the_repository(tmp_path: Path) -> None:
    copy_of_repository(tmp_path)
    # From a folder of its own, so that git does not look for a repository above.
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}

    def run(*words: str, stdin: str | None = None) -> None:
        done = subprocess.run(
            words, cwd=tmp_path, env=environment, input=stdin, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"

    additions, commands = fenced(PAGE, "diff"), fenced(PAGE, "sh")
    assert len(additions) == len(commands) == 3
    for addition, typed in zip(additions, commands, strict=True):
        run("git", "apply", "--verbose", stdin=addition)
        for command in typed.splitlines():
            run(*arguments(command))
    run(sys.executable, "-m", "ruff", "check", ".")
    run(sys.executable, "-m", "ruff", "format", "--check", ".")
    page = (tmp_path / "outputs" / "xor" / "report" / "index.html").read_text()
    assert "softplus" in page
    assert "Above the line, a run does better on the examples it has seen." in page


def test_its_layer_takes_twenty_lines() -> None:
    added = [line for line in fenced(PAGE, "diff")[0].splitlines() if line.startswith("+") and line[1:2] != "+"]
    assert len(added) <= 20


def test_hooks_run_what_ci_runs_and_fetch_nothing() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    [entry] = [hook["entry"] for hook in hooks[0]["hooks"]]
    assert entry in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_version_is_the_same_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## \[(.+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[:2] == ["Unreleased", version]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version


def test_its_links_lead_somewhere() -> None:
    assert all((ROOT / target).exists() for target in links(PAGE))
