"""Several grids in one sweep: `sweep.grids`, several experiments, and keys that only one choice has."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from commands import NO_REPORT
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_here import Ended, typed

from pipeline.command._grids import as_grids
from pipeline.runs.read import write_results

SMALL = [
    "dataset=square",
    "dataset.samples=200",
    "training.epochs=2",
    "training.batch_size=32",
    NO_REPORT,
    "sweep.name=s",
]
GRIDS = (
    "sweep.grids=[{optimizer: sgd, optimizer.momentum: '0,0.9'}, {optimizer: adam, optimizer.lr: '0.001,0.003', "
    "model.hidden: '[8],[4,4]'}]"
)
EXPERIMENTS = {
    "a": "hydra: {sweeper: {params: {optimizer.momentum: '0,0.5', optimizer.lr: '0.1,0.2'}}}\n"
    "sweep: {zip: [[optimizer.momentum, optimizer.lr]]}\n",
    "b": "defaults:\n  - override /optimizer: adam\nsweep: {grids: [{optimizer.beta1: '0.8,0.9'}, {seed: 7}]}\n",
    "c": "defaults:\n  - override /hydra/sweeper: search\n  - override /hydra/launcher: basic\n"
    "hydra: {mode: MULTIRUN, sweeper: {trials: 3, batch: 3, params: {optimizer.lr: 'interval(0.01,0.1)'}}}\n",
}


class Here:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.monkeypatch, self.capsys = folder, monkeypatch, capsys
        (folder / "conf/experiment").mkdir(parents=True)
        for name, text in EXPERIMENTS.items():
            (folder / f"conf/experiment/{name}.yaml").write_text(f"# @package _global_\n{text}")

    def type(self, *words: str, status: int = 0) -> Ended:
        done = typed(self.folder, self.monkeypatch, self.capsys, *words)
        assert done.status == status, done.error
        return done

    def rows(self, *keys: str) -> list[tuple[object, ...]]:
        """The values of configuration keys, a run each; "" for keys that it does not have."""
        frame = pd.read_csv(write_results(self.folder / "outputs/s"), keep_default_na=False, dtype=str)
        return [tuple(row) for row in frame[[f"config.{key}" for key in keys]].to_numpy()]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(tmp_path, monkeypatch, capsys)


def test_each_grid_has_its_own_keys(here: Here) -> None:
    done = here.type("-m", GRIDS, "seed=0,1", *SMALL, "report=true")
    assert done.out.startswith("12 runs: 12 to train")
    keys = ("optimizer.name", "optimizer.momentum", "optimizer.lr", "model.hidden", "seed")
    sgd = {("sgd", momentum, "0.01", "[128]", seed) for momentum in ("0.0", "0.9") for seed in "01"}
    adam = {("adam", "", lr, hidden, seed) for lr in ("0.001", "0.003") for hidden in ("[8]", "[4,4]") for seed in "01"}
    assert set(here.rows(*keys)) == sgd | adam
    assert here.type("-m", GRIDS, "seed=0,1", *SMALL).out.startswith("12 runs, 12 finished before: nothing to train")
    report = here.folder / "outputs/s/report"
    for name in ("table.md", "replicates.md"):
        cells = [line.split("|") for line in (report / "tables" / name).read_text().replace("*", "").splitlines()]
        column = [cell.strip() for cell in cells[0]].index("momentum")
        assert {row[column].strip() for row in cells[2:] if "adam" in "".join(row).lower()} == {"–"}
    for path in (*report.glob("*.md"), *report.glob("*.tex"), *report.glob("paper/*.md"), *report.glob("*.csv")):
        assert not re.search(r"\bnan\b", path.read_text(), re.IGNORECASE), path
    overrides = json.loads((here.folder / "outputs/s/0/result.json").read_text())["overrides"]
    assert not any(text.startswith("sweep.grids") for text in overrides)


def test_the_command_line_takes_precedence_and_equal_runs_are_told(here: Here) -> None:
    done = here.type("-m", GRIDS, "optimizer.lr=0.05", "model.hidden=[5]", *SMALL, "sweep.dry_run=true")
    assert done.out.startswith("3 runs: 3 to train")
    twice = "sweep.grids=[{seed: '0,1'}, {seed: '1,2'}]"
    assert here.type("-m", twice, *SMALL).out.startswith("4 runs, 1 requested twice: 3 to train")


@pytest.mark.parametrize("sweep", ["grid", "halving"])
def test_experiments_are_swept_by_their_own_grids(here: Here, sweep: str) -> None:
    words = [
        "-m",
        "experiment=a,b",
        f"sweep={sweep}",
        "hydra.launcher.workers=1",
        "sweep.rungs=2",
        "training.epochs=4",
        *SMALL[:2],
        *SMALL[3:],
    ]
    done = here.type(*words)
    assert done.out.startswith("5 runs: 5 to train")
    keys = ("optimizer.name", "optimizer.momentum", "optimizer.lr", "optimizer.beta1", "seed")
    assert set(here.rows(*keys)) == {
        ("sgd", "0.0", "0.1", "", "0"),
        ("sgd", "0.5", "0.2", "", "0"),
        ("adam", "", "0.001", "0.8", "0"),
        ("adam", "", "0.001", "0.9", "0"),
        ("adam", "", "0.001", "0.9", "7"),
    }
    again = here.type(*words, "sweep.resume=outputs/s").out
    assert again.startswith(
        f"5 runs, {5 if sweep == 'grid' else 3} finished before"
    )  # of one of two settings both seeds
    assert len(here.rows("seed")) == 5


def test_an_experiment_chooses_launcher_and_sweeper(here: Here) -> None:
    pytest.importorskip("optuna")
    words = ["experiment=c", *SMALL]
    here.type(*words)
    assert len(set(here.rows("optimizer.lr"))) == 3
    assert not (here.folder / "outputs/s/.sweep/plan.json").exists()  # the basic launcher keeps none
    done = here.type(
        *words[:-1], "sweep.name=t", "hydra/sweeper=grid", "hydra.sweeper={}", "optimizer.lr=0.1", status=1
    )
    assert "a grid cannot have intervals" not in done.error
    done = here.type(*words[:-1], "sweep.name=t", "hydra/launcher=stacked", "hydra.sweeper.trials=2")
    assert (here.folder / "outputs/t/.sweep/plan.json").exists()
    assert len(list((here.folder / "outputs/t").glob("*/result.json"))) == 2


def test_a_key_that_every_swept_choice_has(here: Here) -> None:
    here.type("-m", "dataset=square,patterns", "dataset.samples=300", *SMALL[2:])
    assert here.rows("dataset.name", "dataset.samples") == [("square", "300"), ("patterns", "300")]


def test_references_are_each_runs_own(here: Here) -> None:
    here.monkeypatch.setenv("RATE", "0.2")
    here.type("-m", "seed=0,1", "training.order_seed=${seed}", "optimizer.lr=${oc.env:RATE},0.1", *SMALL)
    rows = here.rows("seed", "training.order_seed", "optimizer.lr")
    assert set(rows) == {(seed, seed, lr) for seed in "01" for lr in ("0.1", "0.2")}
    commands = [
        json.loads(path.read_text())["provenance"]["command"] for path in here.folder.glob("outputs/s/*/result.json")
    ]
    assert sum("optimizer.lr=0.2" in command for command in commands) == 2  # holds where RATE is another


def test_nothing_is_written_of_the_configuration_on_request(here: Here) -> None:
    words = ["-m", "hydra.output_subdir=null", "seed=0,1", *SMALL]
    here.type(*words)
    names = {path.name for path in (here.folder / "outputs/s/0").iterdir()}
    assert names == {"history.csv", "model.safetensors", "predictions.npz", "result.json", "run.log"}
    assert here.type(*words).out.startswith("2 runs, 2 finished before")


def test_groups_of_which_none_need_be_chosen(here: Here) -> None:
    here.type("experiment=null", "tracking=null", *SMALL[:5], "hydra.run.dir=run")
    assert json.loads((here.folder / "run/result.json").read_text())["status"] == "finished"


def test_a_dry_run_of_any_launcher_trains_nothing(here: Here) -> None:
    done = here.type("-m", "hydra/launcher=basic", "seed=0,1", "sweep.dry_run=true", *SMALL)
    assert done.out == "2 runs, a job of hydra/launcher=basic each -> outputs/s\n"
    assert not (here.folder / "outputs").exists()


CHOICES = st.dictionaries(
    st.sampled_from(["sgd", "adam"]), st.lists(st.sampled_from(["0.1", "0.9"]), unique=True, min_size=1), min_size=2
)


@given(CHOICES)
@settings(max_examples=20)
def test_the_proposed_grids_are_the_jobs_that_can_be(choices: dict[str, list[str]]) -> None:
    jobs = [
        [f"optimizer={name}", f"optimizer.momentum={value}"] for name, values in choices.items() for value in values
    ]
    words = as_grids("optimizer.momentum", jobs)
    momentum = ",".join(choices["sgd"])
    assert f'{{optimizer: sgd, optimizer.momentum: "{momentum}"}}' in words
    assert "{optimizer: adam}" in words
