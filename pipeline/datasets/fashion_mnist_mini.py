"""dataset=fashion_mnist_mini"""

from pathlib import Path

from pipeline.datasets import Official
from pipeline.datasets.fashion_mnist import SOURCE, FashionMNIST, read

FOLDER = Path(__file__).with_suffix("")


class FashionMNISTMini(FashionMNIST):
    """600 + 100 images a class of Fashion-MNIST, shipped with the package; those of another folder by `root`."""

    def official(self) -> Official:
        return read(SOURCE.find(str(FOLDER) if self.root is None else self.root))
