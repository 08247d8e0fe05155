"""Sweeps from the command line: merged, continued, locked, and stopped in every way that a machine can."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
import torch
from commands import (
    COMMON,
    ENDLESS,
    GRID,
    LONGER,
    NO_REPORT,
    SLOWLY,
    assert_readable,
    contents,
    figures,
    pipeline,
    results,
    running,
    stepping,
    stop,
    wait_for,
)

QUIET = [*COMMON, NO_REPORT]
KILLS = int(os.environ.get("SCRATCHNET_KILLS", "3"))  # the machine at rest has time for more


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("undisturbed")
    pipeline(folder, "-m", *LONGER, *GRID, "hydra.launcher.workers=2", NO_REPORT)
    return figures(folder / "outputs/s")


def test_the_same_command_again_trains_nothing_and_changes_no_run(tmp_path: Path) -> None:
    arguments = ["-m", *COMMON, "optimizer.lr=0.1,0.3"]
    pipeline(tmp_path, *arguments)
    sweep = tmp_path / "outputs/s"
    before = {name: data for name, data in contents(sweep).items() if name[0].isdecimal()}
    out, _ = pipeline(tmp_path, *arguments)
    assert out[0] == "2 runs, 2 finished before: nothing to train -> outputs/s"
    assert out[1].startswith("best: learning rate ")
    assert out[2:] == ["report: outputs/s/report/index.html"]
    assert before == {name: data for name, data in contents(sweep).items() if name[0].isdecimal()}


def test_new_points_of_the_grid_are_added_with_numbers_of_their_own(tmp_path: Path) -> None:
    pipeline(tmp_path, "-m", *QUIET, "optimizer.lr=0.1,0.3")
    out, _ = pipeline(tmp_path, "-m", *QUIET, "optimizer.lr=0.2,0.3,0.1,1e-1")
    assert out[0] == ("4 runs, 1 requested twice, 2 finished before: 1 to train in 1 stack on 1 process -> outputs/s")
    table = results(tmp_path / "outputs/s")
    assert dict(zip(table["run"], table["config.optimizer.lr"], strict=True)) == {0: 0.1, 1: 0.3, 2: 0.2}
    assert table["identity"].nunique() == 3
    overrides = (tmp_path / "outputs/s/2/.hydra/overrides.yaml").read_text()
    assert "optimizer.lr=0.2" in overrides
    assert "num: 2" in (tmp_path / "outputs/s/2/.hydra/hydra.yaml").read_text()


def test_a_sweep_without_a_name_goes_on_by_its_folder(tmp_path: Path) -> None:
    arguments = ["-m", *(text for text in QUIET if not text.startswith("sweep"))]
    out, _ = pipeline(tmp_path, *arguments, "seed=0,1")
    folder = out[0].rpartition(" -> ")[2]
    out, _ = pipeline(tmp_path, *arguments, "seed=0,1,2", f"sweep.resume={folder}")
    assert out[0] == f"3 runs, 2 finished before: 1 to train in 1 stack on 1 process -> {folder}"


def test_a_dry_run_prints_the_plan_and_writes_nothing(tmp_path: Path) -> None:
    arguments = ["-m", *QUIET, "training.epochs=1,3", "model.hidden=[4],[9]", "sweep.dry_run=true"]
    out, _ = pipeline(tmp_path, *arguments, "hydra.launcher.workers=2")
    assert out[0] == "4 runs, 2 shorter lengths of others: 2 to train in 2 stacks on 2 processes -> outputs/s"
    assert len(out) == 4
    assert out[-1].startswith("expected: ")
    out, _ = pipeline(tmp_path, *arguments)  # so little work is done before a worker has started
    assert out[0].endswith("2 to train in 2 stacks on 1 process -> outputs/s")
    assert not contents(tmp_path)


def test_keys_in_step(tmp_path: Path) -> None:
    zipped = "sweep.zip=[[optimizer.lr,training.batch_size]]"
    pipeline(tmp_path, "-m", *QUIET, "optimizer.lr=0.1,0.2,0.3", "seed=0,1", "training.batch_size=8,16,32", zipped)
    rows = results(tmp_path / "outputs/s")[
        ["config.optimizer.lr", "config.training.batch_size", "config.seed"]
    ].values.tolist()
    assert rows == [[lr, size, seed] for lr, size in ((0.1, 8), (0.2, 16), (0.3, 32)) for seed in (0, 1)]
    _, error = pipeline(tmp_path, "-m", *QUIET, "optimizer.lr=0.1,0.2", "training.batch_size=8,16,32", zipped, status=1)
    assert error == [
        "sweep.zip: zipped keys need equal numbers of values, but optimizer.lr has 2, training.batch_size has 3"
    ]
    _, error = pipeline(tmp_path, "-m", *QUIET, "optimizer.lr=0.1,0.2", zipped, status=1)
    assert error[0].startswith("sweep.zip: training.batch_size: not swept; give it several values")


def test_runs_that_would_be_something_else_now_are_never_mixed_in(tmp_path: Path) -> None:
    group = tmp_path / "mine" / "schedule"
    group.mkdir(parents=True)
    (group / "own.yaml").write_text("name: step\nevery: 2\ngamma: 0.5\n")
    arguments = ["--config-dir", "mine", "-m", *QUIET, "schedule=own", "seed=0,1"]
    pipeline(tmp_path, *arguments)
    (group / "own.yaml").write_text("name: step\nevery: 2\ngamma: 0.1\n")
    sweep = tmp_path / "outputs/s"
    before = contents(sweep)
    _, error = pipeline(tmp_path, *arguments, status=1)
    assert error == [
        "outputs/s: the configuration of 2 runs (0, 1) changed since they were trained; old and new figures do not "
        "belong in one table: give another sweep.name, or sweep.mismatch=retrain (the old runs move to "
        ".sweep/replaced/), or sweep.mismatch=keep"
    ]
    after = contents(sweep)
    assert {name: after[name] for name in before if not name.startswith((".sweep", "multirun"))} == {
        name: data for name, data in before.items() if not name.startswith((".sweep", "multirun"))
    }
    out, _ = pipeline(tmp_path, *arguments, "sweep.mismatch=keep")
    assert out[0] == "2 runs, 2 finished before: nothing to train -> outputs/s"
    pipeline(tmp_path, *arguments, "sweep.mismatch=retrain")
    assert set(results(sweep)["config.schedule.gamma"]) == {0.1}
    assert contents(sweep / ".sweep/replaced/0-0")["result.json"] == before["0/result.json"]


@pytest.mark.slow
def test_one_sweep_at_a_time_in_a_folder(tmp_path: Path) -> None:
    with running(tmp_path, "-m", *ENDLESS, "seed=0,1") as first:
        wait_for(tmp_path / "outputs/s/0/history.csv")
        _, error = pipeline(tmp_path, "-m", *LONGER, "seed=0,1", status=1)
    assert error[0].startswith(f"outputs/s: process {first.pid} on ")
    assert error[0].endswith("is training in it; wait for it to end, or give another sweep.name")
    pipeline(tmp_path, "-m", *LONGER, "training.epochs=2", "seed=0,1", NO_REPORT)  # the lock went with its process


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(KILLS))
def test_killed_at_any_moment_it_goes_on_to_the_same_figures(
    tmp_path: Path, undisturbed: dict[str, object], attempt: int
) -> None:
    # Other moments each time the tests run; a failure shows the seed, with which it can be run again.
    seed = int(os.environ.get("KILL_SEED", attempt + 1000 * int(time.time())))
    print(f"KILL_SEED={seed}")
    moments = random.Random(seed)
    sweep = tmp_path / "outputs/s"
    arguments = ["-m", *LONGER, *GRID, "hydra.launcher.workers=2"]
    for _ in range(3):
        with running(tmp_path, *arguments, step=SLOWLY) as process:
            time.sleep(moments.uniform(1.0, 9.0))
            stop(process, signal.SIGKILL, whole=moments.random() < 0.5)
        assert_readable(sweep) if sweep.exists() else None
    time.sleep(0.5)
    pipeline(tmp_path, *arguments)
    assert_readable(sweep)
    assert figures(sweep) == undisturbed
    assert not list((sweep / ".sweep/stacks").iterdir())


@pytest.mark.slow
def test_a_killed_worker_costs_nothing(tmp_path: Path, undisturbed: dict[str, object]) -> None:
    with running(tmp_path, "-m", *LONGER, *GRID, "hydra.launcher.workers=2", step=SLOWLY) as process:
        wait_for(tmp_path / "outputs/s/0/history.csv")
        children = psutil.Process(process.pid).children()
        [server] = [child for child in children if "forkserver" in " ".join(child.cmdline())]
        worker, _ = server.children()
        worker.kill()
        _, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    assert figures(tmp_path / "outputs/s") == undisturbed


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    with running(tmp_path, "-m", *ENDLESS, "seed=0,1") as process:
        wait_for(tmp_path / "outputs/s/0/history.csv")
        time.sleep(1)
        os.killpg(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.splitlines()[-1] == (
        "stopped; finished runs are kept; to resume, repeat the command with sweep.resume=outputs/s"
    )
    assert out.splitlines()[-1] == "report: outputs/s/report/index.html"
    assert_readable(tmp_path / "outputs/s")
    assert set(pd.read_csv(tmp_path / "outputs/s/results.csv")["status"]) == {"interrupted"}


@pytest.mark.slow
def test_a_disk_that_is_full_is_said_and_what_is_there_stays_readable(tmp_path: Path) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    with running(tmp_path, "-m", *COMMON, "model.hidden=[4],[4000]", before=small) as process:
        _, error = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "File too large" in error
    assert_readable(tmp_path / "outputs/s")
    pipeline(tmp_path, "-m", *QUIET, "model.hidden=[4],[4000]")
    assert set(results(tmp_path / "outputs/s")["status"]) == {"finished"}


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("a file where the folder should be")
    _, error = pipeline(tmp_path, "-m", *COMMON, "seed=0,1", status=1)
    assert error == [
        "outputs/s: cannot be written: outputs/s/.sweep: Not a directory; move away the file that is in a folder's "
        "place, or give another folder, then repeat the command"
    ]


def sabotaged(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, where a step of lr 0.6 ends the process, 0.7 asks it to end, 0.8 raises an error."""
    fails = (
        "if 0.6 in lrs: os._exit(1)\n"
        "if 0.7 in lrs: raise SystemExit('asked to end')\n"
        "if 0.8 in lrs: raise ValueError('a bad step')"
    )
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "-m", *COMMON, "training.kernel=plain", *arguments],
        cwd=folder,
        env=stepping(folder, fails),
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
def test_one_that_fails_leaves_the_others_of_its_stack(tmp_path: Path) -> None:
    process = sabotaged(tmp_path, "optimizer.lr=0.1,0.7,0.8,0.3")
    assert process.returncode == 1
    results = pd.read_csv(tmp_path / "outputs/s/results.csv")
    assert list(results["status"]) == ["finished", "failed", "failed", "finished"]
    assert list(results["message"][1:3]) == ["SystemExit: asked to end", "ValueError: a bad step"]
    assert "Traceback" in (tmp_path / "outputs/s/2/run.log").read_text()
    assert process.stdout.splitlines()[-1] == "report: outputs/s/report/index.html"


@pytest.mark.slow
def test_one_that_takes_its_worker_along_leaves_the_others(tmp_path: Path) -> None:
    process = sabotaged(tmp_path, "optimizer.lr=0.1,0.6,0.3,0.2", "hydra.launcher.workers=2")
    assert process.returncode == 1
    results = pd.read_csv(tmp_path / "outputs/s/results.csv")
    assert list(results["status"]) == ["finished", "failed", "finished", "finished"]
    assert results["message"][1].startswith("the worker process died while training it, repeatedly")
    assert process.stdout.splitlines()[-1] == "report: outputs/s/report/index.html"


@pytest.mark.slow
def test_one_that_takes_the_command_along_fails_in_the_next(tmp_path: Path) -> None:
    """With one stack everything trains in the command's own process; after a death it does not."""
    process = sabotaged(tmp_path, "optimizer.lr=0.1,0.6")
    assert process.returncode == 1
    assert not list(tmp_path.glob("outputs/s/*/result.json"))
    process = sabotaged(tmp_path, "optimizer.lr=0.1,0.6")
    assert process.returncode == 1
    results = pd.read_csv(tmp_path / "outputs/s/results.csv")
    assert list(results["status"]) == ["finished", "failed"]
    assert results["message"][1].startswith("the worker process died while training it, repeatedly")
    assert process.stdout.splitlines()[-1] == "report: outputs/s/report/index.html"


def test_what_cannot_fit_is_refused(tmp_path: Path) -> None:
    _, error = pipeline(tmp_path, "-m", *COMMON, "model.hidden=[4],[2000000000,2000]", "seed=0,1", status=1)
    assert len(error) == 1
    assert error[0].startswith(
        "model.hidden=[2000000000,2000]: needs at least 44,770.5 GiB for its 4,006,000,006,002 parameters"
    )
    _, error = pipeline(tmp_path, *COMMON, "model.hidden=[2000000000,2000]", status=1)
    assert error[-1].endswith("; use a smaller network")


def test_what_the_latest_command_says_of_the_sweep_holds_for_all_its_runs(tmp_path: Path) -> None:
    words = ("-m", *QUIET, "optimizer.lr=0.1,0.3", "dataset.seed=0,1", "report=true")
    pipeline(tmp_path, *words, "sweep.title=Old", "sweep.note=Beware")
    output, _ = pipeline(tmp_path, *words, "sweep.title=New", "sweep.replicates=[dataset.seed]")
    assert "4 finished before: nothing to train" in output[0]
    assert "mean of 2 replicates" in output[-2]
    report = (tmp_path / "outputs/s/report/report.md").read_text()
    assert report.startswith("# New\n")
    assert "Beware" in report  # of which nothing else was said
    pipeline(tmp_path, *words, "optimizer.lr=0.3,0.5")
    assert (tmp_path / "outputs/s/report/report.md").read_text().startswith("# Old\n")


def test_a_command_that_is_refused_tells_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    words = ("-m", *QUIET, "optimizer.lr=0.1,0.3", "report=true")
    pipeline(tmp_path, *words)
    for wrong, said in (("seed=-1", "seed=-1: should be"), ("training.device=cpu,cuda", "torch sees no CUDA device")):
        if wrong == "training.device=cpu,cuda" and torch.cuda.is_available():
            continue
        output, error = pipeline(tmp_path, *words, wrong, status=1)
        assert output == []
        assert said in error[-1]


@pytest.mark.slow
def test_max_failures_stops_early(tmp_path: Path) -> None:
    options = ("sweep.max_failures=1", "hydra.launcher.workers=1")
    process = sabotaged(tmp_path, "optimizer.lr=0.7", "model.hidden=[4],[400],[40]", *options)
    results = pd.read_csv(tmp_path / "outputs/s/results.csv")
    assert list(results["status"]) == ["failed"]
    assert process.returncode == 1
    failed = results["run"][0]  # the others were not trained because of it
    assert process.stderr.splitlines()[-1].startswith(f"outputs/s/{failed}: ")
    assert "not begun: 2 more runs that the sweep asks for" in process.stdout.splitlines()
    report = (tmp_path / "outputs/s/report/report.md").read_text()
    assert "Not begun: 2 more runs that the sweep asks for." in report
    assert "This command trains all runs again, and 2 that have not begun, and writes this report:" in report


@pytest.mark.parametrize("damage", ["cut", "flipped", "[]", "null", '{"runs": [1]}', "", "[" * 100_000])
def test_a_damaged_plan_is_made_anew(tmp_path: Path, damage: str) -> None:
    words = ("-m", *QUIET, "optimizer.lr=0.1,0.3")
    pipeline(tmp_path, *words)
    sweep = tmp_path / "outputs/s"
    before, plan = figures(sweep), sweep / ".sweep/plan.json"
    text = plan.read_text()
    plan.write_text({"cut": text[: len(text) // 2], "flipped": text.replace("lr=0.1", "lr=0.7", 1)}.get(damage, damage))
    output, error = pipeline(tmp_path, *words)
    assert error[0].endswith("plan.json: damaged; moved to plan.json.damaged, and rebuilt from the runs' own files")
    assert "2 finished before: nothing to train" in output[0]
    assert figures(sweep) == before
    assert plan.read_text() == text
