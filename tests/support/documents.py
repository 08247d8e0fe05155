"""What a page of Markdown tells people to type, and what it points to."""

import re
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def fenced(page: Path, language: str) -> list[str]:
    """The texts of the blocks between ```language and ```."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def indented(page: Path) -> list[str]:
    """The lines of the blocks that are set in by four spaces."""
    return re.findall(r"^    (\S.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def links(page: Path) -> list[str]:
    """Where the page's links go, within the repository, relative to the page."""
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [target.replace("\\_", "_") for target in targets if "://" not in target]


def arguments(command: str) -> list[str]:
    """The words of a command, to be run by the interpreter that runs the tests."""
    words = shlex.split(command, comments=True)
    return [sys.executable if word in ("python", ".venv/bin/python") else word for word in words]
