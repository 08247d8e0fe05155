"""The pins of constraints.txt install with every Python that the project promises."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata, version

from documents import ROOT
from packaging.specifiers import SpecifierSet

PINS = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)


def test_every_pin_accepts_the_oldest_python() -> None:
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest = requires.removeprefix(">=") + ".0"
    pythons = {package: _python_of(package, pinned) for package, pinned in PINS}
    assert len(pythons) > 100
    assert {name: python for name, python in pythons.items() if oldest not in SpecifierSet(python)} == {}


def _python_of(package: str, pinned: str) -> str:
    """Which Pythons that release runs on; empty where another one, or none, is installed."""
    try:
        return metadata(package).get("Requires-Python", "") if version(package) == pinned else ""
    except PackageNotFoundError:
        return ""
