"""Sweeps disturbed on purpose and continued: a sample of `python tests/support/robustness.py`."""

import errno
import itertools
import json
import math
import os
import random
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import robustness
from commands import contents, figures
from forked import command, failing, warm
from robustness import SMALL, SWEEPS, continued, corruption, is_as_far, undisturbed

from pipeline.runs.read import _read_run, collect

SHORT = [*SMALL, "training.epochs=1", "seed=0,1"]
SAMPLE = int(os.environ.get("SCRATCHNET_DISTURBANCES", "2"))  # of each kind; the machine at rest has time for more


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    warm()


@pytest.fixture(scope="module")
def expected() -> dict[str, dict[str, object]]:
    return {kind: undisturbed(kind) for kind in SWEEPS}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SWEEPS)
def test_damaged_anywhere_it_goes_on_to_the_same_figures(kind: str, expected: dict[str, dict[str, object]]) -> None:
    seed = int(os.environ.get("DAMAGE_SEED", time.time()))
    print(f"DAMAGE_SEED={seed}")
    moments = random.Random(seed)
    for _ in range(SAMPLE):
        done, faults = corruption(kind, moments, moments.uniform(0.5, 4), expected[kind])
        assert not faults, done


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
def test_batches_that_a_search_of_version_0_1_did_not_note_follow_from_their_size(
    tmp_path: Path, expected: dict[str, dict[str, object]]
) -> None:
    def disturb() -> None:
        from pipeline.command import search

        search._BATCH = search._SPACE = "of a later version"

    assert command(tmp_path, SWEEPS["halved search"], disturb).status == 0
    (tmp_path / "outputs/s/4/result.json").unlink()
    assert command(tmp_path, SWEEPS["halved search"]).status == 0
    assert figures(tmp_path / "outputs/s") == expected["halved search"]


def killed(folder: Path, kind: str, epoch: int, arguments: Sequence[str] = ()) -> Path:
    """A sweep, or a command with these arguments, killed as an epoch begins; -> its folder."""

    def disturb() -> None:
        from pipeline.training.trainer import Trainer

        real = Trainer._train_epoch

        def train(self: Trainer, number: int) -> None:
            if number == epoch:
                os.kill(os.getpid(), signal.SIGKILL)
            real(self, number)

        Trainer._train_epoch = train  # type: ignore[method-assign]

    assert command(folder, arguments or SWEEPS[kind], disturb).status == -signal.SIGKILL
    return folder / "outputs/s"


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [1, 2])
@pytest.mark.parametrize("lost", [".sweep/plan.json", ".sweep"])
def test_without_its_plan_a_killed_sweep_keeps_its_numbers(
    tmp_path: Path, epoch: int, lost: str, expected: dict[str, dict[str, object]]
) -> None:
    sweep = killed(tmp_path, "grid", epoch)
    (sweep / lost).rename(tmp_path / "lost")
    again = command(tmp_path, SWEEPS["grid"])
    assert figures(sweep) == expected["grid"]
    resumes = epoch == 2 and lost == ".sweep/plan.json"  # its state says what it is of
    assert "resumed after epoch 1" in (sweep / "0/run.log").read_text() or not resumes
    away = "" if resumes else ".sweep/plan.json: missing, and rebuilt from the runs' own files; runs that only it could"
    assert away in again.error
    assert again.error.count("outputs/s/.sweep/plan.json") == (0 if resumes else 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["grid", "search"])
@pytest.mark.parametrize(
    "what", ["a folder", "a full folder", "a pipe", "a link to itself", "a link to nothing", "a link to somebody's"]
)
def test_whatever_takes_the_place_of_its_files_a_sweep_goes_on(
    tmp_path: Path, kind: str, what: str, expected: dict[str, dict[str, object]]
) -> None:
    make = {
        "a folder": Path.mkdir,
        "a full folder": lambda path: (path / "inner").mkdir(parents=True),
        "a pipe": os.mkfifo,
        "a link to itself": lambda path: path.symlink_to(path.name),
        "a link to nothing": lambda path: path.symlink_to("nothing"),
        "a link to somebody's": lambda path: path.symlink_to(other),
    }[what]
    other = tmp_path / "other"
    other.write_text("somebody's")
    sweep = killed(tmp_path, kind, 2)
    places = [path for path in sweep.rglob("*") if path.is_file()]
    assert len(places) > 20
    for place in places:
        place.unlink()
        make(place)
    again = command(tmp_path, SWEEPS[kind])
    assert again.status == 0
    assert again.is_told
    assert figures(sweep) == expected[kind]
    assert "moved to" in again.error
    assert other.read_text() == "somebody's"


@pytest.mark.parametrize(
    ("kind", "name"), [("halving", "history.csv"), ("halving", "model.safetensors"), ("search", "model.safetensors")]
)
def test_what_could_not_be_written_is_told_and_written_by_the_next_command(
    tmp_path: Path, kind: str, name: str, expected: dict[str, dict[str, object]]
) -> None:
    real, times = os.replace, itertools.count()

    def replace(source: Path, target: Path) -> None:
        if Path(target).name == name and next(times) == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(target))
        real(source, target)

    first = command(tmp_path, SWEEPS[kind], lambda: setattr(os, "replace", replace))
    assert first.status == 1
    assert "Input/output error" in first.error
    again = command(tmp_path, SWEEPS[kind])
    assert again.status == 0
    assert again.is_told
    now = figures(tmp_path / "outputs/s")
    assert all(is_as_far(now[run], expected[kind][run]) for run in expected[kind])


def test_a_search_that_fails_while_it_asks_asks_the_same_again(
    tmp_path: Path, expected: dict[str, dict[str, object]]
) -> None:
    def disturb() -> None:
        import optuna

        real, times = optuna.Study.ask, itertools.count()

        def ask(self: optuna.Study, *arguments: Any) -> optuna.Trial:
            if next(times) == 2:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(self, *arguments)

        optuna.Study.ask = ask  # type: ignore[method-assign]

    assert command(tmp_path, SWEEPS["search"], disturb).status == 1
    assert command(tmp_path, SWEEPS["search"]).status == 0
    assert figures(tmp_path / "outputs/s") == expected["search"]


def test_the_lock_is_not_taken_through_a_link(tmp_path: Path, expected: dict[str, dict[str, object]]) -> None:
    sweep, other = killed(tmp_path, "grid", 2), tmp_path / "other"
    other.write_text("somebody's")
    (sweep / ".sweep/lock").unlink()
    (sweep / ".sweep/lock").symlink_to(other)
    again = command(tmp_path, SWEEPS["grid"])
    assert again.status == 0
    assert f"{sweep.relative_to(tmp_path)}/.sweep/lock: a link; moved to lock.damaged" in again.error
    assert figures(sweep) == expected["grid"]
    assert other.read_text() == "somebody's"


@pytest.mark.parametrize("name", ["0", "0/.hydra", ".sweep", ".sweep/stacks", "1"])
def test_a_file_in_the_place_of_its_folders_moves_aside(
    tmp_path: Path, name: str, expected: dict[str, dict[str, object]]
) -> None:
    sweep = killed(tmp_path, "grid", 2)
    (sweep / name).rename(tmp_path / "lost")
    (sweep / name).write_text("a file")
    again = command(tmp_path, SWEEPS["grid"])
    assert again.status == 0
    assert again.is_told
    assert figures(sweep) == expected["grid"]


@pytest.mark.slow
# What a stopped sweep leaves behind when one call of the system fails: while planning, training, ending runs.
@pytest.mark.parametrize("call", [3, 20, 60, 110, 170, 217, 226, 262, 280])
def test_a_call_that_fails_is_told_and_costs_nothing(
    tmp_path: Path, call: int, expected: dict[str, dict[str, object]]
) -> None:
    code = [errno.ENOSPC, errno.EROFS, errno.EIO, errno.ENOENT][call % 4]
    before = command(tmp_path, SWEEPS["grid"], failing(call, code))
    assert not continued(tmp_path, "grid", expected["grid"], before)


def flip(path: Path) -> None:
    """Change one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("epoch", [2, None])
def test_a_dry_run_tells_what_is_damaged_and_touches_nothing(tmp_path: Path, epoch: int | None) -> None:
    if epoch:
        sweep = killed(tmp_path, "grid", epoch)
        damaged = [sweep / ".sweep/plan.json", *(sweep / ".sweep/stacks").iterdir()]
    else:
        command(tmp_path, SWEEPS["grid"])
        sweep = tmp_path / "outputs/s"
        damaged = [sweep / ".sweep/plan.json", sweep / "0/result.json", sweep / "1/history.csv"]
    for path in damaged:
        flip(path)
    before = contents(sweep)
    dry = command(tmp_path, [*SWEEPS["grid"], "sweep.dry_run=true"])
    assert dry.status == 0
    assert contents(sweep) == before
    assert "would be moved to plan.json.damaged" in dry.error
    again = command(tmp_path, SWEEPS["grid"])
    assert dry.error.replace("would be moved", "moved") == again.error
    assert dry.out.splitlines()[0] == again.out.splitlines()[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["search", "halved search"])
def test_a_search_whose_hours_end_within_a_batch_suggests_the_same_points(tmp_path: Path, kind: str) -> None:
    """Some runs of the batch have come to their end, and others have not begun."""
    over = [math.inf]

    def disturb() -> None:
        from pipeline.command import search
        from pipeline.training.trainer import Trainer

        real, times = Trainer.train, itertools.count()

        def train(self: Trainer) -> list[Any]:
            if next(times) > 0:
                self.deadline = over[0] = 0
            return real(self)

        Trainer.train = train  # type: ignore[method-assign]
        search.deadline = lambda hours: over[0]

    (tmp_path / "whole").mkdir()
    (tmp_path / "late").mkdir()
    others = [text for text in SWEEPS[kind] if not text.startswith("training.batch_size")]
    arguments = [*others, "training.batch_size=8,16", "hydra.launcher.workers=1"]  # a stack for each
    assert command(tmp_path / "whole", arguments).status == 0
    assert command(tmp_path / "late", arguments, disturb).status == 0
    sweep = tmp_path / "late/outputs/s"
    assert len(list(sweep.glob("*/result.json"))) <= 3
    assert command(tmp_path / "late", arguments).status == 0
    assert figures(sweep) == figures(tmp_path / "whole/outputs/s")


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [
        ["training.epochs=3"],
        ["seed=0,1"],
        ["optimizer.lr=tag(log,interval(0.01,0.6))"],
        ["optimizer.momentum=0,0.9"],
        ["dataset.samples=70"],
    ],
    ids=str,
)
def test_a_search_goes_on_only_in_its_own_space(
    tmp_path: Path, changed: list[str], expected: dict[str, dict[str, object]]
) -> None:
    command(tmp_path, SWEEPS["search"])
    keys = [text.partition("=")[0] for text in changed]
    others = [text for text in SWEEPS["search"] if text.partition("=")[0] not in keys]
    again = command(tmp_path, [*others, *changed])
    assert again.status == 1
    assert again.error.startswith("outputs/s: its search was over other ranges or data, or with other fixed values")
    assert figures(tmp_path / "outputs/s") == expected["search"]
    assert command(tmp_path, [*SWEEPS["search"], "training.log_every=5", "hydra.sweeper.trials=7"]).status == 0


def test_a_search_does_not_go_on_with_other_data(tmp_path: Path) -> None:
    table = pd.DataFrame({"x": range(40), "y": [number % 2 for number in range(40)]})
    table.to_csv(tmp_path / "t.csv", index=False)
    others = [text for text in SWEEPS["search"] if not text.startswith("dataset")]
    arguments = [*others, "dataset=table", f"dataset.path={tmp_path}/t.csv", "dataset.target=y"]
    assert command(tmp_path, arguments).status == 0
    table.assign(x=table["x"] + 1).to_csv(tmp_path / "t.csv", index=False)
    again = command(tmp_path, [*arguments, "hydra.sweeper.trials=8"])
    assert again.status == 1
    assert "its search was over other ranges or data" in again.error


def test_a_search_tells_that_its_journal_is_missing(tmp_path: Path, expected: dict[str, dict[str, object]]) -> None:
    command(tmp_path, SWEEPS["search"])
    (tmp_path / "outputs/s/.sweep/study.journal").unlink()
    again = command(tmp_path, SWEEPS["search"])
    assert again.error == "outputs/s/.sweep/study.journal: missing, and the search begins again\n"
    assert figures(tmp_path / "outputs/s") == expected["search"]


def test_a_search_moves_no_run_aside_that_is_not_its_own(tmp_path: Path) -> None:
    grid = [*SMALL, "training.epochs=2", "optimizer.lr=0.9"]
    command(tmp_path, grid)
    command(tmp_path, SWEEPS["search"])
    flip(tmp_path / "outputs/s/0/history.csv")
    again = command(tmp_path, SWEEPS["search"])
    assert again.error == ""
    assert "outputs/s/0: history.csv changed" in command(tmp_path, grid).error


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


@pytest.mark.parametrize("kind", ["grid", "halving"])
def test_the_folder_of_another_run_is_not_taken_for_a_runs_own(
    tmp_path: Path, kind: str, expected: dict[str, dict[str, object]]
) -> None:
    command(tmp_path, SWEEPS[kind])
    sweep = tmp_path / "outputs/s"
    for name in ("result.json", "history.csv", "model.safetensors"):
        shutil.copy(sweep / "3" / name, sweep / "0" / name)
    again = command(tmp_path, SWEEPS[kind])
    assert "outputs/s/0: result.json is of another run; moved to .sweep/replaced/0-0, and trains again" in again.error
    assert figures(sweep) == expected[kind]


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


def test_a_run_that_lost_its_record_stays_one_of_its_setting(tmp_path: Path) -> None:
    command(tmp_path, [*SHORT, "optimizer.lr=0.1,0.3"])
    sweep = tmp_path / "outputs/s"
    before = json.loads((sweep / "3/result.json").read_text())["config"]
    whole = collect([sweep]).runs
    (sweep / "3/result.json").unlink()
    collected = collect([sweep])
    columns = [name for name in whole if name.startswith("config.")]
    pd.testing.assert_frame_equal(collected.runs[columns], whole[columns])
    assert _read_run(sweep / "3", [])[0].config == before  # type: ignore[union-attr]
    assert "missing; counted as interrupted" in str(collected.problems[0])


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


def test_missing_files_are_told_and_trained_again_on_request(tmp_path: Path) -> None:
    command(tmp_path, SHORT)
    sweep = tmp_path / "outputs/s"
    before = figures(sweep)
    (sweep / "0/model.safetensors").unlink()
    (sweep / "1/history.csv").unlink()
    told = command(tmp_path, SHORT)
    assert told.out.startswith("2 runs, 2 finished before: nothing to train")
    assert told.error.splitlines() == [
        "outputs/s: history.csv, model.safetensors missing in 2 runs (0, 1), which count as finished; "
        "sweep.mismatch=retrain trains them again"
    ]
    dry = command(tmp_path, [*SHORT, "sweep.mismatch=retrain", "sweep.dry_run=true"])
    assert dry.out.startswith("2 runs: 2 to train")
    assert (sweep / "0/result.json").exists()
    assert command(tmp_path, [*SHORT, "sweep.mismatch=retrain"]).out.startswith("2 runs: 2 to train")
    assert figures(sweep) == before
    assert len(list((sweep / ".sweep/replaced").iterdir())) == 2


@pytest.mark.parametrize("name", ["result.json", "history.csv", "model.safetensors"])
def test_what_changed_since_it_was_written_moves_aside_and_trains_again(tmp_path: Path, name: str) -> None:
    command(tmp_path, SHORT)
    sweep = tmp_path / "outputs/s"
    before = figures(sweep)
    data = bytearray((sweep / "0" / name).read_bytes())
    digit = next(i for i in range(len(data) // 2, len(data)) if 49 <= data[i] < 57)
    data[digit] ^= 1  # another digit
    (sweep / "0" / name).write_bytes(data)
    again = command(tmp_path, SHORT)
    assert again.status == 0
    assert again.error.startswith(f"outputs/s/0: {name} ")
    assert "moved to .sweep/replaced/0-0, and trains again" in again.error
    assert figures(sweep) == before
    assert (sweep / ".sweep/replaced/0-0" / name).read_bytes() == data


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
        import shutil

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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
@pytest.mark.parametrize("moment", ["planning", "training", "ending"])
def test_a_signal_at_any_moment_is_stopped(tmp_path: Path, name: str, moment: str) -> None:
    def stop() -> None:
        from pipeline.command import launcher
        from pipeline.runs.folder import RunFolder
        from pipeline.training.trainer import Trainer

        places = {"planning": (launcher, "compose_all"), "training": (Trainer, "_train_epoch")}
        owner, function = places.get(moment, (RunFolder, "close"))
        real = getattr(owner, function)

        def call(*arguments: object) -> object:
            os.kill(os.getpid(), getattr(signal, name))
            return real(*arguments)

        setattr(owner, function, call)

    ended = command(tmp_path, SWEEPS["grid"], stop)
    assert ended.status == 130, ended.error
    assert ended.is_told
    assert ended.error.splitlines()[-1].startswith("stopped; finished runs are kept")
    assert command(tmp_path, SWEEPS["grid"]).status == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_compiled_code_that_hears_no_signal_is_ended_in_time(tmp_path: Path, name: str) -> None:
    def stop() -> None:
        import hashlib
        import threading

        from pipeline.training.trainer import Trainer

        def deaf(self: Trainer, epoch: int) -> None:
            threading.Timer(0.2, os.kill, (os.getpid(), getattr(signal, name))).start()
            hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)  # ten minutes without Python, the lock released
            Path("heard").touch()

        Trainer._train_epoch = deaf  # type: ignore[method-assign]

    ended = command(tmp_path, SWEEPS["grid"], stop)
    assert ended.status == 130, ended.error
    assert ended.error.splitlines() == [
        "stopped; finished runs are kept; to resume, repeat the command with sweep.resume=outputs/s"
    ]
    assert not (tmp_path / "heard").exists()


@pytest.mark.slow
def test_the_script_counts_what_it_tries(tmp_path: Path) -> None:
    assert robustness.calls_of(tmp_path, "grid") > 200
