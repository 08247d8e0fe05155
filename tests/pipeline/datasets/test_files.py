"""Official files: where they are found, how they are read, and what is said of bad ones."""

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pooch
import pytest

from pipeline.datasets import Dataset, draw_mini, fashion_mnist, load_dataset
from pipeline.datasets.idx import read_idx, write_idx
from pipeline.errors import UserError

RNG = np.random.default_rng(0)
DEBIAN = fashion_mnist.SOURCE.system_folder
FULL = pytest.mark.skipif(not DEBIAN.is_dir(), reason=f"no full Fashion-MNIST in {DEBIAN}")
TRAIN_IMAGES, TRAIN_LABELS = fashion_mnist.FILES["train"]


def complaint(name: str, root: Path, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        load_dataset(name, root=str(root), **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def fashion(tmp_path: Path) -> Path:
    """Files of the official layout with 40 + 20 images."""
    for count, (images, labels) in zip((40, 20), fashion_mnist.FILES.values(), strict=True):
        write_idx(tmp_path / images, RNG.integers(0, 256, (count, 28, 28), dtype=np.uint8))
        write_idx(tmp_path / labels, (np.arange(count) % 10).astype(np.uint8))
    return tmp_path


def write_cifar(folder: Path, number: int, records: int = 20) -> Path:
    """The official binary layout of CIFAR-10 or CIFAR-100, with few records in each file."""
    folder.mkdir(parents=True, exist_ok=True)
    names, label_columns = (
        ([*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"], [10])
        if number == 10
        else (["train.bin", "test.bin"], [20, 100])
    )
    for name in names:
        labels = np.stack([np.arange(records) % classes for classes in label_columns], 1).astype(np.uint8)
        pixels = RNG.integers(0, 256, (records, 3072), dtype=np.uint8)
        (folder / name).write_bytes(np.concatenate([labels, pixels], 1).tobytes())
    if number == 10:
        (folder / "batches.meta.txt").write_text("\n".join(f"kind{i}" for i in range(10)) + "\n\n")
    else:
        (folder / "fine_label_names.txt").write_text("\n".join(f"fine{i}" for i in range(100)))
        (folder / "coarse_label_names.txt").write_text("\n".join(f"coarse{i}" for i in range(20)))
    return folder


def pack(folder: Path, archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=folder.name)


# -- Fashion-MNIST


def test_small_official_files_are_read(fashion: Path) -> None:
    data = load_dataset("fashion_mnist", root=str(fashion), validation_fraction=0.25)
    assert [len(data.train), len(data.validation), len(data.test)] == [30, 10, 20]
    assert data.train.inputs.shape[1:] == data.image_shape == (1, 28, 28)
    assert data.train.inputs.dtype == np.uint8
    np.testing.assert_array_equal(data.test.inputs[:, 0], read_idx(fashion / "t10k-images-idx3-ubyte.gz", 3))
    np.testing.assert_array_equal(data.test.targets, np.arange(20) % 10)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def wrong_magic(path: Path) -> None:
    path.write_bytes(gzip.compress(b"\x00\x00\x08\x07" + bytes(100)))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def web_page(path: Path) -> None:
    path.write_text("\n<!doctype html><title>404 Not Found</title>")


def bytes_missing(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))


def other_bytes(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 not gzip at all")


@pytest.mark.parametrize("name", [TRAIN_IMAGES, TRAIN_LABELS])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (truncated, "cut off or damaged"),
        (wrong_magic, "wrong magic number 0x00000807"),
        (empty, "the file is empty"),
        (folder_instead, "a folder where a file is expected"),
        (web_page, "a web page (HTML)"),
        (bytes_missing, "the header says"),
        (other_bytes, "not a gzip file"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(
    fashion: Path, name: str, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(fashion / name)
    found = complaint("fashion_mnist", fashion)
    assert found.startswith(str(fashion / name))
    assert said in found


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_named(fashion: Path) -> None:
    (fashion / TRAIN_IMAGES).chmod(0)
    assert "cannot be read (Permission denied)" in complaint("fashion_mnist", fashion)


def test_counts_that_disagree(fashion: Path) -> None:
    write_idx(fashion / TRAIN_LABELS, np.zeros(39, dtype=np.uint8))
    found = complaint("fashion_mnist", fashion)
    assert f"{fashion / TRAIN_IMAGES}: 40 images, but {fashion / TRAIN_LABELS} has 39 labels" in found


def test_label_out_of_range(fashion: Path) -> None:
    write_idx(fashion / TRAIN_LABELS, np.full(40, 10, dtype=np.uint8))
    assert f"{fashion / TRAIN_LABELS}: label 10 is out of range, 0 to 9" in complaint("fashion_mnist", fashion)


def test_images_of_another_size(fashion: Path) -> None:
    write_idx(fashion / TRAIN_IMAGES, np.zeros((40, 32, 32), dtype=np.uint8))
    assert "images of (32, 32) pixels, expected (28, 28)" in complaint("fashion_mnist", fashion)


def test_a_given_root_is_the_only_place(fashion: Path, tmp_path: Path) -> None:
    (fashion / TRAIN_LABELS).unlink()
    assert f"dataset.root={fashion}: {TRAIN_LABELS} missing" in complaint("fashion_mnist", fashion)
    assert "no such folder" in complaint("fashion_mnist", tmp_path / "nowhere")


def test_order_of_places_and_no_network(fashion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def no_network(url: str, *rest: object, **named: object) -> None:
        asked.append(url)
        raise OSError("no route to host")

    monkeypatch.setattr(pooch, "retrieve", no_network)
    nothing = fashion / "nothing"
    monkeypatch.setattr(fashion_mnist, "SOURCE", _elsewhere(fashion_mnist.SOURCE, nothing))
    monkeypatch.setenv("SCRATCHNET_CACHE", str(nothing))
    with pytest.raises(UserError) as caught:
        load_dataset("fashion_mnist")
    for part in (
        str(nothing / "fashion_mnist"),
        str(nothing),
        "no route to host",
        "dataset-fashion-mnist",
        "dataset.root=FOLDER",
        "_mini",
    ):
        assert part in str(caught.value)
    assert asked == [fashion_mnist.SOURCE.url + TRAIN_IMAGES]
    monkeypatch.setattr(fashion_mnist, "SOURCE", _elsewhere(fashion_mnist.SOURCE, fashion))
    assert len(load_dataset("fashion_mnist").test) == 20  # the system's folder
    cached = nothing / "fashion_mnist"
    cached.mkdir(parents=True)
    for pair, count in zip(fashion_mnist.FILES.values(), (60, 30), strict=True):
        write_idx(cached / pair[0], np.zeros((count, 28, 28), dtype=np.uint8))
        write_idx(cached / pair[1], (np.arange(count) % 10).astype(np.uint8))
    assert len(load_dataset("fashion_mnist").test) == 30  # the cache comes first


def _elsewhere(source: Any, folder: Path) -> Any:
    from dataclasses import replace

    return replace(source, system_folder=folder)


def test_mini_is_balanced_and_real() -> None:
    data = load_dataset("fashion_mnist_mini", validation_fraction=0)
    assert np.bincount(data.train.targets).tolist() == [600] * 10
    assert np.bincount(data.test.targets).tolist() == [100] * 10
    assert len(np.unique(data.train.inputs.reshape(6000, -1), axis=0)) > 5990
    assert (fashion_mnist.MINI / "LICENSE").read_text().startswith("The MIT License")


@FULL
def test_full_files_give_the_mini_ones_byte_for_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["draw_mini", "--root", str(DEBIAN), "--out", str(tmp_path)])
    draw_mini.main()
    for pair in fashion_mnist.FILES.values():
        for name in pair:
            assert (tmp_path / name).read_bytes() == (fashion_mnist.MINI / name).read_bytes()


@FULL
def test_full_fashion_mnist() -> None:
    data = load_dataset("fashion_mnist", root=str(DEBIAN))
    assert [len(data.train), len(data.validation), len(data.test)] == [54_000, 6_000, 10_000]
    assert np.bincount(data.train.targets).tolist() == [5_400] * 10
    assert np.bincount(data.validation.targets).tolist() == [600] * 10


# -- CIFAR


@pytest.mark.parametrize("where", ["nested", "folder itself", "archive"])
@pytest.mark.parametrize(("number", "folder"), [(10, "cifar-10-batches-bin"), (100, "cifar-100-binary")])
def test_cifar_layouts_give_the_same_data(tmp_path: Path, number: int, folder: str, where: str) -> None:
    inner = write_cifar(tmp_path / folder, number)
    expected = load_dataset(f"cifar{number}", root=str(tmp_path))
    root = {"nested": tmp_path, "folder itself": inner, "archive": tmp_path / "packed"}[where]
    if where == "archive":
        root.mkdir()
        pack(inner, root / f"cifar-{number}-binary.tar.gz")
        assert [path.name for path in root.iterdir()] == [f"cifar-{number}-binary.tar.gz"]
    found = load_dataset(f"cifar{number}", root=str(root))
    assert found.fingerprint == expected.fingerprint
    assert found.image_shape == (3, 32, 32)
    assert len(found.train) + len(found.validation) == (100 if number == 10 else 20)
    assert len(found.class_names) == number


def test_cifar_pixels_and_labels_are_where_they_belong(tmp_path: Path) -> None:
    folder = write_cifar(tmp_path / "cifar-100-binary", 100)
    data = load_dataset("cifar100", root=str(tmp_path))
    raw = np.frombuffer((folder / "test.bin").read_bytes(), np.uint8).reshape(-1, 3074)
    assert data.test.inputs[7, 2, 5, 9] == raw[7, 2 + 2 * 1024 + 5 * 32 + 9]
    np.testing.assert_array_equal(data.test.targets, raw[:, 1])
    coarse = load_dataset("cifar100", root=str(tmp_path), coarse_labels=True)
    np.testing.assert_array_equal(coarse.test.targets, raw[:, 0])
    assert coarse.class_names[3] == "coarse3"


def test_cifar_bad_files(tmp_path: Path) -> None:
    folder = write_cifar(tmp_path / "cifar-10-batches-bin", 10)
    batch = folder / "data_batch_3.bin"
    whole = batch.read_bytes()
    for spoilt, said in ((whole[:-1], "no whole number of records of 3073"), (b"", "the file is empty")):
        batch.write_bytes(spoilt)
        found = complaint("cifar10", tmp_path)
        assert found.startswith(str(batch))
        assert said in found
    batch.write_bytes(b"\x0a" + whole[1:])
    assert f"{batch}: label 10 is out of range, 0 to 9" in complaint("cifar10", tmp_path)
    batch.unlink()
    assert "data_batch_3.bin missing" in complaint("cifar10", tmp_path)


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside.bin", "cifar/../../x.bin"])
def test_an_archive_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    assert f"holds {name!r}, which points outside" in complaint("cifar10", tmp_path)


def test_a_link_or_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "cifar-100-binary.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        link = tarfile.TarInfo("cifar-100-binary/train.bin")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert "points outside" in complaint("cifar100", tmp_path)
    archive.write_bytes(archive.read_bytes()[:40])
    assert f"{archive}: not a whole .tar.gz" in complaint("cifar100", tmp_path)
    archive.unlink()
    folder = write_cifar(tmp_path / "cifar-100-binary", 100)
    (folder / "test.bin").unlink()
    pack(folder, archive)
    (folder / "train.bin").unlink()
    assert f"{archive}: test.bin is missing in it" in complaint("cifar100", tmp_path)


@pytest.mark.parametrize(("number", "name"), [(10, "cifar-10-batches-py"), (100, "cifar-100-python.tar.gz")])
def test_the_pickled_version_is_refused(tmp_path: Path, number: int, name: str) -> None:
    (tmp_path / name).mkdir()
    found = complaint(f"cifar{number}", tmp_path)
    assert str(tmp_path / name) in found
    assert "unpickling can run any code" in found
    assert f"cifar-{number}-binary.tar.gz" in found


@pytest.mark.skipif("SCRATCHNET_CIFAR_ROOT" not in os.environ, reason="SCRATCHNET_CIFAR_ROOT names no real CIFAR")
@pytest.mark.parametrize("number", [10, 100])
def test_real_cifar(number: int) -> None:
    data: Dataset = load_dataset(f"cifar{number}", root=os.environ["SCRATCHNET_CIFAR_ROOT"])
    assert [len(data.train), len(data.validation), len(data.test)] == [45_000, 5_000, 10_000]
    assert np.bincount(data.test.targets).tolist() == [10_000 // number] * number
