"""A user's data from an empty folder: one command, which ends in a report that calls the data by their own name."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from commands import NO_REPORT, ended
from examples import (
    write_csv,
    write_diabetes,
    write_idx_folder,
    write_iris,
    write_lab,
    write_module,
    write_pictures,
)

from pipeline import load_model
from pipeline.config.schema import Config

SHORT = ["training.epochs=3", "seed=0,1", "sweep.name=mine", "training.batch_size=16"]
Write = Callable[[Path], object]
FUNCTION = "return np.arange(240.0).reshape(60, 4) % 7, np.arange(60) % 3"
CASES: dict[str, tuple[Write, list[str], str]] = {
    "iris": (lambda to: write_iris(to / "iris.csv"), ["table", "path=iris.csv", "target=species"], "iris"),
    "diabetes": (
        lambda to: write_diabetes(to / "diabetes.csv"),
        ["table", "path=diabetes.csv", "target=progression"],
        "diabetes",
    ),
    "lab": (lambda to: write_lab(to / "lab.npz"), ["arrays", "path=lab.npz"], "lab"),
    "kmnist": (
        lambda to: write_idx_folder(to / "kmnist"),
        ["idx", "path=kmnist", "title=Kuzushiji", "'citation=@misc{clanuwat2018deep, title = {Deep Learning}}'"],
        "Kuzushiji",
    ),
    "pictures": (
        lambda to: write_pictures(to / "shapes"),
        ["image_folder", "path=shapes", "licence=CC0", "citation=Our own drawings"],
        "shapes",
    ),
    "digits": (lambda to: None, ["sklearn", "loader=digits"], "digits of scikit-learn"),
    "function": (
        lambda to: write_module(to, "my_data", FUNCTION),
        ["function", "function=my_data:load"],
        "my_data:load",
    ),
}


def quoted(word: str) -> str:
    """For Hydra, whose grammar has commas, braces and blanks."""
    key, _, value = word.strip("'").partition("=")
    return f"dataset.{key}='{value}'" if set(value) & set("{ ") else f"dataset.{key}={value}"


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_one_command_ends_in_a_report(tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write, words, title = CASES[case]
    write(tmp_path)
    done = ended(tmp_path, "-m", f"dataset={words[0]}", *map(quoted, words[1:]), *SHORT)
    assert "told from" in done.stderr
    sweep = tmp_path / "outputs" / "mine"
    methods = (sweep / "report/report.md").read_text()
    assert f"The data are {title}".replace("_", r"\_") in methods
    assert "Fashion" not in methods + (sweep / "report" / "paper" / "references.bib").read_text()
    page = (sweep / "report" / "index.html").read_text()
    assert f"2 runs on {title}, all of one setting, replicated over seed: 0, 1." in page
    result = json.loads((sweep / "0" / "result.json").read_text())
    card = result["provenance"]["data"]
    assert (result["status"], card["title"]) == ("finished", title)
    monkeypatch.chdir(tmp_path)
    assert_predicts(sweep / "0", result)
    if case == "kmnist":
        assert "Kuzushiji (“Deep Learning”)" in methods
        assert "@misc{clanuwat2018deep, title" in (sweep / "report" / "paper" / "references.bib").read_text()
    if case == "pictures":
        assert "shapes (Our own drawings), licence CC0" in methods


def assert_predicts(run: Path, result: dict[str, object]) -> None:
    """The stored network, given raw inputs, scores on test what the run wrote down, in the units of the targets."""
    data = Config.model_validate(result["config"]).dataset.load()
    metrics = result["metrics"]
    assert isinstance(metrics, dict)
    outputs = load_model(run).outputs(data.test.inputs).double().numpy()
    if data.class_names:
        assert (outputs.argmax(1) == data.test.targets).mean() == pytest.approx(metrics["best_test_accuracy"], abs=1e-6)
        return
    assert data.target_scale is not None
    values = data.test.targets * data.target_scale[1] + data.target_scale[0]
    r2 = 1 - ((outputs - values) ** 2).sum() / ((values - values.mean(0)) ** 2).sum()
    assert r2 == pytest.approx(metrics["best_test_r2"], abs=1e-4)
    assert abs(outputs.mean() - values.mean()) < 3 * values.std()


def test_diabetes_is_learned_with_the_defaults(tmp_path: Path) -> None:
    write_diabetes(tmp_path / "diabetes.csv")
    ended(
        tmp_path,
        "dataset=table",
        "dataset.path=diabetes.csv",
        "dataset.target=progression",
        "hydra.run.dir=run",
        NO_REPORT,
    )
    metrics = json.loads((tmp_path / "run" / "result.json").read_text())["metrics"]
    assert metrics["best_validation_r2"] > 0.3


def test_moved_files_are_the_same_run_and_changed_ones_another(tmp_path: Path) -> None:
    words = ["-m", "dataset=table", "dataset.target=y", "training.epochs=1", "sweep.name=mine", "seed=0", NO_REPORT]
    columns: dict[str, list[object]] = {"a": [float(i) for i in range(40)], "y": ["u", "v"] * 20}
    write_csv(tmp_path / "a.csv", columns)
    ended(tmp_path, *words, "dataset.path=a.csv")
    (tmp_path / "a.csv").rename(tmp_path / "b.csv")
    assert "1 finished before" in ended(tmp_path, *words, "dataset.path=b.csv").stdout
    columns["a"][0] = 0.5
    write_csv(tmp_path / "b.csv", columns)
    assert "sweep.mismatch" in ended(tmp_path, *words, "dataset.path=b.csv", status=1).stderr


def test_notes_are_told_once_and_stay_in_the_result(tmp_path: Path) -> None:
    write_lab(tmp_path / "lab.npz")
    done = ended(tmp_path, "-m", "dataset=arrays", "dataset.path=lab.npz", *SHORT, NO_REPORT)
    [note] = [line for line in done.stderr.splitlines() if "last axis of x" in line]
    result = json.loads((tmp_path / "outputs" / "mine" / "1" / "result.json").read_text())
    assert note in result["provenance"]["data"]["notes"]
    assert np.sum(result["provenance"]["data"]["examples_of_classes"]["train"]) == 38
