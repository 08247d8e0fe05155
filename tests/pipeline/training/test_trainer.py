"""What a run leaves behind is what it did."""

import itertools
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

import scratchnet as sn
from pipeline.config.assemble import build_run
from pipeline.runs.history import HistoryText
from pipeline.runs.job import Job
from pipeline.runs.metrics import Row
from pipeline.sweep._stacks import plan
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.trainer import train

MakeJob = Callable[..., Job]
SMALL = ("dataset=square", "dataset.samples=300", "model.hidden=[7]", "training.batch_size=16", "training.epochs=3")


def history(job: Job) -> pd.DataFrame:
    return pd.read_csv(job.folder / "history.csv")


def result(job: Job) -> dict[str, Any]:
    loaded = json.loads((job.folder / "result.json").read_text())
    assert isinstance(loaded, dict)
    return loaded


def without_seconds(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="seconds")


def test_history_has_epoch_zero_and_consistent_columns(make_job: MakeJob) -> None:
    job = make_job(*SMALL, "model.l2=0.01")
    train([job])
    rows = history(job)
    assert list(rows["epoch"]) == [0, 1, 2, 3]
    assert list(rows.columns) == [
        *("epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "test_loss"),
        *("test_accuracy", "penalty", "objective", "lr", "seconds"),
    ]
    np.testing.assert_allclose(rows["objective"], rows["train_loss"] + rows["penalty"], rtol=1e-15)
    assert (rows["seconds"] > 0).all()


def test_saved_weights_give_the_figures_of_the_best_epoch(make_job: MakeJob) -> None:
    job = make_job(*SMALL, "model.l2=0.01", "training.dtype=float64", "optimizer.lr=0.2")
    train([job])
    metrics, rows, dataset = result(job)["metrics"], history(job), job.config.dataset.load()
    best = rows.iloc[1:]["validation_accuracy"].idxmax()
    assert metrics["best_epoch"] == best
    w = load_file(job.folder / "model.safetensors")
    assert {name: tuple(value.shape) for name, value in w.items()} == {
        **{"0.weight": (2, 7), "0.bias": (7,)},
        **{"2.weight": (7, 2), "2.bias": (2,)},
    }
    logits = (
        torch.relu(torch.from_numpy(dataset.test.inputs) @ w["0.weight"] + w["0.bias"]) @ w["2.weight"] + w["2.bias"]
    )
    targets = torch.from_numpy(dataset.test.targets)
    assert metrics["best_test_accuracy"] == (logits.argmax(1) == targets).double().mean().item()
    assert metrics["best_test_loss"] == pytest.approx(
        torch.nn.functional.cross_entropy(logits, targets).item(), rel=1e-12
    )
    penalty = 0.5 * 0.01 * (w["0.weight"].square().sum() + w["2.weight"].square().sum()).item()
    assert metrics["best_penalty"] == pytest.approx(penalty, rel=1e-12)
    assert metrics["parameters"] == sum(value.numel() for value in w.values())


def test_same_seed_same_digits_and_other_seed_other_digits(make_job: MakeJob) -> None:
    jobs = [make_job(*SMALL, "model.dropout=0.2", f"seed={seed}") for seed in (5, 5, 6)]
    for job in jobs:
        train([job])
    first, again, other = (without_seconds(history(job)) for job in jobs)
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert not first.equals(other)
    weights = [(job.folder / "model.safetensors").read_bytes() for job in jobs]
    assert weights[0] == weights[1] != weights[2]


def test_the_seed_draws_the_order_of_the_examples(make_job: MakeJob) -> None:
    start = {}
    for name, overrides in {"other": ("seed=1",), "same": ("seed=1", "training.order_seed=0"), "zero": ()}.items():
        job = make_job(*SMALL, "training.epochs=1", "training.log_every=1", *overrides)
        train([job])
        start[name] = pd.read_csv(job.folder / "steps.csv")["batch_loss"][0]
    # Weights of one seed, batches of another: the loss of the first batch, before any step, tells them apart.
    assert start["other"] != start["same"] != start["zero"]


def test_each_epoch_has_an_order_of_its_own_by_seed_and_epoch(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[list[int]] = []
    real = sn.Stack.train

    def watch(self: sn.Stack, examples: sn.Examples, order: torch.Tensor, *rest: Any) -> torch.Tensor:
        orders.extend(order.tolist())
        return real(self, examples, order, *rest)

    monkeypatch.setattr(sn.Stack, "train", watch)
    train([make_job(*SMALL, "training.order_seed=5", "training.epochs=2")])
    read = [row for order in orders for row in order]
    count = len(read) // 2
    expected = [np.random.default_rng((5, epoch)).permutation(count) for epoch in (1, 2)]
    assert read == np.concatenate(expected).tolist()
    assert read[:count] != read[count:]


def test_seconds_of_the_epochs_add_up_to_those_of_the_run(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of the clock is a second later: epochs take equal times, whatever came before them."""
    ticks = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))
    jobs = [make_job(*SMALL, "training.epochs=4", f"seed={seed}") for seed in (0, 1)]
    train(jobs)
    for number, job in enumerate(jobs, 1):
        seconds = history(job)["seconds"]
        recorded = result(job)["seconds"]
        assert seconds[1:].nunique() == 1
        at_the_end = recorded["training"] + recorded["evaluation"] - seconds.sum()
        assert at_the_end == number / 2  # the best epochs of the first, and of both, are looked at once more
        assert recorded["training"] == 4 / 2  # a second an epoch for the stack of two
        assert recorded["total"] <= next(ticks) / 2


def test_seeds_in_a_stack_are_the_seeds_alone_to_the_last_bit(make_job: MakeJob) -> None:
    common = (*SMALL, "model.hidden=[7]", "model.dropout=0.2")
    together = [make_job(*common, f"seed={seed}") for seed in range(3)]
    train(together)
    for seed, job in enumerate(together):
        alone = make_job(*common, f"seed={seed}")
        train([alone])
        pd.testing.assert_frame_equal(without_seconds(history(job)), without_seconds(history(alone)), check_exact=True)
        weights = [load_file(one.folder / "model.safetensors") for one in (job, alone)]
        assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_runs_of_a_stack_are_the_runs_alone(make_job: MakeJob) -> None:
    settings = [
        ("model.hidden=[7]", "optimizer.lr=0.1", "model.l2=0.01", "training.epochs=2", "seed=3"),
        ("model.hidden=[4]", "optimizer.lr=0.3", "model.dropout=0.0", "training.epochs=3", "schedule=cosine"),
        ("model.hidden=[9]", "optimizer.momentum=0", "training.epochs=1"),
    ]
    common = ("dataset=folded", "dataset.samples=200", "training.dtype=float64", "training.batch_size=16")
    stack = [make_job(*common, *overrides) for overrides in settings]
    train(stack)
    for overrides, together in zip(settings, stack, strict=True):
        alone = make_job(*common, *overrides)
        train([alone])
        pd.testing.assert_frame_equal(
            without_seconds(history(together)), without_seconds(history(alone)), rtol=1e-10, atol=1e-13
        )
        assert result(together)["status"] == "finished"
        assert result(together)["provenance"]["stack"] == 3


def test_divergence_ends_that_run_alone(make_job: MakeJob) -> None:
    common = ("dataset=linear", "dataset.samples=200", "training.epochs=4", "model.hidden=[5]")
    jobs = [make_job(*common, f"optimizer.lr={lr}") for lr in (0.01, 1e5)]
    good, bad = train(jobs)
    assert (good.status, bad.status) == ("finished", "diverged")
    assert len(history(jobs[0])) == 5
    assert len(history(jobs[1])) < 5
    assert "smaller optimizer.lr" in result(jobs[1])["message"]
    alone = make_job(*common, "optimizer.lr=0.01")
    train([alone])
    pd.testing.assert_frame_equal(without_seconds(history(jobs[0])), without_seconds(history(alone)), rtol=1e-4)


def test_an_interrupt_keeps_what_there_is(make_job: MakeJob) -> None:
    job = make_job(*SMALL)

    def stop(epochs: float) -> None:
        if epochs >= 1.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train([job], progress=stop)
    assert result(job)["status"] == "interrupted"
    assert result(job)["metrics"]["final_epoch"] == 1
    assert len(history(job)) == 2
    assert (job.folder / "model.safetensors").exists()


def test_an_error_is_recorded_as_failed_and_raised(make_job: MakeJob) -> None:
    job = make_job(*SMALL)

    def fail(epochs: float) -> None:
        raise MemoryError("no more")

    with pytest.raises(MemoryError):
        train([job], progress=fail)
    assert (result(job)["status"], result(job)["message"]) == ("failed", "MemoryError: no more")


def test_early_stopping_keeps_the_best_weights(make_job: MakeJob) -> None:
    job = make_job(
        "dataset=patterns", "model.hidden=[4]", "training.epochs=50", "training.patience=3", "optimizer.lr=0.1"
    )
    train([job])
    rows, outcome = history(job), result(job)
    assert outcome["status"] == "finished"
    assert len(rows) - 1 == outcome["metrics"]["best_epoch"] + 3 < 50
    assert outcome["metrics"]["best_validation_accuracy"] == rows["validation_accuracy"].iloc[1:].max() == 1.0
    assert "stopped early" in outcome["message"]


def test_losses_inside_an_epoch(make_job: MakeJob) -> None:
    job = make_job(*SMALL, "training.log_every=4", "training.batch_size=30", "dataset.validation_fraction=0.2")
    train([job])  # 240 examples, 8 steps an epoch
    steps = pd.read_csv(job.folder / "steps.csv")
    assert list(steps["step"]) == [4, 8, 12, 16, 20, 24]
    every = make_job(*SMALL, "training.log_every=1", "training.batch_size=30", "dataset.validation_fraction=0.2")
    train([every])
    all_steps = pd.read_csv(every.folder / "steps.csv").set_index("step")
    np.testing.assert_array_equal(all_steps["batch_loss"][steps["step"]], steps["batch_loss"])
    np.testing.assert_allclose(steps["running_mean"][1], all_steps["batch_loss"][:8].mean(), rtol=1e-12)


def test_an_epoch_costs_as_much_as_the_first_however_many_were_before(
    make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, facts = make_job(*SMALL, "training.epochs=40", "training.log_every=1"), list[int]()
    lines, add, write = list[Row](), HistoryText.add, Checkpoint.write

    def added(text: HistoryText, row: Row) -> None:
        lines.append(row)
        add(text, row)

    def written(checkpoint: Checkpoint, path: Path) -> None:
        facts.append(len(json.dumps(checkpoint.facts)))
        write(checkpoint, path)

    monkeypatch.setattr(HistoryText, "add", added)
    monkeypatch.setattr(Checkpoint, "write", written)
    train([job], checkpoint=tmp_path / "state")
    assert [row["epoch"] for row in lines] == list(range(41))
    assert len(facts) == 39
    assert max(facts) - min(facts) < 40  # digits of times and of the epoch
    assert (job.folder / "history.csv").read_bytes() == bytes(HistoryText(list(lines)).data)
    assert len((job.folder / "steps.csv").read_text().splitlines()) == 1 + 40 * 15


@given(rows=st.lists(st.lists(st.floats(), min_size=2, max_size=2), min_size=1, max_size=5))
def test_epochs_are_read_from_their_text_to_the_last_digit(rows: list[list[float]]) -> None:
    history = [{"epoch": number, "loss": row[0], "seconds": row[1]} for number, row in enumerate(rows)]
    assert repr(HistoryText.rows_of(bytes(HistoryText(history).data))) == repr(history)


@pytest.mark.parametrize(
    ("samples", "batch", "calls"), [(300, 16, [300]), (5200, 16, [4096, 1104]), (90_000, 64, [4544] * 19 + [3664])]
)
def test_an_epoch_is_trained_in_calls_that_are_worth_it(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, samples: int, batch: int, calls: list[int]
) -> None:
    fraction = "dataset.validation_fraction=0"
    sizes = f"dataset.samples={samples}", f"training.batch_size={batch}"
    job = make_job("dataset=square", *sizes, fraction, "model.hidden=[]", "training.epochs=1")
    trained, steps = list[int](), sn.Stack.train

    def counted(stack: sn.Stack, examples: sn.Examples, order: torch.Tensor, *rest: Any) -> torch.Tensor:
        trained.append(order.shape[-1])
        return steps(stack, examples, order, *rest)

    monkeypatch.setattr(sn.Stack, "train", counted)
    train([job])
    assert trained == calls


def test_losses_are_at_every_so_many_steps_across_epochs(make_job: MakeJob) -> None:
    job = make_job(*SMALL, "training.log_every=3", "training.batch_size=30", "dataset.validation_fraction=0.2")
    train([job])  # 8 steps an epoch
    assert list(pd.read_csv(job.folder / "steps.csv")["step"]) == [3, 6, 9, 12, 15, 18, 21, 24]


def test_without_validation_the_last_epoch_counts(make_job: MakeJob) -> None:
    job = make_job(*SMALL, "dataset.validation_fraction=0")
    [outcome] = train([job])
    assert outcome.metrics["best_epoch"] == 3
    assert outcome.score is None
    assert history(job)["validation_loss"].isna().all()


def test_label_smoothing_trains_otherwise_and_is_not_in_the_reported_loss(make_job: MakeJob) -> None:
    plain, smooth = (make_job(*SMALL, f"training.label_smoothing={e}") for e in (0.0, 0.2))
    train([plain])
    train([smooth])
    assert history(plain)["train_loss"][0] == history(smooth)["train_loss"][0]
    assert history(plain)["train_loss"][3] != history(smooth)["train_loss"][3]


def test_l2_of_chosen_layers(make_job: MakeJob) -> None:
    job = make_job(*SMALL, "model.l2=0.5", "model.l2_layers=[1]")
    train([job])
    w = load_file(job.folder / "model.safetensors")
    penalty = result(job)["metrics"]["best_penalty"]
    assert penalty == pytest.approx(0.5 * 0.5 * w["2.weight"].double().square().sum().item(), rel=1e-6)


@pytest.mark.parametrize("name", ["residual", "layer_norm"])
def test_patch_mlp_learns(make_job: MakeJob, name: str) -> None:
    small = ("model=patch_mlp", "model.patch_size=14", "model.features=8", "model.hidden_patches=4")
    rest = ("model.hidden_features=8", "model.depth=1", "optimizer=adam", "optimizer.lr=0.01", "training.epochs=1")
    job = make_job(*small, *rest, f"model.{name}=false")
    [outcome] = train([job])
    assert outcome.score is not None
    assert outcome.score > 0.5


def test_augmentation_changes_training_images_alone(make_job: MakeJob) -> None:
    small = ("model.hidden=[8]", "training.epochs=1")
    plain, moved = make_job(*small), make_job(*small, "dataset.flip=true", "dataset.shift=2")
    train([plain])
    train([moved])
    columns = ["train_loss", "validation_loss", "test_loss"]
    assert (history(plain)[columns].iloc[0] == history(moved)[columns].iloc[0]).all()
    assert (history(plain)[columns].iloc[1] != history(moved)[columns].iloc[1]).all()


def test_plan_packs_what_is_alike_and_nothing_else(make_job: MakeJob) -> None:
    groups = [
        [make_job("model.hidden=[32]", f"optimizer.lr={lr}", f"seed={int(lr > 1)}") for lr in (0.1, 0.2, 2.0)],
        [make_job("model.hidden=[30,8]", f"training.epochs={n}", "schedule=cosine") for n in (10, 9)],
        [make_job("model.hidden=[32]", "training.batch_size=32")],
        [make_job("model.hidden=[32]", "training.epochs=100")],
        [make_job("model.hidden=[32]", "model.activation=tanh")],
        [make_job("model.hidden=[32]", "optimizer=adam")],
    ]
    jobs = [job for group in groups for job in group]
    dataset = jobs[0].config.dataset.load()
    stacks = plan(jobs, [build_run(job.config, dataset) for job in jobs], workers=1)
    numbers = iter(range(len(jobs)))
    assert {frozenset(stack.numbers) for stack in stacks} == {
        frozenset(next(numbers) for _ in group) for group in groups
    }
    assert jobs[stacks[0].numbers[0]].config.training.epochs == 100  # the longest first


def test_plan_gives_work_to_all_workers(make_job: MakeJob) -> None:
    jobs = [make_job("model.hidden=[16]", f"seed={seed}") for seed in range(8)]
    dataset = jobs[0].config.dataset.load()
    stacks = plan(jobs, [build_run(job.config, dataset) for job in jobs], workers=4)
    assert [len(stack.numbers) for stack in stacks] == [1] * 8  # two for each


def test_plan_trains_lengths_of_one_network_once_where_that_is_exact(make_job: MakeJob) -> None:
    epochs = (3, 5, 8)
    jobs = [make_job(f"training.epochs={n}", f"schedule={name}") for name in ("constant", "cosine") for n in epochs]
    dataset = jobs[0].config.dataset.load()
    stacks = plan(jobs, [build_run(job.config, dataset) for job in jobs], workers=1)
    rows = {
        number: (stack.numbers[0], row)
        for stack in stacks
        for number, row in zip(stack.numbers, stack.rows, strict=True)
    }
    assert len({rows[i] for i in (0, 1, 2)}) == 1
    assert len({rows[i] for i in (3, 4, 5)}) == 3


def test_lengths_of_one_network_have_the_files_of_runs_of_their_own(make_job: MakeJob) -> None:
    common = ("model.hidden=[8]", "optimizer.lr=0.1", "training.log_every=5")
    together = [make_job(*common, f"training.epochs={n}") for n in (1, 3)]
    alone = [make_job(*common, f"training.epochs={n}") for n in (1, 3)]
    outcomes = train(together, rows=[0, 0])
    for job, single, outcome in zip(together, alone, outcomes, strict=True):
        assert train([single])[0].metrics == outcome.metrics
        assert (job.folder / "model.safetensors").read_bytes() == (single.folder / "model.safetensors").read_bytes()
        assert (job.folder / "steps.csv").read_bytes() == (single.folder / "steps.csv").read_bytes()
        assert history(job).drop(columns="seconds").equals(history(single).drop(columns="seconds"))


def test_files_of_a_run_are_valid_for_everyone(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job(*SMALL)
    train([job])
    assert not [path for path in job.folder.iterdir() if "scratchnet-tmp" in path.name]
    assert math.isfinite(result(job)["seconds"]["total"])
    assert "finished" in (job.folder / "run.log").read_text().splitlines()[-1]
