"""CIFAR's official binary files, extracted or in their archive."""

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data import load_dataset

Complaint = Callable[..., str]
WriteCifar = Callable[..., Path]
FOLDERS = {10: "cifar-10-batches-bin", 100: "cifar-100-binary"}


def pack(folder: Path, archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname=folder.name)


@pytest.mark.parametrize("where", ["nested", "folder itself", "archive"])
@pytest.mark.parametrize("number", [10, 100])
def test_all_layouts_give_the_same_data(tmp_path: Path, number: int, where: str, write_cifar: WriteCifar) -> None:
    inner = write_cifar(tmp_path / FOLDERS[number], number)
    expected = load_dataset(f"cifar{number}", root=str(tmp_path))
    root = {"nested": tmp_path, "folder itself": inner, "archive": tmp_path / "packed"}[where]
    if where == "archive":
        root.mkdir()
        pack(inner, root / f"cifar-{number}-binary.tar.gz")
    before = sorted(tmp_path.rglob("*"))
    found = load_dataset(f"cifar{number}", root=str(root))
    assert sorted(tmp_path.rglob("*")) == before  # nothing is extracted
    assert found.fingerprint == expected.fingerprint
    assert found.image_shape == (3, 32, 32)
    assert len(found.train) + len(found.validation) == (100 if number == 10 else 20)
    assert len(found.class_names) == number


def test_batches_follow_one_another(tmp_path: Path, write_cifar: WriteCifar) -> None:
    folder = write_cifar(tmp_path / FOLDERS[10], 10)
    raw = b"".join((folder / f"data_batch_{i}.bin").read_bytes() for i in range(1, 6))
    rows = np.frombuffer(raw, np.uint8).reshape(-1, 3073)
    data = load_dataset("cifar10", root=str(tmp_path), validation_fraction=0)
    np.testing.assert_array_equal(data.train.targets, rows[:, 0])
    np.testing.assert_array_equal(data.train.inputs.reshape(100, -1), rows[:, 1:])
    assert data.class_names[3] == "kind3"


def test_pixels_and_both_labels_are_where_they_belong(tmp_path: Path, write_cifar: WriteCifar) -> None:
    folder = write_cifar(tmp_path / FOLDERS[100], 100, records=30)
    data = load_dataset("cifar100", root=str(tmp_path))
    raw = np.frombuffer((folder / "test.bin").read_bytes(), np.uint8).reshape(-1, 3074)
    assert data.test.inputs[7, 2, 5, 9] == raw[7, 2 + 2 * 1024 + 5 * 32 + 9]
    np.testing.assert_array_equal(data.test.targets, raw[:, 1])
    assert data.class_names[99] == "fine99"
    coarse = load_dataset("cifar100", root=str(tmp_path), coarse_labels=True)
    np.testing.assert_array_equal(coarse.test.targets, raw[:, 0])
    assert coarse.test.targets.max() == 19
    assert coarse.class_names == tuple(f"coarse{i}" for i in range(20))


@pytest.mark.parametrize("nested", [True, False])
def test_a_missing_batch_is_named(tmp_path: Path, nested: bool, write_cifar: WriteCifar, complaint: Complaint) -> None:
    folder = write_cifar(tmp_path / FOLDERS[10], 10)
    (folder / "data_batch_3.bin").unlink()
    root, missing = (tmp_path, f"{FOLDERS[10]}/data_batch_3.bin") if nested else (folder, "data_batch_3.bin")
    assert complaint("cifar10", root).startswith(f"dataset.root={root}: {missing} missing; get cifar-10-binary.tar.gz")


def test_bad_batches(tmp_path: Path, write_cifar: WriteCifar, complaint: Complaint) -> None:
    batch = write_cifar(tmp_path / FOLDERS[10], 10) / "data_batch_3.bin"
    whole = batch.read_bytes()
    for spoilt, said in (
        (whole[:-1], "61459 bytes are no whole number of records of 3073"),
        (b"", "the file is empty"),
        (b"\x0a" + whole[1:], "label 10 is out of range, 0 to 9"),
    ):
        batch.write_bytes(spoilt)
        found = complaint("cifar10", tmp_path)
        assert found.startswith(f"{batch}: ")
        assert said in found


def test_bad_label_names(tmp_path: Path, write_cifar: WriteCifar, complaint: Complaint) -> None:
    names = write_cifar(tmp_path / FOLDERS[100], 100) / "fine_label_names.txt"
    names.write_text("apple\n")
    assert complaint("cifar100", tmp_path).startswith(f"{names}: 1 class names, expected 100")


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside.bin", "cifar/../../x.bin"])
def test_an_archive_that_points_outside_is_refused(tmp_path: Path, name: str, complaint: Complaint) -> None:
    archive = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    assert complaint("cifar10", tmp_path).startswith(f"{archive}: holds {name!r}, which points outside")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_an_archive_with_a_link_is_refused(tmp_path: Path, kind: bytes, complaint: Complaint) -> None:
    with tarfile.open(tmp_path / "cifar-100-binary.tar.gz", "w:gz") as tar:
        link = tarfile.TarInfo("cifar-100-binary/train.bin")
        link.type, link.linkname = kind, "/etc/passwd"
        tar.addfile(link)
    assert "'cifar-100-binary/train.bin', which points outside" in complaint("cifar100", tmp_path)


def test_an_archive_without_a_file(tmp_path: Path, write_cifar: WriteCifar, complaint: Complaint) -> None:
    folder, archive = write_cifar(tmp_path / "from" / FOLDERS[100], 100), tmp_path / "cifar-100-binary.tar.gz"
    (folder / "test.bin").unlink()
    pack(folder, archive)
    assert complaint("cifar100", tmp_path).startswith(f"{archive}: test.bin missing in it")


def test_damaged_archives(tmp_path: Path, write_cifar: WriteCifar, complaint: Complaint) -> None:
    folder, archive = write_cifar(tmp_path / "from" / FOLDERS[100], 100), tmp_path / "cifar-100-binary.tar.gz"
    pack(folder, archive)
    whole = archive.read_bytes()
    tar = gzip.decompress(whole)
    flipped = bytearray(gzip.compress(tar, 0))
    flipped[50_000] ^= 1  # a pixel, which only the checksum at the end of the file tells
    for spoilt, said in (
        (whole[:40], "cut off or damaged"),
        (whole[:-10], "cut off or damaged"),
        (flipped, "CRC check failed"),
        (gzip.compress(tar[:100_000]), "not a whole .tar.gz (unexpected end of data)"),
        (gzip.compress(b"no archive" * 100), "not a whole .tar.gz"),
        (b"<html>404</html>", "a web page (HTML)"),
        (b"", "the file is empty"),
    ):
        archive.write_bytes(spoilt)
        found = complaint("cifar100", tmp_path)
        assert found.startswith(f"{archive}: ")
        assert said in found


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (10, "cifar-10-batches-py"),
        (10, "cifar-10-python.tar.gz"),
        (100, "cifar-100-python"),
        (100, "cifar-100-python.tar.gz"),
    ],
)
@pytest.mark.parametrize("itself", [True, False])
def test_the_pickled_version_is_refused(
    tmp_path: Path, number: int, name: str, itself: bool, complaint: Complaint
) -> None:
    pickled = tmp_path / name
    pickled.touch() if name.endswith(".gz") else pickled.mkdir()
    found = complaint(f"cifar{number}", pickled if itself else tmp_path)
    assert found.startswith(f"{pickled}: the Python version is pickled, and unpickling can run any code")
    assert f"get cifar-{number}-binary.tar.gz" in found


def test_the_binary_version_is_read_beside_the_pickled_one(tmp_path: Path, write_cifar: WriteCifar) -> None:
    write_cifar(tmp_path / FOLDERS[10], 10)
    (tmp_path / "cifar-10-batches-py").mkdir()
    assert len(load_dataset("cifar10", root=str(tmp_path)).test) == 20


@pytest.mark.skipif("SCRATCHNET_CIFAR_ROOT" not in os.environ, reason="SCRATCHNET_CIFAR_ROOT names no real CIFAR")
@pytest.mark.parametrize("number", [10, 100])
def test_real_cifar(number: int) -> None:
    data = load_dataset(f"cifar{number}", root=os.environ["SCRATCHNET_CIFAR_ROOT"])
    assert [len(data.train), len(data.validation), len(data.test)] == [45_000, 5_000, 10_000]
    assert np.bincount(data.test.targets).tolist() == [10_000 // number] * number
    assert np.bincount(data.validation.targets).tolist() == [5_000 // number] * number
