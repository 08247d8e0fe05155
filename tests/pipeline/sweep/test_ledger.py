"""Which run of a folder a job is: by what it is, not by how it is typed or where it stands in the command."""

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.runs.identity import Identity
from pipeline.sweep.ledger import Ledger, Request


def request(config: str, *overrides: str, data: str = "d", engine: str = "e") -> Request:
    return Request(overrides or (f"optimizer.lr={config}",), Identity(config, data, engine))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A sweep of two planned runs."""
    ledger = Ledger(tmp_path / "s")
    assert ledger.numbers([request("0.1"), request("0.2"), request("0.1")], 0, "stop") == [0, 1, 0]
    return ledger


def test_numbers_are_free_ones_from_the_first_on(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "s")
    (tmp_path / "s" / "5").mkdir(parents=True)  # of whoever
    assert ledger.numbers([request("0.1"), request("0.2")], 4, "stop") == [4, 6]


def test_a_known_run_keeps_its_number_in_any_order_and_spelling(ledger: Ledger) -> None:
    jobs = [request("0.3"), request("0.2", "optimizer.lr=2e-1"), request("0.1")]
    assert ledger.numbers(jobs, 0, "stop") == [2, 1, 0]
    assert ledger.entries[1].overrides == ("optimizer.lr=2e-1",)  # as it is typed now


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (request("0.1", engine="f"), "the engine's version of 1 run (0) changed"),
        (request("0.2", data="other", engine="f"), "the data and the engine's version of 1 run (1) changed"),
        (request("0.2", "optimizer.lr=2e-1", data="other"), "the data of 1 run (1) changed"),  # by its configuration
        (request("new", "optimizer.lr=0.2"), "the configuration of 1 run (1) changed"),  # by its overrides
    ],
)
def test_what_would_be_something_else_now_is_told_and_takes_its_number_on_request(
    ledger: Ledger, job: Request, said: str
) -> None:
    with pytest.raises(UserError) as error:
        ledger.numbers([job], 0, "stop")
    assert said in str(error.value)
    [number] = ledger.numbers([job], 0, "retrain")
    assert f"({number})" in said
    assert ledger.entries[number].identity == job.identity
    assert len(ledger.entries) == 2


def test_a_folder_is_of_one_run(ledger: Ledger) -> None:
    assert ledger.place(0, "lr").name == "lr"
    assert ledger.place(0, "elsewhere").name == "lr"  # a run keeps the folder that it has
    with pytest.raises(UserError, match="holds another run of this sweep"):
        ledger.place(1, "lr")
