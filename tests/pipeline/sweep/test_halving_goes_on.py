"""Halvings that lose files, follow another sweep or end early, and go on."""

import itertools
import json
import shutil
from pathlib import Path

import pytest
from commands import figures
from forked import command
from robustness import SWEEPS, killed

pytestmark = pytest.mark.usefixtures("warmed")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["halving", "halved search"])
def test_without_a_file_of_any_run_halving_decides_as_before(
    tmp_path: Path, kind: str, expected: dict[str, dict[str, object]]
) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    assert command(whole, SWEEPS[kind]).status == 0
    for number, (run, name) in enumerate(itertools.product(expected[kind], ("history.csv", "result.json"))):
        folder = tmp_path / str(number)
        shutil.copytree(whole, folder)
        (folder / "outputs/s" / run / name).unlink()
        again = command(folder, SWEEPS[kind])
        assert again.is_told
        assert figures(folder / "outputs/s") == expected[kind], (run, name, again.error)
        told = f"outputs/s/{run}: history.csv missing; moved to .sweep/replaced/{run}-0, and trains again"
        assert (told in again.error) == (name == "history.csv")


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [2, 3])
def test_a_halving_of_a_killed_grid_is_that_of_new_runs(tmp_path: Path, epoch: int) -> None:
    """What trained together has one state, and halving pauses each run by itself."""
    grid = [text for text in SWEEPS["halving"] if text != "sweep=halving"]
    (tmp_path / "new").mkdir()
    (tmp_path / "killed").mkdir()
    assert command(tmp_path / "new", SWEEPS["halving"]).status == 0
    sweep = killed(tmp_path / "killed", "halving", epoch, grid)
    again = command(tmp_path / "killed", SWEEPS["halving"])
    assert again.status == 0
    assert "the state of runs that trained together, and are to train one by one; moved to" in again.error
    assert figures(sweep) == figures(tmp_path / "new/outputs/s")


@pytest.mark.slow
def test_each_data_set_of_a_halving_has_rungs_of_its_own(tmp_path: Path) -> None:
    options = ["-m", "sweep=halving", "dataset.samples=60", "model.hidden=[3]", "training.epochs=4", "sweep.name=s"]
    options += ["training.batch_size=8", "training.kernel=plain", "optimizer.lr=0.01,0.1,0.3"]
    for name in ("square", "patterns", "square,patterns"):
        (tmp_path / name).mkdir()
        ended = command(tmp_path / name, [*options, f"dataset={name}"])
        assert ended.status == 0, ended.error
    assert "halving: 6 to epoch 1, 4 to epoch 2, 2 to epoch 4" in ended.out
    alone = [list(figures(tmp_path / name / "outputs/s").values()) for name in ("square", "patterns")]
    both = list(figures(tmp_path / "square,patterns/outputs/s").values())
    assert both in (alone[0] + alone[1], [run for pair in zip(*alone, strict=True) for run in pair])


def test_failures_end_a_halving_between_its_rungs(tmp_path: Path) -> None:
    def disturb() -> None:
        from pipeline.training.trainer import Trainer

        def fail(self: Trainer, number: int) -> None:
            raise RuntimeError("broken")

        Trainer._train_epoch = fail  # type: ignore[method-assign]

    ended = command(tmp_path, [*SWEEPS["halving"], "sweep.max_failures=1", "hydra.launcher.workers=1"], disturb)
    assert ended.status == 1
    records = [json.loads(path.read_text()) for path in (tmp_path / "outputs/s").glob("*/result.json")]
    assert [record["status"] for record in records] == ["failed"]
    assert "\n1 run ended after" in ended.out


def test_a_record_without_checksums_does_not_hide_that_the_history_is_missing(
    tmp_path: Path, expected: dict[str, dict[str, object]]
) -> None:
    command(tmp_path, SWEEPS["halving"])
    for run in (4, 5):
        folder = tmp_path / "outputs/s" / str(run)
        facts = json.loads((folder / "result.json").read_text())
        of_then = {name: value for name, value in facts.items() if name not in ("files", "sha256")}
        (folder / "result.json").write_text(json.dumps(of_then))
        (folder / "history.csv").unlink()
    assert "4: history.csv missing; moved" in command(tmp_path, SWEEPS["halving"]).error
    assert figures(tmp_path / "outputs/s") == expected["halving"]
