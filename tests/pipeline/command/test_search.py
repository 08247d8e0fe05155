"""Sweeps that decide as they go: Optuna's suggestions, and successive halving."""

import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commands import NO_REPORT, SLOWLY, contents, figures, pipeline, results, running, stop, wait_for

COMMON = ["dataset=square", "dataset.samples=400", "training.batch_size=16", "training.epochs=9", "sweep.name=s"]
COMMON += [NO_REPORT]
REPORT = "report=true"
SPACE = [
    "optimizer.lr=tag(log,interval(0.001,1.0))",
    "model.hidden=[4],[16]",
    "model.l2=interval(0.0,0.01)",
]
GRID = ["optimizer.lr=0.001,0.01,0.1,0.3,1.0", "model.hidden=[4],[16]"]


def search(trials: int) -> list[str]:
    pytest.importorskip("optuna")
    return ["-m", "hydra/sweeper=search", f"hydra.sweeper.trials={trials}", "hydra.sweeper.batch=4", *COMMON, *SPACE]


def test_a_search_stays_in_its_space_and_goes_on(tmp_path: Path) -> None:
    pipeline(tmp_path, *search(8))
    first = results(tmp_path / "outputs/s")
    assert len(first) == 8
    assert first["config.optimizer.lr"].between(0.001, 1.0).all()
    assert first["config.optimizer.lr"].nunique() == 8
    assert set(first["config.model.hidden"]) <= {"[4]", "[16]"}
    pipeline(tmp_path, *search(12), REPORT)
    table = pd.read_csv(tmp_path / "outputs/s/results.csv")
    assert len(table) == 12
    assert table["identity"].head(8).tolist() == first["identity"].tolist()
    assert (tmp_path / "outputs/s/report/figures/search.svg").exists()
    before = contents(tmp_path / "outputs/s/11")
    pipeline(tmp_path, *search(12))
    assert contents(tmp_path / "outputs/s/11") == before


def test_a_dry_run_plans_a_batch_as_the_search_will_and_says_how_long(tmp_path: Path) -> None:
    out, _ = pipeline(tmp_path, *search(10), "seed=0,1", "sweep.dry_run=true")
    assert not contents(tmp_path)
    assert "10 points in 3 batches, each about as long as the first:" in out
    assert out[-1].startswith("expected: about ")
    plan = next(line for line in out if line.startswith("8 runs"))
    pipeline(tmp_path, *search(4), "seed=0,1")
    trained, _ = pipeline(tmp_path, *search(10), "seed=0,1", "sweep.dry_run=true")
    assert next(line for line in trained if line.startswith("8 runs")) != plan  # its first batch is finished


@pytest.mark.slow
def test_a_search_that_was_killed_ends_as_one_that_was_not(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    words = [*search(8), "training.kernel=plain"]
    pipeline(whole, *words)
    with running(killed, *words, step=SLOWLY) as process:
        wait_for(killed / "outputs/s/2/history.csv")
        time.sleep(0.3)
        assert process.poll() is None
        stop(process, signal.SIGKILL)
    pipeline(killed, *words)
    assert figures(killed / "outputs/s") == figures(whole / "outputs/s")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["seed=0"], "hydra/sweeper=search: nothing to search over; give intervals or lists"),
        (["optimizer.lr=interval(-1.0,1.0)"], "optimizer.lr=-1.0: should be greater than 0"),
        (["optimizer.lr=interval(0.1,0.01)"], "optimizer.lr=interval(0.1,0.01): give two finite numbers, the smaller"),
        (["optimizer.lr=interval(0.1,inf)"], "optimizer.lr=interval(0.1,inf): give two finite numbers, the smaller"),
        (["training.epochs=tag(log,interval(0,5))"], "training.epochs=tag(log,interval(0,5)): a logarithm needs"),
        (["training.epochs=range(5,1)"], "training.epochs=range(5,1): no values; give a range or glob that matches"),
        (["training.epochs=range(1,5,0)"], "training.epochs=range(1,5,0): range() arg 3 must not be zero"),
        (["optimizer.lr=glob(nothing*)"], "optimizer.lr=glob(nothing*): no values; give a range or glob that matches"),
        (["model.hidden=4,8"], "model.hidden=4: should be a valid list"),
        (["hydra.sweeper.trials=0", "seed=1,2"], "hydra.sweeper.trials=0: allowed: 1 to 1000000"),
        (["hydra.sweeper.batch=-1", "seed=1,2"], "hydra.sweeper.batch=-1: allowed: 1 to 100000"),
        (["hydra.sweeper.seed=-3", "seed=1,2"], "hydra.sweeper.seed=-3: allowed: 0 to 2147483648"),
    ],
)
def test_a_space_that_cannot_be_searched_is_said_first(tmp_path: Path, arguments: list[str], message: str) -> None:
    pytest.importorskip("optuna")
    _, error = pipeline(tmp_path, "-m", "hydra/sweeper=search", *COMMON, *arguments, status=1)
    assert error[0].startswith(message)
    assert not list((tmp_path / "outputs").rglob("history.csv"))


def test_a_journal_that_cannot_be_locked_is_told(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    from optuna.storages.journal import JournalFileOpenLock

    from pipeline.command.search import _told
    from pipeline.errors import UserError

    lock = JournalFileOpenLock(str(tmp_path / "study.journal"))
    with pytest.raises(UserError, match=r"study\.journal: cannot be locked .*; check the disk"), _told(tmp_path):
        lock.release()  # of a lock whose file is gone
    with pytest.raises(RuntimeError, match="something else"), _told(tmp_path):
        raise RuntimeError("something else")


def test_an_interval_of_a_whole_number_is_told_how_to_be_one(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    _, error = pipeline(tmp_path, "-m", "hydra/sweeper=search", *COMMON, "training.batch_size=interval(1,3)", status=1)
    assert error[-1] == "whole numbers of an interval: training.batch_size=int(interval(…))"
    pipeline(
        tmp_path, "-m", "hydra/sweeper=search", *COMMON, "training.batch_size=int(interval(1,3))", "sweep.dry_run=true"
    )


def test_a_grid_has_no_intervals(tmp_path: Path) -> None:
    _, error = pipeline(tmp_path, "-m", *COMMON, "optimizer.lr=interval(0.1,1.0)", status=1)
    assert error == [
        "optimizer.lr=interval(0.1,1.0): a grid cannot have intervals; list the values, optimizer.lr=0.1,0.2, or "
        "search with hydra/sweeper=search"
    ]


@pytest.mark.slow
def test_halving_trains_the_best_on_and_a_grid_goes_on_from_there(tmp_path: Path) -> None:
    out, _ = pipeline(tmp_path, "-m", "sweep=halving", *COMMON, *GRID, REPORT)
    assert out[1] == "halving: 10 to epoch 2, 4 to epoch 4, 2 to epoch 9"
    table = pd.read_csv(tmp_path / "outputs/s/results.csv")
    assert sorted(table["metric.final_epoch"]) == [2] * 6 + [4] * 2 + [9] * 2
    early = {run: score_at(tmp_path / "outputs/s" / str(run), 2) for run in table["run"]}
    went_on = set(table["run"][table["metric.final_epoch"] > 2])
    assert went_on == set(sorted(early, key=lambda run: early[run], reverse=True)[:4])
    page = (tmp_path / "outputs/s/report/index.html").read_text()
    assert "Halving dropped 8 of 10 runs before their end: 38 of 90 epochs were trained, 58 % were saved." in page
    before = figures(tmp_path / "outputs/s")
    pipeline(tmp_path, "-m", "sweep=halving", *COMMON, *GRID)
    assert figures(tmp_path / "outputs/s") == before
    pipeline(tmp_path, "-m", *COMMON, *GRID)  # the rest, from where they were dropped
    whole = [text.replace("=s", "=whole") if text == "sweep.name=s" else text for text in COMMON]
    pipeline(tmp_path, "-m", *whole, *GRID)
    assert figures(tmp_path / "outputs/s") == figures(tmp_path / "outputs/whole")


def score_at(run: Path, epoch: int) -> tuple[float, float]:
    history = pd.read_csv(run / "history.csv")
    early = history[history["epoch"].between(1, epoch)]
    return early["validation_accuracy"].max(), -early["validation_loss"].min()


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes", "random", "qmc"])
def test_seeds_replicate_the_points_of_a_search(tmp_path: Path, sampler: str) -> None:
    optuna = pytest.importorskip("optuna")
    pipeline(tmp_path, *search(4), f"hydra.sweeper.sampler={sampler}", "seed=range(5,8)", "training.epochs=3")
    points = results(tmp_path / "outputs/s").groupby("config.optimizer.lr")
    assert len(points) == 4
    assert all(sorted(point["config.seed"]) == [5, 6, 7] for _, point in points)
    [study] = studies(optuna, tmp_path / "outputs/s")
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert study.best_value == max(trial.value for trial in study.trials)
    for trial in study.trials:
        runs = points.get_group(trial.params["optimizer.lr"])
        assert trial.value == pytest.approx(runs["metric.best_validation_accuracy"].mean(), abs=1e-12)
        assert trial.user_attrs["mean_best_test_accuracy"] == pytest.approx(runs["metric.best_test_accuracy"].mean())
        assert {Path(folder).name for folder in trial.user_attrs["folders"]} == set(runs["run"].astype(str))
        assert set(trial.intermediate_values) == {1, 2, 3}


def studies(optuna: Any, sweep: Path) -> list[Any]:
    """The studies that Optuna's own tools see in a sweep's folder; the sweep's name is theirs."""
    backend = optuna.storages.journal.JournalFileBackend(str(sweep / ".sweep" / "study.journal"))
    storage = optuna.storages.JournalStorage(backend)
    assert optuna.get_all_study_names(storage) == [sweep.name]
    return [optuna.load_study(study_name=sweep.name, storage=storage)]


def test_a_search_prunes_by_halving_each_batch(tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    _, error = pipeline(tmp_path, *search(8), "sweep=halving", "seed=0,1")
    assert "Warning" not in "".join(error)
    table = results(tmp_path / "outputs/s")
    assert len(table) == 16
    [study] = studies(optuna, tmp_path / "outputs/s")
    states = [trial.state.name for trial in study.trials]
    assert states.count("COMPLETE") == 2  # the best of each batch of four
    assert states.count("PRUNED") == 6
    for trial in study.trials:
        runs = table[table["config.optimizer.lr"] == trial.params["optimizer.lr"]]
        assert runs["metric.final_epoch"].nunique() == 1  # the seeds of a point stay together
        assert trial.value == pytest.approx(runs["metric.best_validation_accuracy"].mean(), abs=1e-12)
        whole = (runs["metric.final_epoch"] == 9).all()
        assert whole == (trial.state.name == "COMPLETE")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["grid", "halving", "search"])
def test_a_sweep_whose_hours_are_over_goes_on_with_the_same_command(tmp_path: Path, kind: str) -> None:
    command = search(6) if kind == "search" else ["-m", f"sweep={kind}", *COMMON, *GRID]
    out, _ = pipeline(tmp_path, *command, "sweep.hours=0.00001")
    if kind != "search":
        assert f"sweep.hours=1e-05 are over: of {10} runs {10} not begun; the same command goes on" in out
    assert not list((tmp_path / "outputs").rglob("history.csv"))
    pipeline(tmp_path, *command, "sweep.hours=1")
    whole = [text.replace("=s", "=whole") if text == "sweep.name=s" else text for text in command]
    pipeline(tmp_path, *whole)
    assert figures(tmp_path / "outputs/s") == figures(tmp_path / "outputs/whole")


@pytest.mark.slow
def test_the_best_of_a_sweep_are_confirmed_on_new_seeds(tmp_path: Path) -> None:
    command = ["-m", *COMMON, *GRID, "seed=0,3"]
    pipeline(tmp_path, *command)
    pipeline(tmp_path, *command, "sweep=confirm", "sweep.top=2", "sweep.seeds=3")
    sweep, new = (results(tmp_path / "outputs" / name) for name in ("s", "s-confirmed"))
    keys = ["config.optimizer.lr", "config.model.hidden"]
    means = sweep.groupby(keys)["metric.best_validation_accuracy"].mean().sort_values(ascending=False)
    assert set(new.groupby(keys).groups) == set(means.index[:2])
    assert all(sorted(seeds) == [4, 5, 6] for _, seeds in new.groupby(keys)["config.seed"])
    before = figures(tmp_path / "outputs/s-confirmed")
    pipeline(tmp_path, "-m", "sweep=confirm", "sweep.name=s", "sweep.top=2", "sweep.seeds=3")  # that is enough
    assert figures(tmp_path / "outputs/s-confirmed") == before
    pipeline(tmp_path, *command[:-1], "seed=0,3,9")
    _, error = pipeline(tmp_path, *command, "sweep=confirm", "sweep.top=2", status=1)
    assert "confirms what s had selected before it went on; move it away" in error[-1]


@pytest.mark.slow
def test_what_replicated_in_a_sweep_replicates_in_its_confirmation(tmp_path: Path) -> None:
    """Also where its command does not say so again: one split alone would have been selected on."""
    pipeline(tmp_path, "-m", *COMMON, "optimizer.lr=0.1,0.3", "dataset.seed=0,1", "sweep.replicates=[dataset.seed]")
    lines, _ = pipeline(tmp_path, "-m", "sweep=confirm", "sweep.name=s", "sweep.top=3", "sweep.seeds=2")
    assert "s: of its settings 2 finished, less than sweep.top=3; all train" in lines
    shutil.rmtree(tmp_path / "outputs/s-confirmed")
    lines, _ = pipeline(tmp_path, "-m", "sweep=confirm", "sweep.name=s", "sweep.top=1", "sweep.seeds=2")
    new = results(tmp_path / "outputs/s-confirmed")
    assert sorted(zip(new["config.dataset.seed"], new["config.seed"], strict=True)) == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert "mean of 4 replicates" in lines[-2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep=confirm", "sweep.name=none"], "sweep=confirm: there is no sweep in outputs/none; give the sweep.name"),
        (["hydra/sweeper=search", "seed=interval(0,9)"], "seed=interval(0,9): replicates every point, and a point's"),
        (
            ["hydra/sweeper=search", "hydra.sweeper.sampler=grid"],
            "hydra.sweeper.sampler=grid: allowed: tpe, gp, cmaes,",
        ),
        (["sweep.hours=0"], "sweep.hours=0: should be greater than 0"),
        (["hydra/launcher=basic", "sweep.hours=1"], "hydra/launcher=basic: does not know sweep.hours; use"),
        (["sweep=confirm", "sweep.top=0"], "sweep.top=0"),
    ],
)
def test_what_cannot_be_searched_or_confirmed_is_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    axes = ["optimizer.lr=interval(0.1,1.0)"] if "hydra/sweeper=search" in arguments else ["optimizer.lr=0.1,0.2"]
    _, error = pipeline(tmp_path, "-m", *COMMON, *axes, *arguments, status=1)
    assert error[0].startswith(message)
    assert not (tmp_path / "outputs").exists()


def test_a_search_goes_for_more_of_what_is_better_so() -> None:
    from pipeline.command.search import _higher_is_better

    better = {"auto": True, "validation_accuracy": True, "validation_roc_auc": True, "validation_loss": False}
    assert {select: _higher_is_better(select) for select in better} == better
