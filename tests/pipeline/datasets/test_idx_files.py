"""Fashion-MNIST's files: what is read of good ones, and said of bad ones."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data import load_dataset

from pipeline.datasets import fashion_mnist
from pipeline.datasets._idx import read_idx, write_idx

IMAGES, LABELS = fashion_mnist.FILES["train"]
Complaint = Callable[..., str]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (5, 3, 2), dtype=np.uint8)
    write_idx(tmp_path / "a.gz", array)
    raw = gzip.decompress((tmp_path / "a.gz").read_bytes())
    assert raw == bytes([0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 2]) + array.tobytes()
    np.testing.assert_array_equal(read_idx(tmp_path / "a.gz", 3), array)


def test_the_same_array_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.gz", "two.gz"):
        write_idx(tmp_path / name, np.arange(10, dtype=np.uint8))
    packed = (tmp_path / "one.gz").read_bytes()
    assert packed == (tmp_path / "two.gz").read_bytes()
    assert packed[3:8] == bytes(5)  # no file name, no time
    assert packed[9] == 3  # Unix, whichever Python writes it


def test_small_official_files_are_read(fashion: Path) -> None:
    data = load_dataset("fashion_mnist", root=str(fashion), validation_fraction=0.25)
    assert [len(data.train), len(data.validation), len(data.test)] == [30, 10, 20]
    assert data.train.inputs.shape[1:] == data.image_shape == (1, 28, 28)
    assert data.train.inputs.dtype == np.uint8
    assert data.train.targets.dtype == np.int64
    assert data.class_names[9] == "Ankle boot"
    np.testing.assert_array_equal(data.test.inputs[:, 0], read_idx(fashion / "t10k-images-idx3-ubyte.gz", 3))
    np.testing.assert_array_equal(data.test.targets, np.arange(20) % 10)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def wrong_pixel(path: Path) -> None:
    """One byte other than its checksum says."""
    raw = gzip.decompress(path.read_bytes())
    packed = bytearray(gzip.compress(raw, 0))
    packed[-12] ^= 1
    path.write_bytes(packed)


def wrong_magic(path: Path) -> None:
    path.write_bytes(gzip.compress(b"\x00\x00\x08\x07" + bytes(100)))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def web_page(path: Path) -> None:
    path.write_text("\n<!doctype html><title>404 Not Found</title>")


def byte_missing(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))


def byte_too_many(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + b"\0"))


def half_a_header(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:6]))


def huge_sizes(path: Path) -> None:
    """Sizes whose product is 0 modulo 2^64."""
    axes = gzip.decompress(path.read_bytes())[3]
    path.write_bytes(gzip.compress(bytes([0, 0, 8, axes]) + b"\x80\0\0\0" * axes))


def no_images(path: Path) -> None:
    axes = gzip.decompress(path.read_bytes())[3]
    path.write_bytes(gzip.compress(bytes([0, 0, 8, axes]) + bytes(4 * axes)))


def other_bytes(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 not gzip at all")


@pytest.mark.parametrize("name", [IMAGES, LABELS])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut_off, "cut off or damaged"),
        (wrong_pixel, "cut off or damaged (CRC check failed"),
        (wrong_magic, "wrong magic number 0x00000807"),
        (empty, "the file is empty"),
        (folder_instead, "a folder where a file is expected"),
        (web_page, "a web page (HTML)"),
        (byte_missing, "the header says (40"),
        (byte_too_many, "the header says (40"),
        (half_a_header, "but 0 follow"),
        (huge_sizes, "but 0 follow"),
        (no_images, "so nothing is in it"),
        (other_bytes, "not a gzip file"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(
    fashion: Path, name: str, spoil: Callable[[Path], None], said: str, complaint: Complaint
) -> None:
    spoil(fashion / name)
    found = complaint("fashion_mnist", fashion)
    assert found.startswith(f"{fashion / name}: ")
    assert said in found


def test_the_path_is_whole_where_root_is_relative(
    fashion: Path, complaint: Complaint, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty(fashion / LABELS)
    monkeypatch.chdir(fashion.parent)
    assert complaint("fashion_mnist", fashion.name).startswith(f"{fashion / LABELS}: ")


def test_a_forbidden_file_is_named(fashion: Path, complaint: Complaint, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    assert f"{fashion / IMAGES}: cannot be read (Permission denied)" in complaint("fashion_mnist", fashion)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
@pytest.mark.parametrize("forbidden", ["file", "folder"])
def test_what_may_not_be_read_is_named(fashion: Path, forbidden: str, complaint: Complaint) -> None:
    spoilt = fashion / IMAGES if forbidden == "file" else fashion
    spoilt.chmod(0)
    try:
        found = complaint("fashion_mnist", fashion)
    finally:
        spoilt.chmod(0o700)
    assert str(spoilt) in found
    assert "Permission denied" in found


def test_counts_that_disagree(fashion: Path, complaint: Complaint) -> None:
    write_idx(fashion / LABELS, np.zeros(39, dtype=np.uint8))
    found = complaint("fashion_mnist", fashion)
    assert f"{fashion / IMAGES}: 40 images, but {fashion / LABELS} has 39 labels" in found


def test_label_out_of_range(fashion: Path, complaint: Complaint) -> None:
    labels = np.zeros(40, dtype=np.uint8)
    labels[17] = 10
    write_idx(fashion / LABELS, labels)
    assert f"{fashion / LABELS}: label 10 is out of range, 0 to 9" in complaint("fashion_mnist", fashion)


def test_images_of_another_size(fashion: Path, complaint: Complaint) -> None:
    write_idx(fashion / IMAGES, np.zeros((40, 32, 32), dtype=np.uint8))
    assert f"{fashion / IMAGES}: images of (32, 32) pixels, expected (28, 28)" in complaint("fashion_mnist", fashion)
