"""The pages of docs/: every command is typed by a test or listed with the reason why not, and the site has all pages.

Commands run on small data: those that write what a later one needs train for an epoch, of others the plan is made.
"""

import re
import runpy
import time
import tomllib
from pathlib import Path

import pytest
import yaml
from commands import NO_REPORT, module_ended
from documents import DOCS, ELSEWHERE, ROOT, arguments, fenced, links, tried, typed, write_files_of
from examples import (
    write_diabetes,
    write_idx_folder,
    write_iris,
    write_lab,
    write_module,
    write_pictures,
    write_tags,
)

from pipeline.config.schema import Config, keys_of, sections_of

HERE = ["getting-started", "your-data", "sweeps", "training", "report", "reproducing", "clusters"]
BY_OTHERS = ["searches", "using", "your-layers"]  # a test each
TRAIN = ("dataset=table", "dataset=arrays", "dataset=image_folder", "dataset=idx", "dataset=function", "tracking=")
TINY = ["dataset=square", "dataset.samples=60"]
PLAIN = "training.kernel=plain"  # compiles nothing
PAGES = sorted(DOCS.glob("**/*.md"))
EXAMPLES = DOCS / "examples"  # `python -m benchmarks.examples` trains them by these commands; see test_examples.py


def write_examples(folder: Path) -> None:
    """The files that the pages speak of."""
    write_iris(folder / "iris.csv")
    write_tags(folder / "tags.csv")
    write_lab(folder / "lab.npz")
    write_pictures(folder / "shapes")
    write_idx_folder(folder / "kmnist")
    diabetes = write_diabetes(folder / "houses.csv").read_text()
    (folder / "houses.csv").write_text(diabetes.replace("progression", "price", 1))
    write_module(folder, "my_data", "return np.arange(240.0).reshape(60, 4) % 7, np.arange(60) % 3")


def small(words: list[str], page: str) -> list[str]:
    """The same command of the pipeline with less to do."""
    if {"--help", "--cfg"} & set(words):
        return words
    if not any(word.startswith("dataset=") and "fashion" not in word for word in words):
        words = [*(word for word in words if not word.startswith("dataset=")), *TINY]
    words = [*words, PLAIN]
    sweep = "-m" in words[3:] or any(word.startswith("experiment=") for word in words)
    if not sweep or "hydra.mode=RUN" in words:
        return [*words, "training.epochs=1", NO_REPORT]
    if page == "reproducing":
        return [*words, "hydra.launcher.workers=1", NO_REPORT]
    if any(word.startswith(TRAIN) for word in words):
        return [*words, "training.epochs=1", "hydra.launcher.workers=1", NO_REPORT]
    launcher = [] if any("launcher" in word for word in words) else ["hydra/launcher=basic"]  # measures nothing
    return [*words, *launcher, "sweep.dry_run=true"]


@pytest.mark.slow
@pytest.mark.parametrize("page", HERE)
def test_its_commands_work_one_after_the_other(tmp_path: Path, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_examples(tmp_path)
    write_files_of(DOCS / f"{page}.md", tmp_path)
    if page == "report":
        for name in ("A", "B"):
            sweep = [
                f"sweep.name={name}",
                "training.epochs=1",
                "optimizer.lr=0.01,0.03,0.3",
                "seed=0,1",
                PLAIN,
                NO_REPORT,
            ]
            module_ended(tmp_path, "pipeline", "-m", *TINY, *sweep)
    commands = tried(DOCS / f"{page}.md")
    assert commands
    for command in commands:
        words = arguments(command)
        time.sleep(1 - time.time() % 1)  # a sweep without a name is named by its second
        if words[0] == "tensorboard":  # would serve until it is stopped: it looks, and ends
            assert "validation" in module_ended(tmp_path, "tensorboard.main", *words[1:], "--inspect").stdout
        elif words[2] == "pipeline":
            module_ended(tmp_path, "pipeline", *small(words, page)[3:])
        else:
            module_ended(tmp_path, *words[2:])
    if page == "getting-started":
        assert (tmp_path / "lab" / "my_data.py").exists()
    if page == "reproducing":
        assert len(list((tmp_path / "outputs" / "mine").glob("*/result.json"))) == 9
    if page == "report":
        assert (tmp_path / "both" / "index.html").stat().st_size
        assert (tmp_path / "outputs" / "A" / "report" / "paper" / "paper.tex").stat().st_size
        monkeypatch.chdir(tmp_path)
        names: dict[str, object] = {}
        for python in fenced(DOCS / "report.md", "python"):
            exec(python, names)


def test_every_command_is_tried_or_listed() -> None:
    pages = {page.stem for page in PAGES if tried(page) and EXAMPLES not in page.parents}
    assert pages == {*HERE, *BY_OTHERS}
    everything = {command for page in [ROOT / "README.md", *PAGES] for command in typed(page)}
    assert set(ELSEWHERE) <= everything


@pytest.mark.parametrize("page", [page for page in PAGES if links(page)], ids=lambda page: page.stem)
def test_its_links_lead_somewhere(page: Path) -> None:
    assert not [target for target in links(page) if target != "keys.md" and not (page.parent / target).exists()]


def test_extras_that_pages_name_exist() -> None:
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    text = "".join(page.read_text("utf-8") for page in PAGES)
    named = {name for found in re.findall(r"(?:scratchnet-sweeps|'\.)\[([\w,]+)\]'", text) for name in found.split(",")}
    [table] = re.findall(r"\| extra \| for \|\n.*\n((?:\|.*\n)+)", (DOCS / "getting-started.md").read_text())
    listed = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert listed == extras - {"dev", "bench", "mutation"}
    assert named <= extras


def test_keys_that_pages_name_exist() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    sections = "|".join(key for key in Config.model_fields if sections_of(key))
    named = set(re.findall(rf"(?<![\w/.])((?:{sections})\.[a-z_0-9]+)(?==|`)", text))
    files = {"model.safetensors", "model.onnx", "sweep.sh"}
    extra = {"schedule.tau"}  # of a schedule of the user's
    assert len(named) > 40
    assert not [key for key in named - files - extra if key.partition(".")[2] not in keys_of(key.partition(".")[0])]


def test_the_page_of_keys_has_every_key_with_its_default_and_its_meaning() -> None:
    made = runpy.run_path(str(DOCS / "hooks" / "keys.py"))
    rows = re.findall(r"^\| `(\S+)` \| (.*) \| (.*) \| (.*) \|$", made["page"](), re.MULTILINE)
    told = {key for key, *_ in rows}
    everything = {"seed", "report"}
    for section in Config.model_fields:
        everything |= {f"{section}.{key}" for key in keys_of(section) if key != "name" or section == "sweep"}
    everything -= {section for section in Config.model_fields if sections_of(section)}
    launcher_and_sweeper = {key for key in told if key.startswith("hydra.")}
    assert told - launcher_and_sweeper == everything
    assert launcher_and_sweeper >= {"hydra.launcher.scheduler", "hydra.sweeper.sampler"}
    assert all(allowed and default and meaning for _, allowed, default, meaning in rows)
    defaults = {key: default.strip("`") for key, _, default, _ in rows if key.startswith("training.")}
    shipped = yaml.safe_load((ROOT / "conf" / "config.yaml").read_text())["training"]
    assert {f"training.{key}": value for key, value in shipped.items()} == {
        key: yaml.safe_load(default) for key, default in defaults.items()
    }
    assert {default for key, _, default, _ in rows if key == "optimizer.lr"} == {"`0.01`", "`0.001`"}


def test_the_site_has_every_page() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    shown = re.findall(r"[\w/-]+\.md", str(site["nav"]))
    made = {"index.md", "keys.md", "contributing.md", "changelog.md", "security.md"}
    of_one_data_set = set(EXAMPLES.glob("*/*/README.md"))  # linked from the page over all
    assert set(shown) == {str(page.relative_to(DOCS)) for page in set(PAGES) - of_one_data_set} | made
    assert site["theme"]["font"] is False
    assert "make docs" in (ROOT / ".ci" / "run").read_text().splitlines()
