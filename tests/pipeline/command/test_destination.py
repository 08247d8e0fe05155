"""What must not start is refused in one line, and nothing is written."""

import os
import signal
import time
from pathlib import Path

import pytest
from commands import COMMON, ENDLESS, LONGER, NO_REPORT, contents, pipeline, running, wait_for

TINY = [*COMMON[:1], "dataset.samples=60", "training.epochs=1", "model.hidden=[3]", NO_REPORT]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["seed=range(0,0)"], "seed=range(0,0): no values; give a range or glob that matches at least one"),
        (["experiment=glob(none*)"], "experiment=glob(none*): no values; give a range or glob that matches"),
        (["sweep.name=../up", "seed=0,1"], "sweep.name=../up: must be a name below outputs/, without .."),
        (["sweep.name=a/../../up", "seed=0,1"], "sweep.name=a/../../up: must be a name below outputs/, without .."),
        (["sweep.name=/tmp/s", "seed=0,1"], "sweep.name=/tmp/s: must be a name below outputs/, without .."),
        (["sweep.resume=outputs/none", "seed=0,1"], "sweep.resume=outputs/none: no such folder"),
        (
            ["hydra.sweep.subdir=lr${optimizer.lr}", "optimizer.lr=0.1,0.2", "seed=0,1", "sweep.name=s"],
            "hydra.sweep.subdir: jobs 0 and 1 would both write to outputs/s/lr0.1, but they differ (seed=0, seed=1)",
        ),
        (["seed=range(10000000)"], "100,001 runs or more (seed 100,001): a grid may have at most 100,000"),
        (
            ["seed=range(1000)", "training.batch_size=range(1,201)"],
            "200,000 runs or more (seed 1,000, training.batch_size 200)",
        ),
        (
            ["training.threads=1000000000"],
            "training.threads=1000000000: should be less than or equal to 1024; allowed:",
        ),
        (["dataset.samples=1000000000000"], "dataset.samples=1000000000000: should be less than"),
        (["model.hidden=[9223372036854775807]"], "model.hidden=[9223372036854775807]: item 0 should be less than"),
        (["training.batch_size=${oc.env:NOT_SET}"], "training.batch_size: environment variable NOT_SET is not set; "),
        (["model=null"], "model=null: a group needs a choice; model=layers|mlp|patch_mlp"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    _, error = pipeline(tmp_path, "-m", *TINY, *arguments, status=1)
    assert len(error) == 1
    assert error[0].startswith(message)
    assert contents(tmp_path) == {}


def test_a_sweep_does_not_go_into_the_folder_of_a_run(tmp_path: Path) -> None:
    pipeline(tmp_path, *TINY, "hydra.run.dir=outputs/one")
    before = contents(tmp_path)
    _, error = pipeline(tmp_path, "-m", *TINY, "seed=0,1", "sweep.name=one", status=1)
    assert error == ["outputs/one: is the folder of a single run, not of a sweep; give another sweep.name"]
    assert contents(tmp_path) == before


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_of_the_machine_ends_a_sweep_as_ctrl_c_does_and_at_once(tmp_path: Path, number: int) -> None:
    with running(tmp_path, "-m", *ENDLESS, "seed=0,1", "hydra.launcher.workers=2") as process:
        wait_for(tmp_path / "outputs/s/0/history.csv")
        os.kill(process.pid, number)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    message = "stopped; finished runs are kept; to resume, repeat the command with sweep.resume=outputs/s"
    assert message in error.splitlines()
    assert "Traceback" not in error
    assert "report:" not in out
    pipeline(tmp_path, "-m", *LONGER, "training.epochs=2", "seed=0,1", "sweep.mismatch=retrain", NO_REPORT)


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.8, 1.2, 1.6, 2.0, 3.0])
def test_ctrl_c_twice_at_any_moment_leaves_no_traceback(tmp_path: Path, delay: float) -> None:
    with running(tmp_path, "-m", *TINY, "seed=0,1,2", "sweep.name=s") as process:
        time.sleep(delay)
        for _ in range(2):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
                time.sleep(0.3)
        _, error = process.communicate(timeout=60)
    assert process.returncode in (0, 130), error
    assert "Traceback" not in error
