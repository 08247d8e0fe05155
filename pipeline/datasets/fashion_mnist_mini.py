"""dataset=fashion_mnist_mini"""

from pathlib import Path

from pipeline.datasets import Official
from pipeline.datasets.fashion_mnist import SOURCE, FashionMNIST, of_fingerprint, read

FOLDER = Path(__file__).with_suffix("")
FINGERPRINT = "da297b5c8243e15c8bea8a0d5445e3f4fc2de983700f2f7a212715624b6b3dc1"


class FashionMNISTMini(FashionMNIST):
    """600 + 100 images a class of Fashion-MNIST, shipped with the package."""

    def official(self) -> Official:
        official = read(SOURCE.find(str(FOLDER) if self.root is None else self.root))
        return of_fingerprint(official, FINGERPRINT, "dataset=fashion_mnist_mini", self.root)
