"""The part of Fashion-MNIST that is shipped, and the whole where it is installed."""

import gzip
import zlib
from pathlib import Path

import numpy as np
import pytest
from data import load_dataset

from pipeline.datasets import Dataset, _draw_mini, fashion_mnist, fashion_mnist_mini

DEBIAN = fashion_mnist.SOURCE.system_folder
FULL = pytest.mark.skipif(not DEBIAN.is_dir(), reason=f"no full Fashion-MNIST in {DEBIAN}")
NAMES = [name for pair in fashion_mnist.FILES.values() for name in pair]


@pytest.fixture(scope="module")
def full() -> Dataset:
    return load_dataset("fashion_mnist", root=str(DEBIAN))


def test_mini_is_balanced_and_without_repeats() -> None:
    data = load_dataset("fashion_mnist_mini", validation_fraction=0)
    assert np.bincount(data.train.targets).tolist() == [600] * 10
    assert np.bincount(data.test.targets).tolist() == [100] * 10
    assert len(data.validation) == 0
    assert len(np.unique(data.train.inputs.reshape(6000, -1), axis=0)) == 6000


def test_mini_comes_with_its_licence() -> None:
    licence = (fashion_mnist_mini.FOLDER / "LICENSE").read_text()
    assert licence.startswith("The MIT License")
    assert "Copyright (c) 2017 Zalando SE, https://tech.zalando.com" in licence


def test_too_few_images_to_draw_from(fashion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert _draw_mini.main(["--root", str(fashion), "--out", str(out)]) == 1
    assert capsys.readouterr().err.startswith("--root: a class has only 4 of 600 images")
    assert not out.exists()
    assert _draw_mini.main(["--root", str(tmp_path / "nowhere"), "--out", str(out)]) == 1
    assert "no such folder" in capsys.readouterr().err


@FULL
def test_the_full_files_give_the_mini_ones(tmp_path: Path) -> None:
    assert _draw_mini.main(["--root", str(DEBIAN), "--out", str(tmp_path)]) == 0
    drawn = {name: (tmp_path / name).read_bytes() for name in NAMES}
    shipped = {name: (fashion_mnist_mini.FOLDER / name).read_bytes() for name in NAMES}
    for name in NAMES:
        assert gzip.decompress(drawn[name]) == gzip.decompress(shipped[name])
    if "ng" not in zlib.ZLIB_RUNTIME_VERSION:  # zlib-ng packs the same content into other bytes
        assert drawn == shipped


@FULL
def test_full_counts_and_balance(full: Dataset) -> None:
    assert [len(full.train), len(full.validation), len(full.test)] == [54_000, 6_000, 10_000]
    assert np.bincount(full.train.targets).tolist() == [5_400] * 10
    assert np.bincount(full.validation.targets).tolist() == [600] * 10
    assert np.bincount(full.test.targets).tolist() == [1_000] * 10


@FULL
def test_mean_and_deviation_are_those_of_the_configuration(full: Dataset) -> None:
    """Which says that pixels are read as they are; 0.2860 and 0.3530 are what the literature gives."""
    values = np.arange(256) / 255
    counts = sum(np.bincount(x.ravel(), minlength=256) for split in (full.train, full.validation) for x in split.inputs)
    mean = np.average(values, weights=counts)
    assert abs(mean - 0.2860) < 1e-4
    assert abs(np.average((values - mean) ** 2, weights=counts) ** 0.5 - 0.3530) < 1e-4
