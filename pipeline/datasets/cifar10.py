"""dataset=cifar10"""

import numpy as np

from pipeline.datasets import Official, Split
from pipeline.datasets._cifar import SHAPE, class_names, reader, records, source_of
from pipeline.datasets._images import Images

TRAIN = [f"data_batch_{i}.bin" for i in range(1, 6)]
FILES = [*TRAIN, "test_batch.bin", "batches.meta.txt"]
SOURCE = source_of(10, "cifar-10-batches-bin", FILES, "cifar-10-batches-py", "md5:c32a1d4ab5d03f1284b67883e8d87530")


class CIFAR10(Images):
    """A. Krizhevsky, 2009: 50 000 + 10 000 colour images, 32 × 32, ten classes."""

    image_shape = SHAPE

    def official(self) -> Official:
        read = reader(SOURCE, FILES, self.root)
        names = class_names(*read("batches.meta.txt"), classes=10)
        parts = [records(*read(file), label_bytes=1, column=0, classes=10) for file in TRAIN]
        images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        test = records(*read("test_batch.bin"), label_bytes=1, column=0, classes=10)
        return Official(Split(images, labels), Split(*test), names, SHAPE)
