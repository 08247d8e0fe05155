"""A part is found by its name, whoever wrote it, or one line says what to do."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from swish import SWISH

from pipeline import parts, seams
from pipeline.errors import UserError
from pipeline.parts import NamedPart, Seam

LAYERS = f"""{SWISH}
@dataclass(frozen=True)
class Sloped(Swish):
    slope: float

steep = Swish()
number = 3
"""
KEY = "model.activation"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's folder, with my_layers.py, that is the current one."""
    (tmp_path / "my_layers.py").write_text(LAYERS)
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package that offers two activations, of which one cannot be imported, and one named as ours."""
    site = folder / "site"
    site.mkdir()
    (site / "fancy.py").write_text(LAYERS)
    facts = site / "fancy-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: fancy\nVersion: 1.0\n")
    points = "swish = fancy:Swish\nbroken = fancy:missing\nrelu = fancy:Swish\n"
    (facts / "entry_points.txt").write_text(f"[scratchnet.activations]\n{points}")
    monkeypatch.syspath_prepend(str(site))
    parts._entry_points.cache_clear()
    yield
    parts._entry_points.cache_clear()


def refusal(name: str, seam: Seam = seams.activation) -> str:
    with pytest.raises(UserError) as caught:
        seam.find(KEY, name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_name_is_a_part_that_ships(folder: Path) -> None:
    assert seams.activation.find(KEY, "relu").__name__ == "ReLU"
    assert NamedPart(seams.activation, KEY, "relu").source_files() == ()


def test_module_and_name_are_a_part_of_the_current_folder(folder: Path) -> None:
    for name in ("Swish", "steep"):
        found = seams.made(seams.activation.find(KEY, f"my_layers:{name}"))
        assert type(found).__module__ == "my_layers"
    assert NamedPart(seams.activation, KEY, "my_layers:Swish").source_files() == (folder / "my_layers.py",)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("swihs", "no such activation; there are relu, leaky_relu, tanh, sigmoid, gelu, and your own as module:name"),
        ("rel", "gelu, and your own as module:name; did you mean relu?"),
        ("my_layers:", "not of the form module:name"),
        ("my_layer:Swish", "no module my_layer in "),
        ("my_layers:Swash", "has no Swash; it has "),
        ("my_layers:number", "of type int, but an activation must be a class of scratchnet.Layer that can be made"),
        ("my_layers:Sloped", "a class Sloped, but an activation must be a class of scratchnet.Layer that can be made"),
        ("my_layers:torch", "of type module, but an activation must be"),
    ],
)
def test_what_is_none_is_told_in_a_line(folder: Path, name: str, said: str) -> None:
    assert refusal(name).startswith(f"{KEY}={name}: ")
    assert said in refusal(name)


def test_a_package_offers_parts_by_name_and_takes_none_of_ours(folder: Path, installed: None) -> None:
    assert seams.activation.find(KEY, "swish").__module__ == "fancy"
    assert seams.activation.find(KEY, "relu").__module__ == "scratchnet.layers.activations"
    assert NamedPart(seams.activation, KEY, "swish").source_files() == (folder / "site" / "fancy.py",)
    assert "gelu, swish, broken, and your own as module:name; did you mean swish?" in refusal("swisch")
    assert "importing it from the package fancy raised AttributeError" in refusal("broken")


def test_the_source_of_a_part_is_all_that_it_imports_from_beside_it(folder: Path) -> None:
    package = folder / "mine"
    package.mkdir()
    (package / "__init__.py").write_text("from .layers import Swish\n")
    (package / "layers.py").write_text(f"from mine import numbers\nimport shared, os.path\n{LAYERS}")
    (package / "numbers.py").write_text("from . import constants as c\nfrom .. import nothing\n")
    (package / "constants.py").write_text("a = 1\n")
    (package / "unused.py").write_text("b = 1\n")
    (folder / "shared.py").write_text("def lazy():\n    import my_layers\n")
    (package / "numbers.py").write_text("from . import constants as c\n")
    found = NamedPart(seams.activation, KEY, "mine:Swish").source_files()
    assert [str(path.relative_to(folder)) for path in found] == [
        "mine/__init__.py",
        "mine/constants.py",
        "mine/layers.py",
        "mine/numbers.py",
        "my_layers.py",
        "shared.py",
    ]
