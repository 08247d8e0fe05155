"""dataset=cifar100"""

from pydantic import Field

from pipeline.datasets import Official, Split
from pipeline.datasets._cifar import SHAPE, class_names, reader, records, source_of
from pipeline.datasets._images import Images

FILES = ["train.bin", "test.bin", "fine_label_names.txt", "coarse_label_names.txt"]
SOURCE = source_of(100, "cifar-100-binary", FILES, "cifar-100-python", "md5:03b5dce01913d631647c71ecec9e9cb8")


class CIFAR100(Images):
    """A. Krizhevsky, 2009: 50 000 + 10 000 colour images, 32 × 32, of 100 classes or their 20 superclasses."""

    image_shape = SHAPE

    coarse_labels: bool = Field(description="true for the 20 superclasses, false for the 100 classes")

    def official(self) -> Official:
        read = reader(SOURCE, FILES, self.root)
        kind, column, classes = ("coarse", 0, 20) if self.coarse_labels else ("fine", 1, 100)
        names = class_names(*read(f"{kind}_label_names.txt"), classes)
        train, test = (
            Split(*records(*read(file), label_bytes=2, column=column, classes=classes))
            for file in ("train.bin", "test.bin")
        )
        return Official(train, test, names, SHAPE)
