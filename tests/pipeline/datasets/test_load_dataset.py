"""What all data sets share: what is known before reading, the cache, the split and the fingerprint."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data import choose_dataset, load_dataset

import scratchnet as sn
from pipeline.datasets import DatasetChoice, Official, Split

WriteCifar = Callable[..., Path]
NAMES = DatasetChoice.names()
USERS = ["arrays", "function", "idx", "image_folder", "table"]  # have no data before their user says which
HERE = [name for name in NAMES if name not in (*USERS, "cifar10", "cifar100", "fashion_mnist", "sklearn")]


@pytest.mark.parametrize("name", HERE)
def test_what_is_said_before_reading_is_what_is_read(name: str) -> None:
    choice, data = choose_dataset(name), load_dataset(name)
    assert choice.known_task == data.task
    assert choice.input_shape == data.input_shape
    assert (data.outputs == len(data.class_names)) == (data.task == "classification")


def test_data_is_loaded_once_a_process_whatever_is_done_to_it() -> None:
    data = choose_dataset("fashion_mnist_mini").load()
    assert choose_dataset("fashion_mnist_mini", mean=[0.5], std=[0.1], flip=True, shift=2).load() is data
    other = choose_dataset("fashion_mnist_mini", seed=1).load()
    assert other is not data
    assert other.fingerprint == data.fingerprint


def test_images_are_normalised_by_channel_and_points_are_not() -> None:
    images = choose_dataset("cifar10", mean=[0.1, 0.2, 0.4], std=[0.5])
    data = load_dataset("square", samples=10)
    assert images.normalisation(data) == ([255 * 0.1, 255 * 0.2, 255 * 0.4], [255 * 0.5])
    assert choose_dataset("square").normalisation(data) == ([0.0], [1.0])


def test_training_images_are_augmented_where_that_is_asked_for(tmp_path: Path, write_cifar: WriteCifar) -> None:
    data = load_dataset("square", samples=10)
    assert choose_dataset("square").augment(data) is None
    root = str(write_cifar(tmp_path, 10))
    pictures = load_dataset("cifar10", root=root)
    assert choose_dataset("cifar10").augment(pictures) is None
    assert choose_dataset("cifar10", flip=True).augment(pictures) == sn.Augment(3, 32, 32, flip=True)
    assert choose_dataset("cifar10", shift=3).augment(pictures) == sn.Augment(3, 32, 32, shift=3)
    covered = choose_dataset("cifar10", cutout=8, mean=[0.2, 0.4, 0.6]).augment(pictures)
    assert covered == sn.Augment(3, 32, 32, cutout=8, fill=(255 * 0.2, 255 * 0.4, 255 * 0.6))


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


@pytest.mark.parametrize("name", NAMES)
def test_data_sets_need_neither_torch_nor_hydra_nor_pooch(name: str) -> None:
    code = f"import sys, pipeline.datasets.{name}; sys.exit(bool({{'torch', 'hydra', 'pooch'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
