"""Sweeps disturbed on purpose and continued: a sample of `python tests/support/robustness.py`."""

import errno
import itertools
import json
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
import robustness
from commands import contents, figures
from forked import command, failing
from robustness import SMALL, SWEEPS, continued, corruption, flip, is_as_far, killed

from pipeline.runs.read import _read_run, collect

SHORT = [*SMALL, "training.epochs=1", "seed=0,1"]
SAMPLE = int(os.environ.get("SCRATCHNET_DISTURBANCES", "2"))  # of each kind; the machine at rest has time for more
pytestmark = pytest.mark.usefixtures("warmed")


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


@pytest.mark.parametrize("dies", [False, True])
def test_a_part_of_a_killed_sweep_goes_on_and_the_rest_keeps_its_state(
    tmp_path: Path, dies: bool, expected: dict[str, dict[str, object]]
) -> None:
    sweep = killed(tmp_path, "grid", 3)
    part = [text.replace("optimizer.lr=0.1,0.3", "optimizer.lr=0.3") for text in SWEEPS["grid"]]
    before = contents(sweep)
    assert "2 to train in 1 stack" in command(tmp_path, [*part, "sweep.dry_run=true"]).out
    assert contents(sweep) == before

    def die() -> None:
        from pipeline.sweep import _states

        _states.discard = lambda path: os.kill(os.getpid(), signal.SIGKILL)

    if dies:
        assert command(tmp_path, part, die).status == -signal.SIGKILL
        assert len(list((sweep / ".sweep/stacks").glob("*.safetensors"))) == 3
    for arguments in (part, SWEEPS["grid"]):
        again = command(tmp_path, arguments)
        assert (again.status, again.error) == (0, "")
    assert figures(sweep) == expected["grid"]
    for log in sweep.glob("*/run.log"):
        assert log.read_text().count("resumed after epoch 2") == 1
        assert log.read_text().count("epoch 2/3") == 1
    assert not list((sweep / ".sweep/stacks").iterdir())


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


@pytest.mark.slow
def test_the_script_counts_what_it_tries(tmp_path: Path) -> None:
    assert robustness.calls_of(tmp_path, "grid") > 200
