"""A run that is stopped, however, goes on to where it would have come: to the last bit."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from pipeline.errors import UserError
from pipeline.runs.identity import Identity
from pipeline.runs.job import Job
from pipeline.training import trainer
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.part import part_of

MakeJob = Callable[..., Job]

COMMON = ("model.hidden=[8]", "training.epochs=4", "training.log_every=7", "dataset.validation_fraction=0.2")
STACKS = {
    "alone": [("model.dropout=0.3",)],
    "momentum": [("optimizer.lr=0.1",), ("optimizer.lr=0.01", "seed=3")],
    "adam": [("optimizer=adam",), ("optimizer=adam", "model.hidden=[5]")],
    "augmented": [("dataset.shift=1", "dataset.flip=true", "dataset.cutout=5")],
    "mixed": [("training.mixup=0.4", "dataset.cutout=3"), ("training.mixup=0.4", "dataset.cutout=3", "seed=1")],
    "averaged": [("training.averaging=0.95",), ("training.averaging=0.5", "model.hidden=[5]")],
    "look-ahead": [("training.batch_size=4", "model.dropout=0.3")],
    "early stopping": [("training.patience=1", "optimizer.lr=3"), ("training.patience=1",)],
    "diverges": [("optimizer.lr=1e30",), ("optimizer.lr=0.01",)],
}


class Killed(BaseException):
    """What no part of the program knows of."""


def jobs_of(make_job: MakeJob, job_overrides: list[tuple[str, ...]]) -> list[Job]:
    jobs = [make_job(*COMMON, *overrides) for overrides in job_overrides]
    fingerprint = jobs[0].config.dataset.load().fingerprint
    return [replace(job, identity=Identity.of(job.config, fingerprint)) for job in jobs]


def assert_equal_runs(actual: Sequence[Job], expected: Sequence[Job]) -> None:
    for job, other in zip(actual, expected, strict=True):
        figures, others = (pd.read_csv(run.folder / "history.csv").drop(columns="seconds") for run in (job, other))
        pd.testing.assert_frame_equal(figures, others, check_exact=True)
        assert (job.folder / "steps.csv").read_bytes() == (other.folder / "steps.csv").read_bytes()
        results = [json.loads((run.folder / "result.json").read_text()) for run in (job, other)]
        for key in ("status", "message", "metrics"):
            assert results[0][key] == results[1][key]
        weights = [run.folder / "model.safetensors" for run in (job, other)]
        assert weights[0].exists() == weights[1].exists()
        if weights[0].exists():
            assert weights[0].read_bytes() == weights[1].read_bytes()


@pytest.mark.parametrize("epochs", [2.6, *(pytest.param(one, marks=pytest.mark.slow) for one in (0.3, 1.0, 3.95))])
@pytest.mark.parametrize("case", STACKS)
def test_ends_as_if_never_stopped(
    make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, epochs: float
) -> None:
    monkeypatch.setattr(trainer, "_SAVE_SECONDS", 0.0)  # saves within epochs too,
    monkeypatch.setattr(trainer, "_LEAST_EXAMPLES", 1)  # of which each has twenty calls
    expected, stopped = jobs_of(make_job, STACKS[case]), jobs_of(make_job, STACKS[case])
    trainer.train(expected)
    states: list[dict[str, torch.Tensor]] = []

    def kill(done: float) -> None:
        if done >= epochs:
            raise Killed

    state = tmp_path / "state.safetensors"
    try:
        trainer.train(stopped, progress=kill, checkpoint=state)
    except Killed:
        for job in stopped:  # a process that is killed leaves no result
            result = job.folder / "result.json"
            if json.loads(result.read_text())["status"] == "failed":
                result.unlink()
        states.append(load_file(state) if state.exists() else {})
        trainer.train(stopped, checkpoint=state)
    assert_equal_runs(stopped, expected)
    assert not state.exists()
    if epochs > 0.9 and case != "early stopping":
        assert states[0]  # it did go on, and did not start again
        assert any(name.startswith("partial.") for name in states[0])


LEFT = {case: jobs for case, jobs in STACKS.items() if len(jobs) > 1} | {
    "ragged": [(f"model.hidden={hidden}", "model.dropout=0.2") for hidden in ("[9,3]", "[4,8]", "[5,5]")],
    "orders": [(f"training.order_seed={n % 2}", "dataset.shift=1", f"seed={n}") for n in range(3)],
}


@pytest.mark.parametrize("epochs", [1.0, 2.6])
@pytest.mark.parametrize("case", LEFT)
def test_runs_that_leave_their_stack_end_as_if_never_stopped(
    make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, epochs: float
) -> None:
    monkeypatch.setattr(trainer, "_SAVE_SECONDS", 0.0)
    monkeypatch.setattr(trainer, "_LEAST_EXAMPLES", 1)
    expected, stopped = jobs_of(make_job, LEFT[case]), jobs_of(make_job, LEFT[case])
    trainer.train(expected)

    def kill(done: float) -> None:
        if done >= epochs:
            raise Killed

    state = tmp_path / "state.safetensors"
    with pytest.raises(Killed):
        trainer.train(stopped, progress=kill, checkpoint=state)
    for job in stopped:
        if json.loads((job.folder / "result.json").read_text())["status"] == "failed":
            (job.folder / "result.json").unlink()
    checkpoint = Checkpoint.read(state)
    assert checkpoint is not None
    last = len(stopped) - 1
    for places in ([last], list(range(last))):
        part, path = part_of(checkpoint, places), tmp_path / f"{places[0]}.safetensors"
        part.write(path)
        jobs = [stopped[place] for place in places]
        results = trainer.train(jobs, rows=part.facts["rows"], checkpoint=path)
        assert not path.exists()
        assert_equal_runs(jobs, [expected[place] for place in places])
        if case not in ("diverges", "early stopping"):  # of which one has ended
            assert all("resumed after epoch" in (job.folder / "run.log").read_text() for job in jobs)
            assert all(result.seconds["training"] > 0 for result in results)


def test_lengths_of_one_network_leave_it_with_its_state(make_job: MakeJob, tmp_path: Path) -> None:
    lengths = [("training.epochs=3",), ("training.epochs=6",), ("training.epochs=5", "seed=1")]
    expected, stopped = jobs_of(make_job, lengths), jobs_of(make_job, lengths)
    trainer.train(expected, rows=[0, 0, 1])

    def kill(done: float) -> None:
        if done >= 2:
            raise Killed

    state = tmp_path / "state.safetensors"
    with pytest.raises(Killed):
        trainer.train(stopped, progress=kill, rows=[0, 0, 1], checkpoint=state)
    checkpoint = Checkpoint.read(state)
    assert checkpoint is not None
    for places, rows in (([0], [0]), ([1, 2], [0, 1])):
        part = part_of(checkpoint, places)
        assert part.facts["rows"] == rows
        assert part.facts["seconds"] == [len(rows) / 2 * seconds for seconds in checkpoint.facts["seconds"]]
        part.write(state)
        jobs = [stopped[place] for place in places]
        for job in jobs:
            (job.folder / "result.json").unlink()
        trainer.train(jobs, rows=rows, checkpoint=state)
        assert_equal_runs(jobs, [expected[place] for place in places])


def test_the_state_of_another_run_is_not_taken_up(make_job: MakeJob, tmp_path: Path) -> None:
    [one], [other] = jobs_of(make_job, [()]), jobs_of(make_job, [("seed=1",)])
    state = tmp_path / "state.safetensors"

    def kill(done: float) -> None:
        if done > 1:
            raise Killed

    with pytest.raises(Killed):
        trainer.train([one], progress=kill, checkpoint=state)
    before = state.read_bytes()
    with pytest.raises(UserError, match="the state of another run"):
        trainer.train([other], checkpoint=state)
    assert state.read_bytes() == before


def test_a_checkpoint_keeps_every_digit(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    tensors = {"a": torch.randn(3, 2).T, "b": torch.tensor(7), "c": torch.Generator().get_state()}
    facts = {"rows": [0.1 + 0.2, float("nan"), float("inf"), 5e-324], "name": "a"}
    Checkpoint(tensors, facts).write(path)
    checkpoint = Checkpoint.read(path)
    assert checkpoint is not None
    assert repr(checkpoint.facts) == repr(facts)
    assert checkpoint.tensors.keys() == tensors.keys()
    assert all(torch.equal(checkpoint.tensors[name], value) for name, value in tensors.items())
    assert Checkpoint.read(tmp_path / "nothing") is None
