"""Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf, 2017): 60 000 + 10 000 grey images, 28 × 28, ten classes."""

from pathlib import Path

import numpy as np

from pipeline.datasets.idx import read_idx
from pipeline.datasets.official import Official, Split
from pipeline.datasets.sources import Source, check_labels
from pipeline.errors import UserError

CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
MINI = Path(__file__).with_name("fashion_mnist_mini")

SOURCE = Source(
    name="fashion_mnist",
    layouts=[[file for pair in FILES.values() for file in pair]],
    system_folder=Path("/usr/share/datasets/fashion-mnist"),  # Debian's package dataset-fashion-mnist
    url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    downloads={  # as the authors publish them
        "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
    },
    ways="install Debian's dataset-fashion-mnist, or put the four official .gz files into a folder and give "
    "dataset.root=FOLDER, or use dataset=fashion_mnist_mini, which comes along",
)


def load(root: str | None = None) -> Official:
    """The whole data set. Raises UserError where it is not to be had, or a file is bad."""
    return read_folder(SOURCE.find(root))


def load_mini(root: str | None = None) -> Official:
    """600 + 100 images a class of the official splits, shipped with the package; another folder by `root`."""
    return read_folder(SOURCE.find(root) if root else MINI)


def read_folder(folder: Path) -> Official:
    """The four files of a folder."""
    train, test = (_read_split(folder / images, folder / labels) for images, labels in FILES.values())
    return Official(train, test, CLASSES, (1, 28, 28))


def _read_split(images_path: Path, labels_path: Path) -> Split:
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise UserError(
            f"{images_path}: {len(images)} images, but {labels_path} has {len(labels)} labels; get both again"
        )
    if images.shape[1:] != (28, 28):
        raise UserError(f"{images_path}: images of {images.shape[1:]} pixels, expected (28, 28); is it the right file?")
    check_labels(labels_path, labels, len(CLASSES))
    return Split(images[:, np.newaxis], labels.astype(np.int64))
