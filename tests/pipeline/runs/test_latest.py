"""Which runs the latest command of a folder trains."""

import json
from pathlib import Path

import pytest

from pipeline.config.schema import Sweep
from pipeline.runs.latest import read_latest, write_latest

SWEEP = Sweep.model_construct(title="A title", author=None, note=None, replicates=["dataset.seed"])


def asks(sweep: Path, command: str, runs: list[str], *, goes_on: bool = False) -> set[str]:
    (sweep / ".sweep").mkdir(exist_ok=True)
    (sweep / "multirun.yaml").write_text(command)
    write_latest(sweep, runs, SWEEP, goes_on=goes_on)
    latest = read_latest(sweep)
    assert latest is not None
    assert latest.sweep == {"title": "A title", "replicates": ["dataset.seed"]}
    return set(latest.runs)


def test_a_command_trains_what_it_asked_for(tmp_path: Path) -> None:
    assert asks(tmp_path, "lr=1,2", ["0", "1"]) == {"0", "1"}
    assert asks(tmp_path, "lr=3", ["2"]) == {"2"}
    assert asks(tmp_path, "lr=3", ["3"], goes_on=True) == {"2", "3"}
    assert asks(tmp_path, "lr=3 trials=9", ["4"], goes_on=True) == {"2", "3", "4"}
    assert asks(tmp_path, "lr=3 trials=9", ["2"]) == {"2", "3", "4"}  # one of a batch is trained once more
    assert asks(tmp_path, "lr=1,2", ["0", "1"]) == {"0", "1"}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"runs": 1}', "{" * 100_000, json.dumps({"sha256": "", "runs": ["0"], "sweep": {}})]
)
def test_a_record_that_is_no_record_of_the_command_says_nothing(tmp_path: Path, text: str) -> None:
    asks(tmp_path, "lr=1,2", ["0", "1"])
    (tmp_path / ".sweep" / "latest.json").write_text(text)
    assert read_latest(tmp_path) is None


def test_a_command_of_another_launcher_has_no_record(tmp_path: Path) -> None:
    assert read_latest(tmp_path) is None
    asks(tmp_path, "lr=1,2", ["0", "1"])
    (tmp_path / "multirun.yaml").write_text("lr=3")
    assert read_latest(tmp_path) is None
    (tmp_path / "multirun.yaml").unlink()
    assert read_latest(tmp_path) is None
