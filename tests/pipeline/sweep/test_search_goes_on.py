"""Searches that end early, lose files or are asked for otherwise, and go on."""

import errno
import itertools
import math
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commands import figures
from forked import command
from robustness import SMALL, SWEEPS, flip

pytestmark = pytest.mark.usefixtures("warmed")


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
