"""A sweep that version 0.1.0 has trained is reported, continued and exported. It is kept as that version wrote it:

python -m pipeline -m sweep=halving dataset=square dataset.samples=60 'model.hidden=[3]' optimizer.lr=0.01,0.1,1e30 \
    training.epochs=4 training.batch_size=8 sweep.name=of_version_0_1
"""

import shutil
from pathlib import Path

import pytest
from commands import NO_REPORT, pipeline

import pipeline as package
from pipeline.export import export
from pipeline.report.build import build

HERE = Path(__file__).with_name("of_version_0_1")
COMMAND = [
    "-m",
    "sweep=halving",
    "dataset=square",
    "dataset.samples=60",
    "model.hidden=[3]",
    "optimizer.lr=0.01,0.1,1e30",
    "training.epochs=4",
    "training.batch_size=8",
    "sweep.name=of_version_0_1",
]


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE, tmp_path / "outputs" / "of_version_0_1"))


def test_it_is_read(sweep: Path) -> None:
    runs = package.load(sweep).runs
    assert runs["status"].tolist() == ["finished", "dropped", "dropped"]
    assert runs["metric.best_epoch"].tolist() == [1, 1, 1]
    assert runs["metric.best_validation_accuracy"].round(4).tolist() == [0.9167, 0.9167, 0.9167]


def test_it_is_reported_and_says_which_runs_were_dropped(sweep: Path) -> None:
    page = build([sweep]).read_text()
    assert "dropped by halving" in page


def test_its_networks_are_exported(sweep: Path) -> None:
    assert export(sweep / "0").stat().st_size > 100
    assert package.load_model(sweep / "0").class_names == ("outside", "inside")


@pytest.mark.slow
def test_it_goes_on_once_the_user_has_said_what_to_do_with_the_old_figures(sweep: Path) -> None:
    before = (sweep / "0" / "result.json").read_bytes()
    _, error = pipeline(sweep.parents[1], *COMMAND, status=1)
    assert "the engine's version of 3 runs (0, 1, 2) changed" in error[-1]
    assert "sweep.mismatch=retrain" in error[-1]
    output, _ = pipeline(sweep.parents[1], *COMMAND, "sweep.mismatch=keep", NO_REPORT)
    assert "1 finished before" in output[0]
    assert (sweep / "0" / "result.json").read_bytes() == before
    pipeline(sweep.parents[1], *COMMAND, "sweep.mismatch=retrain", NO_REPORT)
    assert len(list((sweep / ".sweep" / "replaced").iterdir())) == 3
