"""Where runs lie in a sweep's folder, and folders that cannot be."""

import errno
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from commands import figures
from forked import command
from robustness import SMALL, SWEEPS

SHORT = [*SMALL, "training.epochs=1", "seed=0,1"]
pytestmark = pytest.mark.usefixtures("warmed")


@pytest.mark.slow
def test_folders_in_one_another(tmp_path: Path) -> None:
    nested = [*SHORT, "optimizer.lr=0.1,0.3", "hydra.sweep.subdir='lr${optimizer.lr}/${seed}'"]
    first = command(tmp_path, nested, reported=True)
    assert first.out.splitlines()[-1] == "report: outputs/s/report/index.html"
    sweep = tmp_path / "outputs/s"
    results = pd.read_csv(sweep / "results.csv")
    assert list(results["run"]) == ["lr0.1/0", "lr0.1/1", "lr0.3/0", "lr0.3/1"]
    assert "lr0.1/0" in (sweep / "report/index.html").read_text()
    more = [text.replace("seed=0,1", "seed=0,1,2") for text in nested]
    assert command(tmp_path, more).out.startswith("6 runs, 4 finished before: 2 to train in 1 stack")
    (sweep / ".sweep/plan.json").unlink()
    assert command(tmp_path, more).out.startswith("6 runs, 6 finished before: nothing to train")
    assert command(tmp_path, [*SHORT, "optimizer.lr=0.1,0.3"]).out.startswith("4 runs, 4 finished before")
    assert not (sweep / "0").exists()  # a run keeps the folder that it has


def test_a_number_in_a_folder_is_that_of_the_sweep(tmp_path: Path) -> None:
    named = [*SHORT, "hydra.sweep.subdir='r${hydra.job.num}'"]
    command(tmp_path, named)
    before = (tmp_path / "outputs/s/r1/result.json").read_bytes()
    assert command(tmp_path, [*named, "seed=1,2"]).out.startswith("2 runs, 1 finished before: 1 to train")
    assert (tmp_path / "outputs/s/r1/result.json").read_bytes() == before
    assert (tmp_path / "outputs/s/r2/result.json").exists()


def test_another_run_is_not_overwritten(tmp_path: Path) -> None:
    subdir = "hydra.sweep.subdir='lr${optimizer.lr}'"
    command(tmp_path, [*SMALL, "training.epochs=1", "optimizer.lr=0.1,0.3", subdir])
    before = (tmp_path / "outputs/s/lr0.1/result.json").read_bytes()
    again = command(tmp_path, [*SMALL, "training.epochs=1", "optimizer.lr=0.1,0.3", subdir, "seed=1"])
    assert again.status == 1
    assert again.error.startswith("outputs/s/lr0.1: holds another run of this sweep, which would be overwritten; ")
    assert (tmp_path / "outputs/s/lr0.1/result.json").read_bytes() == before


@pytest.mark.parametrize(
    ("subdir", "words"),
    [
        ("..", "is not below the sweep's folder"),
        ("a/../../b", "is not below the sweep's folder"),
        ("../s2/${seed}", "is not below the sweep's folder"),
        ("/tmp/x", "is not below the sweep's folder"),
        ("report", "reports look for no runs there"),
        ("report/${seed}", "reports look for no runs there"),
        (".sweep/${seed}", "reports look for no runs there"),
        ("a/.b/${seed}", "reports look for no runs there"),
        ("a/b/c/d/e/f/g/h/${seed}", "more than 8 folders in one another"),
        ("x" * 300 + "${seed}", "File name too long"),
    ],
)
def test_folders_where_no_run_would_be_seen_are_refused(tmp_path: Path, subdir: str, words: str) -> None:
    ended = command(tmp_path, [*SHORT, f"hydra.sweep.subdir='{subdir}'"])
    assert ended.status == 1
    assert words in ended.error
    assert len(ended.error.splitlines()) == 1
    assert not list(tmp_path.rglob("result.json"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sweep.name=" + "n" * 300], "File name too long"),
        (["sweep.name=a/" + "n" * 256], "File name too long"),
        (["hydra.sweep.dir=" + "/".join(["long" * 50] * 30)], "File name too long"),
        (["sweep.resume=nothing"], "sweep.resume=nothing: no such folder"),
        (["sweep.resume=/dev/null"], "sweep.resume=/dev/null: no such folder"),
        (["sweep.name=file"], "cannot be written"),
        (["sweep.name=file/inner"], "cannot be written"),
        (["sweep.name=loop"], "cannot be written"),
        (["sweep.name=run"], "is the folder of a single run"),
        (["hydra.sweep.dir=/proc/nothing"], "cannot be written"),
        (["hydra.sweep.dir=/dev/null/x"], "cannot be written"),
    ],
)
def test_folders_that_cannot_be_are_told_in_a_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "outputs/run").mkdir(parents=True)
    (tmp_path / "outputs/run/history.csv").write_text("epoch\n")
    (tmp_path / "outputs/file").write_text("a file")
    (tmp_path / "outputs/loop").symlink_to("loop")
    ended = command(tmp_path, [*SHORT, *arguments])
    assert ended.status == 1
    assert words in ended.error
    assert len(ended.error.splitlines()) == 1


@pytest.mark.parametrize("code", ["EROFS", "EACCES", "ENOSPC"])
def test_a_folder_that_is_read_only_is_said_when_all_is_finished(tmp_path: Path, code: str) -> None:
    command(tmp_path, SHORT)
    before = figures(tmp_path / "outputs/s")
    number = getattr(errno, code)

    def read_only() -> None:
        real = os.open

        def fails(path: object, flags: int, *arguments: object, **options: object) -> int:
            if flags & (os.O_WRONLY | os.O_RDWR) and "outputs" in str(path):
                raise OSError(number, os.strerror(number), str(path))
            return real(path, flags, *arguments, **options)  # type: ignore[arg-type]

        os.open = fails

    ended = command(tmp_path, SHORT, read_only)
    assert ended.status == 1
    assert os.strerror(number) in ended.error
    assert len(ended.error.splitlines()) == 1
    assert figures(tmp_path / "outputs/s") == before


def test_a_folder_that_is_removed_while_it_trains_is_said(tmp_path: Path) -> None:
    def remove() -> None:

        from pipeline.training.trainer import Trainer

        real = Trainer._train_epoch

        def train(self: Trainer, epoch: int) -> None:
            if epoch == 2:
                shutil.rmtree("outputs")
            real(self, epoch)

        Trainer._train_epoch = train

    ended = command(tmp_path, SWEEPS["grid"], remove)
    assert ended.status == 1
    assert ended.is_told
    assert "No such file or directory; check that nothing removes it" in ended.error
    assert command(tmp_path, SWEEPS["grid"]).status == 0
