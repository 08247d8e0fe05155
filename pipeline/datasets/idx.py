"""dataset=idx"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from pipeline.choices import Sections
from pipeline.datasets._pictures import Pictures
from pipeline.datasets._places import folder
from pipeline.datasets._user import UserData

if TYPE_CHECKING:
    from pipeline.datasets._idx_folder import Files
    from pipeline.datasets._raw import Raw


class IDX(Pictures, UserData):
    """A folder of IDX files, gzipped or not: MNIST, KMNIST, EMNIST, and any other of their layout.

    Images (N, height, width) of bytes or other numbers, labels (N,) of any whole numbers: those of EMNIST's letters
    count from 1. Files whose names hold t10k or test are the test split.
    """

    path: str | None = Field(description="the folder of …-images-idx3-ubyte and …-labels-idx1-ubyte, .gz or not")
    prefix: str = Field(description="how the names of the files begin, where the folder holds several data sets")
    transpose: bool | None = Field(
        description="true to swap the images' rows and columns, or null for EMNIST's alone, which lie on their side"
    )

    @property
    def default_title(self) -> str:
        name = Path(self.path or self.name).name
        return f"{name} ({self.prefix})" if self.prefix else name

    def changed(self) -> str:
        from pipeline.datasets._idx_folder import find
        from pipeline.datasets._places import stamp

        train, test = find(folder("path", str(self.path)), self.prefix)
        files = [path for split in (train, test) if split for path in (split.images, split.labels)]
        return "".join(stamp("path", str(path)) for path in files)

    def reading(self) -> dict[str, Any]:
        from pipeline.datasets._idx_folder import find

        return {"transpose": self._transposed(find(folder("path", str(self.path)), self.prefix)[0])}

    def read(self) -> "Raw":
        from pipeline.datasets._idx import read_any_idx
        from pipeline.datasets._idx_folder import find
        from pipeline.datasets._raw import Part, Raw

        place = folder("path", str(self.path))
        train, test = find(place, self.prefix)
        emnist, transpose = _is_emnist(train), self._transposed(train)

        def part(images: Path, labels: Path) -> Part:
            x = read_any_idx(images)
            return Part(x.swapaxes(-1, -2) if transpose else x, read_any_idx(labels))

        parts = [part(split.images, split.labels) if split else None for split in (train, test)]
        said = f"{place}: EMNIST's images lie on their side, and are turned; dataset.transpose=false leaves them"
        notes = (said,) if emnist and self.transpose is None else ()
        assert parts[0] is not None
        return Raw(str(train.images), str(train.labels), parts[0], parts[1], notes=notes)

    def mistakes(self, config: Sections) -> list[str]:
        missing = [] if self.path else ["dataset.path=null: give the folder, dataset.path=FOLDER"]
        return super().mistakes(config) + missing

    def _transposed(self, train: "Files") -> bool:
        return _is_emnist(train) if self.transpose is None else self.transpose


def _is_emnist(train: "Files") -> bool:
    return "emnist" in train.images.name.lower()
