"""result.json: whatever a file holds, reading it never raises, and one bad run never hides the others."""

import json
import math
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commands import NO_REPORT
from commands import pipeline as command
from hypothesis import given
from hypothesis import strategies as st
from written import write_run

import pipeline
from pipeline.report.build import build
from pipeline.report.comparison import Comparison
from pipeline.report.page._summary import summary
from pipeline.runs.job import Job
from pipeline.runs.problem import Problem
from pipeline.runs.read import Collected, collect
from pipeline.runs.result import Result, read_result
from pipeline.sweep import halving
from pipeline.sweep.board import Board
from pipeline.sweep.ledger import Ledger

MakeJob = Callable[..., Job]
OLD = Path(__file__).parents[1] / "sweep" / "of_version_0_1"


def changed(**facts: Any) -> Callable[[Path], object]:
    def change(run: Path) -> object:
        path = run / "result.json"
        return path.write_text(json.dumps(json.loads(path.read_text()) | facts))

    return change


def holding(content: bytes, name: str = "result.json") -> Callable[[Path], object]:
    return lambda run: (run / name).write_bytes(content)


def folder_instead(name: str) -> Callable[[Path], object]:
    def change(run: Path) -> object:
        (run / name).unlink()
        return (run / name).mkdir()

    return change


RESULTS: dict[str, Callable[[Path], object]] = {
    "empty": holding(b""),
    "null": holding(b"null"),
    "a list": holding(b"[1]"),
    "half": holding(b'{"format": 1, "stat'),
    "not UTF-8": holding(b'{"format": 1, "status": "\xff\xfe"}'),
    "200 000 brackets": holding(b"[" * 200_000),
    "200 000 objects": holding(b'{"format": 1, "config": ' + b'{"a":' * 200_000),
    "a folder": folder_instead("result.json"),
    "another format": changed(format=2),
    "an unknown status": changed(status="done"),
    "message an object": changed(message={"text": "no"}),
    "task a number": changed(task=3),
    "identity a string": changed(identity="abc"),
    "identity of numbers": changed(identity={"run": 3}),
    "metrics null": changed(metrics=None),
    "metrics as text": changed(metrics={"best_validation_accuracy": "0.9"}),
    "metrics nested": changed(metrics={"best": {"validation_accuracy": 0.9}}),
    "metrics a truth": changed(metrics={"best_validation_accuracy": True}),
    "metrics huge": changed(metrics={"best_epoch": 10**400}),
    "seconds a list": changed(seconds=[1.0]),
    "provenance text": changed(provenance="here"),
    "overrides an object": changed(overrides={"seed": 1}),
    "config a list": changed(config=[]),
    "config null": changed(config=None),
    "config huge": changed(config={"training": {"epochs": 10**400}}),
    "config infinite": changed(config={"optimizer": {"lr": math.inf}}),
    "dropped at text": changed(dropped_at_epoch="2"),
    "dropped before the start": changed(dropped_at_epoch=-1),
}
HISTORIES: dict[str, Callable[[Path], object]] = {
    "empty": holding(b"", "history.csv"),
    "only a head": holding(b"epoch,train_loss\n", "history.csv"),
    "no epoch": holding(b"train_loss\n0.5\n", "history.csv"),
    "not UTF-8": holding(b"epoch,train_loss\n1,\xff\n", "history.csv"),
    "a folder": folder_instead("history.csv"),
    "a repeated column": holding(b"epoch,train_loss,train_loss\n1,0.5,0.6\n", "history.csv"),
    "a column run": holding(b"run,epoch\n7,1\n", "history.csv"),
    "an infinite epoch": holding(b"epoch,train_loss\ninf,0.5\n", "history.csv"),
    "a negative epoch": holding(b"epoch,train_loss\n-1,0.5\n", "history.csv"),
    "half an epoch": holding(b"epoch,train_loss\n0.5,0.5\n", "history.csv"),
    "a huge epoch": holding(b"epoch,train_loss\n1e300,0.5\n", "history.csv"),
    "a huge cell": holding(b"epoch,train_loss\n1," + b"9" * 200_000 + b"\n", "history.csv"),
    "NUL": holding(b"epoch,train_loss\n\0,0.5\n", "history.csv"),
    "a line that is cut off": holding(b"epoch,train_loss\n0,0.5\n1", "history.csv"),
    "a line with too many cells": holding(b"epoch,train_loss\n0,0.5\n1,0.5,0.5\n", "history.csv"),
    "text": holding(b"epoch,train_loss\n0,0.5\n1,low\n", "history.csv"),
}


def test_what_is_written_is_read(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job("dataset=square", "seed=3")
    metrics = {"final_epoch": 2, "best_validation_accuracy": 0.1 + 0.2, "final_objective": math.inf}
    result = job.result("diverged", "é\n", "classification", metrics, {"total": 1e-7}, {"device": "cpu"})
    result.write(tmp_path)
    text = (tmp_path / "result.json").read_text()
    assert list(json.loads(text)) == [
        *("format", "status", "message", "task", "identity", "metrics", "seconds", "provenance", "overrides", "files"),
        *("config", "sha256"),
    ]
    again = read_result(tmp_path)
    assert isinstance(again, Result)
    assert again.metrics["best_validation_accuracy"] == again.score == 0.1 + 0.2
    assert '"final_epoch": 2,' in text  # whole numbers stay whole
    assert '"final_objective": null' in text
    assert math.isnan(again.metrics["final_objective"])
    assert math.isnan(result.metrics["final_objective"])  # what has been written and what is in memory are one
    assert again.summary() == "diverged: é\n"
    again.write(tmp_path)
    assert (tmp_path / "result.json").read_text() == text


def test_a_result_of_version_0_1_is_written_again_to_the_byte(tmp_path: Path) -> None:
    result = read_result(OLD / "0")
    assert isinstance(result, Result)
    result.write(tmp_path)
    assert (tmp_path / "result.json").read_bytes() == (OLD / "0" / "result.json").read_bytes()


def test_what_was_dropped_is_a_fact(tmp_path: Path) -> None:
    runs = pipeline.load(OLD).runs  # of version 0.1.0, which said it in the message alone
    assert runs["dropped_at_epoch"].astype(object).where(runs["dropped_at_epoch"].notna(), None).tolist() == [
        None,
        2,
        1,
    ]
    result = read_result(OLD / "0")
    assert isinstance(result, Result)
    result.model_copy(update={"status": "interrupted"}).dropped(3, 5).write(tmp_path)
    facts = json.loads((tmp_path / "result.json").read_text())
    assert (facts["status"], facts["dropped_at_epoch"]) == ("interrupted", 3)
    (tmp_path / "result.json").write_text(json.dumps(facts | {"message": "in other words"}))
    again = read_result(tmp_path)
    assert isinstance(again, Result)
    assert again.dropped_at_epoch == 3


def test_facts_of_a_later_version_are_kept(tmp_path: Path) -> None:
    run = write_run(tmp_path / "0")
    changed(carbon={"kg": 0.1}, status="interrupted")(run)
    result = read_result(run)
    assert isinstance(result, Result)
    result.dropped(1, 1).write(run)
    assert json.loads((run / "result.json").read_text())["carbon"] == {"kg": 0.1}


@pytest.mark.parametrize("case", RESULTS)
def test_a_result_of_another_shape_is_a_problem(tmp_path: Path, case: str) -> None:
    run = write_run(tmp_path / "0")
    RESULTS[case](run)
    problem = read_result(run)
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.place) == ("bad_result", run)
    assert problem.words.startswith("result.json ")
    assert len(problem.words) < 250
    assert "\n" not in problem.words


def bad_sweep(folder: Path) -> list[Path]:
    """Two good runs and one of each case; the bad ones."""
    for number in range(2):
        write_run(folder / f"good-{number}", 0.7 + 0.1 * number, optimizer__lr=0.1 * (number + 1))
    runs = []
    for kind, cases in (("result", RESULTS), ("history", HISTORIES)):
        for number, change in enumerate(cases.values()):
            runs.append(write_run(folder / f"{kind}-{number}", 0.5, optimizer__lr=1.0))
            change(runs[-1])
    return runs


def test_every_bad_run_is_named_and_no_other_is_hidden(tmp_path: Path, make_job: MakeJob) -> None:
    bad = bad_sweep(tmp_path / "s")
    with pytest.warns(UserWarning, match="could not be read in full"):
        loaded = pipeline.load(tmp_path / "s")
    assert isinstance(loaded, Collected)
    assert {problem.place for problem in loaded.problems} == set(bad)
    assert set(loaded.runs["run"]) == {path.name for path in (tmp_path / "s").iterdir()}
    statuses = loaded.runs.set_index("run")["status"]
    assert set(statuses[[f"result-{i}" for i in range(len(RESULTS))]]) == {"interrupted"}  # with history's figures
    assert set(statuses[[f"history-{i}" for i in range(len(HISTORIES))]]) == {"finished"}
    best = loaded.runs.set_index("run")["metric.best_validation_accuracy"]
    assert best["good-1"] == pytest.approx(0.8)
    assert best[f"result-{len(RESULTS) - 1}"] == pytest.approx(0.5)

    page = build([tmp_path / "s"]).read_text()
    assert all(f"<code>{run}</code>: " in page for run in bad)
    table = pd.read_csv(tmp_path / "s" / "report/tables/table.csv")
    assert table["run"][0] == "good-1"
    assert len(table) == 2 + len(bad)

    shutil.rmtree(tmp_path / "s" / "report")
    (tmp_path / "s" / "results.csv").unlink()
    for path in list((tmp_path / "s").iterdir()):  # a sweep that is continued reads what is there by number
        path.rename(path.with_name(str(sum(path.name.encode()) * 1000 + int(path.name.split("-")[-1]))))
    assert not Ledger(tmp_path / "s").entries  # these results do not say what they are of
    paths = list((tmp_path / "s").iterdir())
    jobs = [Job(make_job(f"optimizer.lr={0.001 * i}").config, path) for i, path in enumerate(paths, 1)]
    assert len(halving.best(jobs, halving.Rung(1.0, 2))) == 2
    board = Board(jobs, "off")
    board._read_histories()
    assert board.best is not None
    assert board.best[0] == pytest.approx(0.8)


def test_a_sweep_goes_on_over_bad_runs(tmp_path: Path) -> None:
    words = [*("dataset=square", "dataset.samples=60", "model.hidden=[2]", "training.epochs=1", "sweep.name=s")]
    names = list(RESULTS)
    rates = ",".join(f"{0.01 * (1 + number):.2f}" for number in range(len(names) + 1))
    command(tmp_path, "-m", *words, f"optimizer.lr={rates}", NO_REPORT)
    sweep = tmp_path / "outputs" / "s"
    first = {path.parent.name: json.loads(path.read_text())["metrics"] for path in sweep.glob("*/result.json")}
    good = (sweep / str(len(names)) / "result.json").read_bytes()
    for number, name in enumerate(names):
        RESULTS[name](sweep / str(number))
    HISTORIES["a repeated column"](sweep / "0")
    output, error = command(tmp_path, "-m", *words, f"optimizer.lr={rates}", NO_REPORT)
    aside = [path.name for path in (sweep / ".sweep" / "replaced").iterdir()]
    rejected = [line for line in error if line.startswith("outputs/s/")]  # on a busy machine progress is told as well
    assert len(rejected) == len(aside) > 20
    assert all(line.endswith(", and trains again") for line in rejected)
    assert "1 finished before" in output[0]
    assert (sweep / str(len(names)) / "result.json").read_bytes() == good
    second = {path.parent.name: json.loads(path.read_text()) for path in sweep.glob("*/result.json")}
    assert {result["status"] for result in second.values()} == {"finished"}
    assert {name: result["metrics"] for name, result in second.items()} == first


def test_a_folder_in_the_place_of_a_result_moves_aside(tmp_path: Path) -> None:
    words = [*("dataset=square", "dataset.samples=60", "model.hidden=[2]", "training.epochs=1", "sweep.name=s")]
    command(tmp_path, "-m", *words, "optimizer.lr=0.1,0.2", NO_REPORT)
    sweep = tmp_path / "outputs" / "s"
    folder_instead("result.json")(sweep / "0")
    output, error = command(tmp_path, "-m", *words, "optimizer.lr=0.1,0.2,0.3")
    assert error == [
        "outputs/s/0: result.json cannot be read (a folder where a file is expected); moved to .sweep/replaced/0-0, "
        "and trains again"
    ]
    statuses = pd.read_csv(sweep / "results.csv")["status"].tolist()
    assert statuses == ["finished", "finished", "finished"]
    assert any(line.startswith("report: ") for line in output)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([10**400, -1, 1e308, "9" * 400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
CELLS = st.sampled_from(["", "nan", "inf", "-inf", "1e400", "1e308", "-1e308", "text", "-1", "1.5", "run", '"', "\0"])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where a value can be replaced: every key and index of JSON, however deep."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = by
    return copy


@st.composite
def damages(draw: st.DrawFn) -> Callable[[Path], object]:
    """What can happen to a run: values of its result or cells of its history replaced, bytes changed, files lost."""
    name = draw(st.sampled_from(["result.json", "history.csv"]))
    data = draw(st.data())

    def values(run: Path) -> None:
        result = json.loads((run / "result.json").read_text())
        for _ in range(data.draw(st.integers(1, 3))):
            result = replaced(result, data.draw(st.sampled_from(places(result))), data.draw(JSON))
        (run / "result.json").write_text(json.dumps(result))

    def cells(run: Path) -> None:
        lines = [line.split(",") for line in (run / "history.csv").read_text().splitlines()]
        for _ in range(data.draw(st.integers(1, 4))):
            line = data.draw(st.sampled_from(lines))
            line[data.draw(st.integers(0, len(line) - 1))] = data.draw(CELLS)
        (run / "history.csv").write_text("\n".join(map(",".join, lines)))

    def flipped(run: Path) -> None:
        content = bytearray((run / name).read_bytes())
        for _ in range(data.draw(st.integers(1, 5))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        (run / name).write_bytes(content)

    def lost(run: Path) -> None:
        cells(run)
        (run / "result.json").unlink()

    return draw(st.sampled_from([values, cells, flipped, lost]))


@given(damages())
def test_no_damage_ends_reading_or_hides_another_run(damage: Callable[[Path], object]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        sweep = Path(temporary, "s")
        for number in range(3):
            write_run(sweep / str(number), 0.5 + 0.1 * number, optimizer__lr=0.1 * (number + 1))
        damage(sweep / "1")
        collected = collect([sweep])
        assert {"0", "2"} <= set(collected.runs["run"]) <= {"0", "1", "2"}
        assert {problem.place for problem in collected.problems} <= {sweep / "1"}
        assert "1" in set(collected.runs["run"]) or collected.problems
        untouched = collected.runs.set_index("run").loc[["0", "2"]]
        assert untouched["metric.best_validation_accuracy"].tolist() == pytest.approx([0.5, 0.7])
        assert collected.history[collected.history["run"] == "2"]["epoch"].tolist() == [0, 1, 2, 3]
        comparison = Comparison.of(collected.runs)
        assert comparison.listing.csv()
        assert summary(comparison)
