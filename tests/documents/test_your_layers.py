"""The files of docs/your-layers.md in a user's folder, and every command typed there."""

from pathlib import Path

import pytest
from commands import module_ended
from documents import DOCS, arguments, files_of, tried, write_files_of

PAGE = DOCS / "your-layers.md"
FILES = files_of(PAGE)
TYPED = tried(PAGE)
SMALL = ["training.epochs=1"]
POINTS = ["dataset.samples=60"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("user")
    write_files_of(PAGE, to)
    return to


def test_the_files_are_a_layer_parts_scores_data_and_an_experiment() -> None:
    assert list(FILES) == [
        *("my_layers.py", "my_parts.py", "my_scores.py", "my_data.py", "conf/experiment/xor.yaml"),
    ]
    assert len(FILES["my_layers.py"].splitlines()) <= 20
    assert len(TYPED) == 13


@pytest.mark.slow
def test_what_is_typed_does_what_is_said(folder: Path) -> None:
    said = {}
    for command in TYPED:
        words = arguments(command)
        if "pipeline" in words:
            words += SMALL + (POINTS if "dataset=square" in words else [])
        said[command] = module_ended(folder, *words[2:]).stdout
    checks = [out for command, out in said.items() if "scratchnet.check" in command]
    assert all("all contracts kept" in out for out in checks)
    assert any("1 by the plain kernel (compiled: it has no Hinge)" in out for out in said.values())
    assert "surest_half" in (folder / "outputs" / "hinge" / "report/tables/table.csv").read_text()
    assert any("2 by the plain kernel (compiled: it has no Swish)" in out for out in said.values())
    assert (folder / "outputs" / "swish" / "3" / "model.onnx").stat().st_size
    assert "my_layers:Swish" in (folder / "outputs" / "xor" / "report/tables/table.csv").read_text()
    assert "XOR" in (folder / "outputs" / "xor" / "report" / "index.html").read_text()
