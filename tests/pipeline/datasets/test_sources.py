"""Where files are looked for, in which order, and what is said where there are none."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pooch
import pytest
from data import load_dataset

from pipeline.datasets import _sources, cifar10, cifar100, fashion_mnist

TRAIN_IMAGES, TRAIN_LABELS = fashion_mnist.FILES["train"]
Complaint = Callable[..., str]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose cache/ and system/ stand for the usual places; there is no network."""

    def no_network(url: str, *rest: object, **named: object) -> None:
        raise OSError(f"no route to host\nfor {url}")

    monkeypatch.setattr(pooch, "retrieve", no_network)
    monkeypatch.setenv("SCRATCHNET_CACHE", str(tmp_path / "cache"))
    for module in (fashion_mnist, cifar10, cifar100):
        monkeypatch.setattr(module, "SOURCE", replace(module.SOURCE, system_folder=tmp_path / "system"))
    return tmp_path


def rename_to(files: Path, place: Path) -> None:
    place.parent.mkdir(exist_ok=True)
    files.rename(place)


def test_without_files_and_network_all_places_and_ways_are_named(elsewhere: Path, complaint: Complaint) -> None:
    found = complaint("fashion_mnist")
    for part in (
        f"no files in {elsewhere / 'cache' / 'fashion_mnist'}, {elsewhere / 'system'}",
        "no route to host",
        fashion_mnist.SOURCE.url + TRAIN_IMAGES,
        "apt install dataset-fashion-mnist",
        "dataset.root=FOLDER",
        "dataset=fashion_mnist_mini",
    ):
        assert part in found


@pytest.mark.parametrize("number", [10, 100])
def test_without_cifar_the_archive_to_get_is_named(elsewhere: Path, number: int, complaint: Complaint) -> None:
    found = complaint(f"cifar{number}")
    assert f"dataset=cifar{number}: no files in {elsewhere / 'cache' / f'cifar{number}'}, " in found
    assert f"get cifar-{number}-binary.tar.gz" in found


def test_the_system_folder_is_read(elsewhere: Path, fashion: Path) -> None:
    rename_to(fashion, elsewhere / "system")
    assert len(load_dataset("fashion_mnist").test) == 20


def test_the_cache_comes_before_the_system_folder(elsewhere: Path, fashion: Path) -> None:
    rename_to(fashion, elsewhere / "cache" / "fashion_mnist")
    system = elsewhere / "system"
    system.mkdir()
    for name in fashion_mnist.SOURCE.downloads:
        (system / name).write_bytes(b"bad: would raise")
    assert len(load_dataset("fashion_mnist").test) == 20


def test_a_cache_with_some_of_the_files_is_passed_over(elsewhere: Path, fashion: Path) -> None:
    rename_to(fashion, elsewhere / "system")
    partly = elsewhere / "cache" / "fashion_mnist"
    partly.mkdir(parents=True)
    (partly / TRAIN_IMAGES).write_bytes(b"bad: would raise")
    assert len(load_dataset("fashion_mnist").test) == 20


def test_a_forbidden_cache_is_passed_over(elsewhere: Path, fashion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename_to(fashion, elsewhere / "system")
    exists = Path.exists

    def forbidden(path: Path) -> bool:
        if (elsewhere / "cache") in path.parents:
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path)

    monkeypatch.setattr(Path, "exists", forbidden)
    assert len(load_dataset("fashion_mnist").test) == 20


def test_root_is_the_only_place(elsewhere: Path, fashion: Path, complaint: Complaint) -> None:
    """Whole files in the system folder do not stand in for what `root` lacks."""
    rename_to(fashion, elsewhere / "system")
    root = elsewhere / "root"
    root.mkdir()
    for name in ("fashion_mnist", "fashion_mnist_mini"):
        assert complaint(name, root).startswith(f"dataset.root={root}: {TRAIN_IMAGES}, {TRAIN_LABELS}, ")
        (root / TRAIN_IMAGES).touch()
        assert complaint(name, root).startswith(f"dataset.root={root}: {TRAIN_LABELS}, ")
        (root / TRAIN_IMAGES).unlink()


def test_roots_that_are_no_folders(tmp_path: Path, complaint: Complaint) -> None:
    (tmp_path / "file").touch()
    for root, said in ((tmp_path / "nowhere", "no such folder"), (tmp_path / "file", "Not a directory")):
        for name in ("fashion_mnist", "fashion_mnist_mini", "cifar10"):
            assert complaint(name, root).startswith(f"dataset.root={root}: {said}; ")
    assert "dataset.root=~nobody-of-that-name/x: no such folder" in complaint("cifar10", "~nobody-of-that-name/x")


def test_root_starts_at_home(fashion: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(fashion.parent))
    assert len(load_dataset("fashion_mnist", root=f"~/{fashion.name}").test) == 20


def test_downloads_are_verified_and_go_to_the_cache(
    elsewhere: Path, fashion: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, str] = {}

    def retrieve(url: str, known_hash: str, *, fname: str, path: Path, progressbar: bool) -> None:
        assert progressbar
        asked[url] = known_hash
        path.mkdir(parents=True, exist_ok=True)
        (path / fname).write_bytes((fashion / fname).read_bytes())

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    assert len(load_dataset("fashion_mnist").test) == 20
    source = fashion_mnist.SOURCE
    assert asked == {source.url + file: known for file, known in source.downloads.items()}
    assert all(known.startswith("sha256:") for known in asked.values())
    monkeypatch.setattr(pooch, "retrieve", None)
    assert len(load_dataset("fashion_mnist").test) == 20  # from the cache


def test_a_download_with_another_hash_is_refused(
    elsewhere: Path, complaint: Complaint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_hash(*rest: object, **named: object) -> None:
        raise ValueError("SHA256 hash of downloaded file does not match the known hash")

    monkeypatch.setattr(pooch, "retrieve", other_hash)
    assert "does not match the known hash" in complaint("cifar10")


def test_the_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCRATCHNET_CACHE", raising=False)
    assert _sources.cache_folder() == Path(pooch.os_cache("scratchnet"))
    monkeypatch.setenv("SCRATCHNET_CACHE", "/some/cache")
    assert _sources.cache_folder() == Path("/some/cache")
