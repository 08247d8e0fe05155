"""dataset=idx and dataset=image_folder."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data import choose_dataset
from examples import pictures, write_idx_folder, write_pictures
from PIL import Image

import scratchnet as sn
from pipeline.datasets import Dataset, fashion_mnist
from pipeline.datasets._idx import read_any_idx
from pipeline.errors import UserError


def load(name: str, path: Path, **options: Any) -> Dataset:
    return choose_dataset(name, path=str(path), **options).load()


def test_a_folder_as_that_of_kmnist(tmp_path: Path) -> None:
    data = load("idx", write_idx_folder(tmp_path / "kmnist"), class_names=["o", "ki", "su"])
    assert [len(data.train), len(data.validation), len(data.test)] == [54, 6, 15]
    assert data.image_shape == (1, 8, 8)
    assert data.train.inputs.dtype == np.uint8
    assert data.class_names == ("o", "ki", "su")
    assert data.card.title == "kmnist"


def test_emnist_counts_from_1_and_lies_on_its_side(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path / "gzip", first=1, name="emnist-letters-")
    data, lying = load("idx", folder), load("idx", folder, transpose=False)
    assert data.class_names == ("1", "2", "3")
    assert data.train.targets.min() == 0
    np.testing.assert_array_equal(data.test.inputs, lying.test.inputs.swapaxes(2, 3))
    assert any("are turned" in note for note in data.card.notes)
    write_idx_folder(tmp_path / "more", name="emnist-digits-")
    for path in (tmp_path / "more").iterdir():
        path.rename(folder / path.name)
    with pytest.raises(UserError, match=r"several IDX files of images.*dataset\.prefix="):
        load("idx", folder)
    assert load("idx", folder, prefix="emnist-letters-").fingerprint == data.fingerprint


@pytest.mark.parametrize("kind", [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E])
@pytest.mark.parametrize("packed", [True, False])
def test_all_types_of_idx_are_read(tmp_path: Path, kind: int, packed: bool) -> None:
    dtype = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}[kind]
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    data = bytes([0, 0, kind, 3]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()
    (tmp_path / "a").write_bytes(gzip.compress(data) if packed else data)
    np.testing.assert_array_equal(read_any_idx(tmp_path / "a"), array)


def test_16_bits_become_float32(tmp_path: Path) -> None:
    folder = write_idx_folder(tmp_path / "deep")
    for part, count in (("train", 60), ("t10k", 15)):
        x = (pictures(count)[0].astype(np.int16) * 100).astype(">i2")
        header = bytes([0, 0, 0x0B, 3]) + np.array(x.shape, ">i4").tobytes()
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(header + x.tobytes())
    data = load("idx", folder)
    assert data.train.inputs.dtype == np.float32
    np.testing.assert_array_equal(data.test.inputs[:, 0], pictures(15)[0].astype(np.float32) * 100)


def test_only_what_a_header_announces_is_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 5]) + bytes(300 * 2**20))
    (tmp_path / "a.gz").write_bytes(bomb)
    with pytest.raises(UserError, match=r"the header says \(5,\), 5 bytes, but 10\d{5} follow"):
        read_any_idx(tmp_path / "a.gz")


@pytest.mark.parametrize("name", ["fashion_mnist", "fashion_mnist_mini"])
def test_other_images_are_not_taken_for_fashion_mnist(
    fashion: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    with pytest.raises(
        UserError, match=f"do not hold the images of dataset={name};.* dataset=idx dataset.path={fashion}"
    ):
        choose_dataset(name, root=str(fashion)).load()


def test_the_whole_of_fashion_mnist_is_known() -> None:
    if not fashion_mnist.SOURCE.system_folder.exists():
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    assert choose_dataset("fashion_mnist").load().fingerprint == fashion_mnist.FINGERPRINT


def test_folders_are_classes(tmp_path: Path) -> None:
    data = load("image_folder", write_pictures(tmp_path / "shapes"))
    assert data.class_names == ("circle", "cross", "star")
    assert data.image_shape == (1, 8, 8)
    x, _ = pictures(30)
    everything = np.concatenate([data.train.inputs, data.validation.inputs, data.test.inputs])
    assert sorted(image.tobytes() for image in everything) == sorted(image.tobytes() for image in x)


def test_train_and_test_folders(tmp_path: Path) -> None:
    write_pictures(tmp_path / "train")
    write_pictures(tmp_path / "test", 9)
    write_pictures(tmp_path / "val", 9)
    data = load("image_folder", tmp_path)
    assert [len(data.train), len(data.validation), len(data.test)] == [24, 6, 9]
    assert any("not used: val" in note for note in data.card.notes)


def test_sizes_and_modes_are_made_one(tmp_path: Path) -> None:
    write_pictures(tmp_path / "shapes")
    Image.new("RGB", (12, 6), "red").save(tmp_path / "shapes" / "star" / "big.png")
    with pytest.raises(UserError, match=r"big\.png: 6×12 pixels .* dataset\.size=\[8,8\] resizes all"):
        load("image_folder", tmp_path / "shapes")
    data = load("image_folder", tmp_path / "shapes", size=[8, 8])
    assert data.image_shape == (3, 8, 8)
    notes = "\n".join(data.card.notes)
    assert "1 of 31 images resized to 8×8" in notes
    assert "(30 L) of 31 are converted to red, green, blue" in notes
    assert load("image_folder", tmp_path / "shapes", size=[8, 8], colours="grey").image_shape == (1, 8, 8)


def test_16_bit_images_keep_their_upper_bits(tmp_path: Path) -> None:
    for name, value in (("a", 10), ("b", 200)):
        (tmp_path / name).mkdir()
        for number in range(4):
            Image.fromarray(np.full((4, 4), value * 256, np.uint16)).save(tmp_path / name / f"{number}.png")
    data = load("image_folder", tmp_path)
    assert sorted(set(data.train.inputs.ravel().tolist())) == [10, 200]


def test_images_are_augmented_where_that_is_asked_for(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shapes")
    choice = choose_dataset("image_folder", path=str(folder), flip=True, shift=2)
    assert choice.augment(choice.load()) == sn.Augment(1, 8, 8, flip=True, shift=2)
    for wrong in ({"shift": 8}, {"cutout": 9}):
        [(key, value)] = wrong.items()
        with pytest.raises(UserError, match=rf"dataset\.{key}={value}: the examples are \(1, 8, 8\)"):
            (far := choose_dataset("image_folder", path=str(folder), **wrong)).augment(far.load())


def test_what_is_covered_is_the_mean_of_the_training_images(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "shapes")
    choice = choose_dataset("image_folder", path=str(folder), cutout=3)
    augment = choice.augment(choice.load())
    assert augment is not None
    assert augment.fill == tuple(choice.load().statistics[0])
