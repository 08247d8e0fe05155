"""A stranger's own folder: ./conf, --config-dir, --config-name, hydra.searchpath, and the commands that repeat runs."""

import json
import shlex
import shutil
from pathlib import Path

import pytest
from commands import NO_REPORT, ended
from typing_here import Ended, typed

from pipeline.config.folder import conf_folder

SMALL = ["training.epochs=1", "training.batch_size=32", NO_REPORT]
FILES = {
    "dataset/few.yaml": "defaults: [square, _self_]\nsamples: 200\n",
    "model/mlp.yaml": "defaults: [wide, _self_]\n",
    "model/wide.yaml": (conf_folder() / "model" / "mlp.yaml").read_text().replace("[128]", "[7]"),
    "experiment/mine.yaml": "# @package _global_\ndefaults:\n  - override /dataset: few\nseed: 3\n",
    "mysweep.yaml": (
        "defaults: [config, _self_, {override dataset: few}]\n"
        "hydra: {mode: MULTIRUN, sweeper: {params: {seed: '0,1'}}}\ntraining: {epochs: 1}\n"
    ),
}


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(FILES[name])


def result(folder: Path) -> dict[str, object]:
    record: dict[str, object] = json.loads((folder / "result.json").read_text())
    return record


class Here:
    """A folder, and commands typed in it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.monkeypatch, self.capsys = folder, monkeypatch, capsys

    def type(self, *words: str, status: int = 0) -> Ended:
        done = typed(self.folder, self.monkeypatch, self.capsys, *words)
        assert done.status == status, done.error
        return done

    def repeat(self, run: Path) -> Path:
        """Train a run again by the command of its result, as a single run, and compare all figures."""
        record = result(run)
        provenance = record["provenance"]
        assert isinstance(provenance, dict)
        again = run.parents[1] / "again"
        self.type(*shlex.split(provenance["command"])[3:], f"hydra.run.dir={again}")
        assert result(again)["identity"] == record["identity"]
        assert result(again)["metrics"] == record["metrics"]
        shutil.rmtree(again)
        return again


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(tmp_path, monkeypatch, capsys)


def test_conf_is_found_told_and_repeated(here: Here) -> None:
    write(here.folder / "conf", "dataset/few.yaml", "experiment/mine.yaml")
    done = here.type("-m", "experiment=mine", *SMALL, "optimizer.lr=0.1,0.2", "sweep.name=s")
    assert done.error.splitlines() == ["using conf/dataset/few.yaml, conf/experiment/mine.yaml"]
    record = result(here.folder / "outputs/s/1")
    assert isinstance(record["config"], dict)
    assert (record["config"]["dataset"]["samples"], record["config"]["seed"]) == (200, 3)
    here.repeat(here.folder / "outputs/s/1")
    assert here.type("-m", *SMALL, "dataset=square", "dataset.samples=60", "seed=0,1").error == ""
    swept = here.type("-m", *SMALL, "dataset=square,few", "dataset.samples=60", "sweep.dry_run=true")
    assert swept.error == "using conf/dataset/few.yaml\n"


def test_the_users_file_comes_first_and_that_is_told(here: Here) -> None:
    write(here.folder / "conf", "model/mlp.yaml", "model/wide.yaml", "dataset/few.yaml")
    done = here.type("dataset=few", *SMALL, "hydra.run.dir=run")
    assert done.error == "using conf/dataset/few.yaml, conf/model/mlp.yaml (in place of the shipped model/mlp.yaml)\n"
    config = result(here.folder / "run")["config"]
    assert isinstance(config, dict)
    assert config["model"]["hidden"] == [7]


def test_a_primary_configuration_travels(here: Here) -> None:
    write(here.folder / "conf", "mysweep.yaml", "dataset/few.yaml")
    done = here.type("-cn", "mysweep", "sweep.name=s", NO_REPORT)
    assert done.error == "using conf/dataset/few.yaml, conf/mysweep.yaml\n"
    provenance = result(here.folder / "outputs/s/1")["provenance"]
    assert isinstance(provenance, dict)
    assert provenance["command"] == "python -m pipeline --config-name mysweep seed=1 report=false hydra.mode=RUN"
    here.repeat(here.folder / "outputs/s/1")
    single = ["-cn", "mysweep", "hydra.mode=RUN", "seed=5", NO_REPORT, "hydra.run.dir=outputs/single/0"]
    here.type(*single)
    here.repeat(here.folder / "outputs/single/0")


@pytest.mark.parametrize("how", [["--config-dir", "else where"], ["hydra.searchpath=['file://else where']"]])
def test_other_folders_travel(here: Here, how: list[str]) -> None:
    write(here.folder / "else where", "experiment/mine.yaml", "dataset/few.yaml")
    here.type("-m", *how, "experiment=mine", *SMALL, "optimizer.lr=0.1,0.2", "sweep.name=s")
    other = here.folder / "other"
    (other / "outputs").mkdir(parents=True)
    shutil.copytree(here.folder / "outputs/s/1", other / "outputs/s/1")
    Here(other, here.monkeypatch, here.capsys).repeat(other / "outputs/s/1")  # from any folder


def test_a_given_folder_comes_before_what_ships_and_conf_is_not_taken_twice(here: Here) -> None:
    write(here.folder / "conf", "model/mlp.yaml", "model/wide.yaml")
    done = here.type("--config-dir", "conf", "--info", "searchpath")
    assert done.out.count(str(here.folder)) == 1
    assert done.out.index(str(here.folder)) < done.out.index("main ")
    assert "hidden:\n  - 7\n" in here.type("--config-dir", "conf", "--cfg", "job").out


def test_the_shipped_folder_is_not_the_users(here: Here) -> None:
    elsewhere = Here(conf_folder().parent, here.monkeypatch, here.capsys)
    done = elsewhere.type("-m", "dataset=square", "seed=0,1", "sweep.dry_run=true")
    assert done.error == ""
    assert "current folder" not in elsewhere.type("--info", "searchpath").out


def test_another_programs_conf_is_left_aside(here: Here) -> None:
    write(here.folder / "conf", "model/mlp.yaml", "model/wide.yaml")
    (here.folder / "conf/config.yaml").write_text("defaults: [model: mlp]\n")
    done = here.type("-m", "dataset=square", "seed=0,1", "sweep.dry_run=true")
    assert done.error.startswith("conf/ is left aside: it has a config.yaml, as of another program; to use it, rename ")
    assert "current folder" not in here.type("--info", "searchpath").out


def test_help_and_completion_know_the_users_choices(here: Here) -> None:
    write(here.folder / "conf", "dataset/few.yaml", "experiment/mine.yaml")
    assert "fashion_mnist_mini, few, folded" in here.type("--help").out
    line = "scratchnet dataset=fe"
    here.monkeypatch.setenv("COMP_LINE", line)
    here.monkeypatch.setenv("COMP_POINT", str(len(line)))
    assert here.type("-sc", "query=bash").out.split() == ["dataset=few"]
    assert "samples: 200" in here.type("--cfg", "job", "experiment=mine").out


def test_other_launchers_resume_and_report(tmp_path: Path) -> None:
    """As a stranger: other processes, in which nothing is known of the tests."""
    write(tmp_path / "conf", "dataset/few.yaml", "experiment/mine.yaml")
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    words = ["-m", "experiment=mine", *SMALL, "optimizer.lr=0.1,0.2"]
    done = ended(tmp_path, *words, "hydra/launcher=joblib", "sweep.name=s")
    assert "using conf/dataset/few.yaml, conf/experiment/mine.yaml" in done.stderr.splitlines()
    again = ended(tmp_path, *words, "sweep.resume=outputs/s", "seed=3,4", "hydra.launcher.workers=2", "report=true")
    assert "4 runs, 2 finished before: 2 to train" in again.stdout
    assert "report: outputs/s/report/index.html" in again.stdout
