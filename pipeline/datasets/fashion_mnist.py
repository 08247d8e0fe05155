"""dataset=fashion_mnist"""

from pathlib import Path

import numpy as np

from pipeline.datasets import Official, Split
from pipeline.datasets._idx import read_idx
from pipeline.datasets._images import Images
from pipeline.datasets._reading import check_labels
from pipeline.datasets._sources import Files, Source
from pipeline.errors import UserError

CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
# Of what the official files hold, however they are packed: other images are not to be reported as these.
FINGERPRINT = "5702eec38cb97e6b553d5e3a6d730137e60a045e26342e09658867041f7bd5ad"
SOURCE = Source(
    name="fashion_mnist",
    layouts=[[file for pair in FILES.values() for file in pair]],
    system_folder=Path("/usr/share/datasets/fashion-mnist"),  # Debian's package dataset-fashion-mnist
    url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    # Of the files whose md5 the authors publish. Debian's have the same content, but no name and another time in
    # the gzip header, so their hashes differ.
    downloads={
        "train-images-idx3-ubyte.gz": "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    ways="install Debian's dataset-fashion-mnist (apt install dataset-fashion-mnist), or put the four official .gz "
    "files into a folder and give dataset.root=FOLDER, or use dataset=fashion_mnist_mini, which comes along",
)


class FashionMNIST(Images):
    """H. Xiao, K. Rasul, R. Vollgraf, 2017: 60 000 + 10 000 grey images, 28 × 28, ten classes."""

    image_shape = (1, 28, 28)

    def official(self) -> Official:
        return of_fingerprint(read(SOURCE.find(self.root)), FINGERPRINT, "dataset=fashion_mnist", self.root)


def of_fingerprint(official: Official, fingerprint: str, choice: str, root: str | None) -> Official:
    """The data, if they are those that the choice is called by. Raises UserError for any other."""
    if official.fingerprint() != fingerprint:
        place = f"dataset.root={root}: " if root else ""
        raise UserError(
            f"{place}the files do not hold the images of {choice}; for those of another data set take "
            f"dataset=idx dataset.path={root or 'FOLDER'}"
        )
    return official


def read(files: Files) -> Official:
    """The data set in files of the official names. Raises UserError that names a bad one."""
    train, test = (_read_split(files[images], files[labels]) for images, labels in FILES.values())
    return Official(train, test, CLASSES, FashionMNIST.image_shape)


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
