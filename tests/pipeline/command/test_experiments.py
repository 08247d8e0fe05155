"""The shipped experiments do what their files say."""

from collections.abc import Callable
from pathlib import Path

import pytest
from commands import pipeline

from pipeline.runs.job import Job
from pipeline.training.trainer import train

MakeJob = Callable[..., Job]


@pytest.mark.parametrize("name", ["toy_folded", "toy_square", "toy_patterns"])
def test_toy_problems_are_solved(make_job: MakeJob, name: str) -> None:
    [outcome] = train([make_job(f"experiment={name}")])
    assert outcome.score is not None
    assert outcome.score >= 0.99


def test_toy_linear_is_the_reports_network_and_no_worse(make_job: MakeJob) -> None:
    job = make_job("experiment=toy_linear")
    training, model, optimizer = job.config.training, job.config.model, job.config.optimizer
    assert (training.epochs, training.batch_size) == (10, 1)
    assert (model.l2, model.initializer_scale, optimizer.lr) == (0.01, [0.05], 0.001)
    [outcome] = train([job])
    assert outcome.metrics["final_validation_loss"] <= 0.0026  # the report: 0.00263


@pytest.mark.parametrize(
    ("name", "least", "parts"),
    [
        (
            "search_fashion_mnist",
            9,
            ("{linear:1024}", "{linear:16}", "{patchify:7}", "layer_norm", "relu", "{dropout:0.2}"),
        ),
        ("search_cifar10", 12, ("model.depth: ", "model.activation: ", "model.layer_norm: ", "model.dropout: ")),
        ("search_cifar100", 12, ("model.depth: ", "model.activation: ", "model.layer_norm: ", "model.dropout: ")),
    ],
)
def test_searches_have_broad_ranges(tmp_path: Path, name: str, least: int, parts: tuple[str, ...]) -> None:
    pytest.importorskip("optuna")
    words = (f"experiment={name}", "sweep.name=s", "sweep.dry_run=true", f"dataset.root={tmp_path}")
    axes, _ = pipeline(tmp_path, *words, status=1)  # there are no data, which are looked for last
    printed = "\n".join(axes)
    for key in ("optimizer.lr", "weight_decay", "epochs", "batch_size", "label_smoothing", "averaging", "cutout"):
        assert f"{key}: " in printed
    assert all(part in printed for part in parts)
    assert len(axes) >= least
    assert "optimizer.lr: FloatDistribution" in printed
