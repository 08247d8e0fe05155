"""Small files of the official layouts, and what is said of bad ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data import load_dataset

from pipeline.datasets import fashion_mnist
from pipeline.datasets._idx import write_idx
from pipeline.errors import UserError

Complaint = Callable[..., str]
WriteCifar = Callable[..., Path]


@pytest.fixture
def complaint() -> Complaint:
    """complaint(name, root, …) -> the one line that loading ends in."""

    def load(name: str, root: Path | str | None = None, **options: Any) -> str:
        with pytest.raises(UserError) as caught:
            load_dataset(name, root=None if root is None else str(root), **options)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return load


@pytest.fixture
def fashion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with Fashion-MNIST's four files, 40 + 20 images that pass for those of the official files."""
    folder = write_fashion(tmp_path / "files", 40, 20)
    known = fashion_mnist.read({path.name: path for path in folder.iterdir()}).fingerprint()
    monkeypatch.setattr(fashion_mnist, "FINGERPRINT", known)
    return folder


def write_fashion(folder: Path, *counts: int) -> Path:
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for count, (images, labels) in zip(counts, fashion_mnist.FILES.values(), strict=True):
        write_idx(folder / images, rng.integers(0, 256, (count, 28, 28), dtype=np.uint8))
        write_idx(folder / labels, (np.arange(count) % 10).astype(np.uint8))
    return folder


@pytest.fixture
def write_cifar() -> WriteCifar:
    """write_cifar(folder, number, records=20): CIFAR-10 or CIFAR-100's files, so many records in each."""

    def write(folder: Path, number: int, records: int = 20) -> Path:
        rng = np.random.default_rng(number)
        folder.mkdir(parents=True, exist_ok=True)
        label_columns = [10] if number == 10 else [20, 100]
        batches = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
        for name in batches if number == 10 else ["train.bin", "test.bin"]:
            labels = np.stack([np.arange(records) % classes for classes in label_columns], 1).astype(np.uint8)
            pixels = rng.integers(0, 256, (records, 3072), dtype=np.uint8)
            (folder / name).write_bytes(np.concatenate([labels, pixels], 1).tobytes())
        if number == 10:
            (folder / "batches.meta.txt").write_text("\n".join(f"kind{i}" for i in range(10)) + "\n\n")
        else:
            (folder / "fine_label_names.txt").write_text("\n".join(f"fine{i}" for i in range(100)))
            (folder / "coarse_label_names.txt").write_text("\n".join(f"coarse{i}" for i in range(20)))
        return folder

    return write
