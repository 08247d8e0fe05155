"""The version is the same wherever it stands."""

import re
import tomllib

import yaml
from documents import ROOT


def test_one_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    headings = re.findall(r"^## \[(.+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert version == next(heading for heading in headings if heading != "Unreleased")
