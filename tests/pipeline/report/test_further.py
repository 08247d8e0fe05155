"""What `--also` writes says what report.md says, in formats that their own readers accept."""

import json
import re
from pathlib import Path

import docx
import nbformat
import pytest
from rocrate.rocrate import ROCrate
from written import write_run

from pipeline.report.__main__ import main
from pipeline.report.build import build
from pipeline.report.paper import FURTHER

KINDS = list(FURTHER)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rates on three seeds each, by an author, with a note."""
    folder = tmp_path_factory.mktemp("further") / "s"
    about = {"name": "s", "title": "Rates & [units]", "author": "A. Student", "note": "Read *this* first."}
    for number in range(6):
        rate, seed = (0.1, 0.3)[number // 3], number % 3
        write_run(folder / str(number), 0.7 + 0.013 * number, optimizer__lr=rate, seed=seed, sweep=about)
    write_run(folder / "6", 0.1, status="diverged", message="loss", optimizer__lr=9.0, sweep=about)
    build([folder], also=KINDS)
    return folder


def headings_of(folder: Path) -> list[str]:
    return re.findall(r"^##? (.*)$", (folder / "report/report.md").read_text(), re.M)


def test_the_word_file_has_the_sections_tables_and_pictures(sweep: Path) -> None:
    word = docx.Document(str(sweep / "report/report.docx"))
    assert word.core_properties.author == "A. Student"
    titles = [paragraph.text for paragraph in word.paragraphs if paragraph.style.name.startswith(("Heading", "Title"))]
    assert titles == [title.replace("&amp;", "&") for title in headings_of(sweep)]
    assert len(word.tables) == 1
    assert [cell.text for cell in word.tables[0].rows[0].cells][:2] == ["learning rate", "n"]
    assert len(word.inline_shapes) == len(list((sweep / "report/figures").glob("*.png")))
    text = "\n".join(paragraph.text for paragraph in word.paragraphs)
    assert "Why did training diverge with learning rate 9" in text
    assert not re.search("[\ue000-\ue003]", text)


def test_the_notebook_is_valid_and_draws_the_figures_again(sweep: Path) -> None:
    notebook = nbformat.read(sweep / "report/report.ipynb", as_version=4)
    nbformat.validate(notebook)
    words = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert re.findall(r"^##? (.*)$", words, re.M) == headings_of(sweep)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    shown: dict[str, object] = {}
    exec(code[0], shown)  # what the first cell reads, the others show
    for source in code[1:]:
        assert eval(source, shown) is not None


def test_checklists_answer_what_is_recorded_and_leave_the_rest(sweep: Path) -> None:
    words = (sweep / "report/checklists.md").read_text()
    assert "| Code of ethics | **For you.** |" in words
    assert "Yes: 95 % intervals (Student's t) over up to 3 seeds" in words
    assert "| The number of runs | 7 |" in words
    for section in re.findall(r"the section “(\w+)”", words):
        assert section in headings_of(sweep)


def test_requirements_are_pinned(sweep: Path) -> None:
    lines = (sweep / "report/requirements.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[\w.-]+==\S+", line) for line in lines)
    assert any(line.startswith("torch==") for line in lines)


def test_the_crate_holds_an_action_for_each_run(sweep: Path) -> None:
    crate = ROCrate(str(sweep))
    assert crate.root_dataset["conformsTo"].id == "https://w3id.org/ro/wfrun/process/0.5"
    assert crate.metadata["conformsTo"] == "https://w3id.org/ro/crate/1.1"
    assert crate.root_dataset["license"]
    kinds = {entity["encodingFormat"] for entity in crate.data_entities}
    assert kinds == {"application/json", "text/csv", "text/html", "text/markdown"}
    actions = crate.root_dataset["mentions"]
    assert len(actions) == 7
    assert sum(action["actionStatus"].endswith("CompletedActionStatus") for action in actions) == 6
    for action in actions:
        assert action["instrument"]["name"] == "scratchnet-sweeps"
        assert action["agent"][0]["name"] == "A. Student"
        assert action["startTime"] <= action["endTime"]
        for result in action["result"] if isinstance(action["result"], list) else [action["result"]]:
            assert (sweep / result.id).is_file()
    graph = json.loads((sweep / "ro-crate-metadata.json").read_text())["@graph"]
    known = {entity["@id"] for entity in graph}
    assert {"report/index.html", "report/report.md", "results.csv"} <= known


def test_the_command_knows_every_kind(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(sweep), "--also", "fax"])
    error = capsys.readouterr().err
    assert all(kind in error for kind in KINDS)
    with pytest.raises(SystemExit):
        main([str(sweep), "--watch", "--also", "docx"])
    assert "leave out --watch" in capsys.readouterr().err
