"""How many settings train how long: by the formula of the module, computed by hand."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline.runs.history import HistoryText
from pipeline.runs.job import Job
from pipeline.sweep import halving
from pipeline.sweep.halving import Rung

MakeJob = Callable[..., Job]


@pytest.fixture
def jobs(make_job: MakeJob) -> list[Job]:
    """Five rates on two seeds, of nine epochs."""
    job = make_job("dataset=square", "training.epochs=9")
    configs = [
        job.config.model_copy(update={"optimizer": job.config.optimizer.model_copy(update={"lr": lr}), "seed": seed})
        for lr in (0.1, 0.2, 0.3, 0.4, 0.5)
        for seed in (0, 1)
    ]
    return [replace(job, config=config, folder=job.folder / str(number)) for number, config in enumerate(configs)]


def test_rungs_keep_a_share_of_the_settings_and_grow_to_all_epochs(jobs: list[Job]) -> None:
    options = jobs[0].config.sweep.model_copy(update={"kind": "halving", "keep": 0.5, "rungs": 3})
    rungs = halving.rungs(jobs, options)
    assert rungs == [Rung(0.25, 3), Rung(0.5, 2), Rung(1.0, 2)]  # ⌈5 · 0.5⌉ and ⌈5 · 0.25⌉ stay
    assert [rung.epochs(jobs[0]) for rung in rungs] == [3, 5, 9]
    assert halving.summary(jobs, options) == "halving: 5 settings to epoch 3, 3 to epoch 5, 2 to epoch 9"
    tenth = jobs[0].config.sweep.model_copy(update={"kind": "halving", "keep": 0.1, "rungs": 2})
    assert halving.rungs(jobs, tenth) == [Rung(0.1, 1), Rung(1.0, 1)]  # one stays at least


def test_a_setting_is_ranked_by_the_mean_of_its_replicates(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    scores = [0.9, 0.1, 0.6, 0.6, 0.7, 0.3, 0.2, 0.95, 0.6, 0.6]  # means 0.5, 0.6, 0.5, 0.575, 0.6
    losses = [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.5, 1.5]
    of_folder = {job.folder: (score, -loss) for job, score, loss in zip(jobs, scores, losses, strict=True)}
    monkeypatch.setattr(halving, "_score", lambda job, epoch: of_folder[job.folder])
    assert halving.best(jobs, Rung(1.0, 1)) == jobs[8:]  # of equal means the lower loss
    assert halving.best(jobs, Rung(1.0, 2)) == [*jobs[2:4], *jobs[8:]]
    assert halving.best(jobs, Rung(1.0, 3)) == [*jobs[2:4], *jobs[6:]]
    of_folder[jobs[9].folder] = (-math.inf, -math.inf)  # a replicate that has nothing takes its setting along
    assert halving.best(jobs, Rung(1.0, 1)) == jobs[2:4]


def test_ties_are_broken_by_the_loss_of_trained_networks(jobs: list[Job]) -> None:
    for job, losses in zip(jobs[::2], ((0.1, 2.0), (3.0, 1.0)), strict=False):
        job.folder.mkdir(parents=True)
        rows = [
            {"epoch": epoch, "train_accuracy": 0.5, "validation_accuracy": 0.5, "validation_loss": loss}
            for epoch, loss in enumerate(losses)
        ]
        HistoryText(rows).write(job.folder)
    assert [halving._score(job, 1) for job in jobs[0:4:2]] == [(0.5, -2.0), (0.5, -1.0)]
