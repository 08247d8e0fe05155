"""What all data sets share: options, the split and the fingerprint."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.datasets import LOADERS, Official, Split, load_dataset

Complaint = Callable[..., str]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("fashion_mnist_mini", {"samples": 10}),
        ("cifar10", {"samples": 10}),
        ("cifar10", {"coarse_labels": True}),
        ("square", {"root": "here"}),
        ("linear", {"coarse_labels": True}),
    ],
)
def test_an_option_of_another_data_set_is_refused(name: str, options: dict[str, Any], complaint: Complaint) -> None:
    (option,) = options
    assert complaint(name, **options).startswith(f"dataset.{option}: dataset={name} does not take it")


def test_an_unknown_name_is_told_the_known_ones(complaint: Complaint) -> None:
    found = complaint("mnist")
    assert found.startswith("dataset=mnist: no such data set")
    assert all(name in found for name in LOADERS)


def test_a_data_set_is_added_by_a_function_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def coins(seed: int = 0) -> Official:
        flips = np.random.default_rng(seed).integers(0, 2, 30)
        x = flips[:, np.newaxis].astype(np.float64)
        return Official(Split(x[:20], flips[:20]), Split(x[20:], flips[20:]), ("heads", "tails"))

    monkeypatch.setitem(LOADERS, "coins", coins)
    data = load_dataset("coins", seed=3)
    assert (data.name, data.task, len(data.train), len(data.validation), len(data.test)) == (
        "coins",
        "classification",
        18,
        2,
        10,
    )
    np.testing.assert_array_equal(data.test.targets, coins(3).test.targets)


def test_the_split_keeps_inputs_with_their_targets(fashion: Path) -> None:
    whole = load_dataset("fashion_mnist", root=str(fashion), validation_fraction=0).train
    target_of = {image.tobytes(): target for image, target in zip(whole.inputs, whole.targets, strict=True)}
    data = load_dataset("fashion_mnist", root=str(fashion), validation_fraction=0.3, seed=5)
    for split in (data.train, data.validation):
        assert [target_of.pop(image.tobytes()) for image in split.inputs] == split.targets.tolist()
    assert not target_of


def test_the_seed_draws_the_split(fashion: Path) -> None:
    first, again, other = (load_dataset("fashion_mnist", root=str(fashion), seed=seed).validation for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert first.inputs.tobytes() != other.inputs.tobytes()


def test_the_fingerprint_is_of_the_data_before_the_split(fashion: Path) -> None:
    whole = load_dataset("fashion_mnist", root=str(fashion), validation_fraction=0)
    other_split = load_dataset("fashion_mnist", root=str(fashion), validation_fraction=0.5, seed=9)
    assert other_split.fingerprint == whole.fingerprint
    digest = hashlib.sha256()
    for name, split in (("train", whole.train), ("test", whole.test)):
        digest.update(f"{name}.inputs |u1 {split.inputs.shape}\n".encode() + split.inputs.tobytes())
        digest.update(f"{name}.targets <i8 {split.targets.shape}\n".encode() + split.targets.tobytes())
    assert whole.fingerprint == digest.hexdigest()


@pytest.mark.parametrize("part", ["train.inputs", "train.targets", "test.inputs", "test.targets"])
def test_one_changed_value_changes_the_fingerprint(part: str) -> None:
    """Also one in the last of the pieces that are hashed, and in an array with gaps."""

    def official() -> Official:
        x, y = np.arange(2400).reshape(600, 4)[:, :2], np.arange(600)
        return Official(Split(x.copy(), y.copy()), Split(x.copy(), y.copy()))

    changed = official()
    split, array = part.split(".")
    getattr(getattr(changed, split), array)[-1] += 1
    assert changed.fingerprint() != official().fingerprint()


def test_gaps_between_rows_do_not_count() -> None:
    x, y = np.arange(2400).reshape(600, 4)[:, 1:], np.arange(600)
    with_gaps, without = Split(x, y), Split(x.copy(), y)
    assert Official(with_gaps, with_gaps).fingerprint() == Official(without, without).fingerprint()


def test_data_sets_need_neither_torch_nor_hydra() -> None:
    code = "import sys, pipeline.datasets; sys.exit(bool({'torch', 'hydra'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
