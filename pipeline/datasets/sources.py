"""Where files are looked for: dataset.root, the user's cache, the system's folder, the network."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pooch

from pipeline.errors import UserError


@dataclass(frozen=True)
class Source:
    """Where one data set is to be had.

    `layouts`: sets of file names, each of which is the whole data set; any one will do.
    `downloads`: file name -> hash in pooch's form, fetched from `url` into the cache folder.
    """

    name: str
    layouts: Sequence[Sequence[str]]
    system_folder: Path
    url: str
    downloads: Mapping[str, str]
    ways: str  # to get the files, in words

    def find(self, root: str | None) -> Path:
        """The folder that holds the files. A given `root` is the only place looked in.

        Raises UserError that names each place looked in and the ways to get the files.
        """
        if root is not None:
            return self._in_root(Path(root).expanduser())
        cache = cache_folder() / self.name
        places = [cache, self.system_folder]
        for place in places:
            if self.complete(place):
                return place
        try:
            for file, known_hash in self.downloads.items():
                pooch.retrieve(self.url + file, known_hash, fname=file, path=cache, progressbar=True)
        except (OSError, ValueError) as error:
            looked = ", ".join(str(place) for place in places)
            reason = " ".join(str(error).split())[:160]
            raise UserError(
                f"dataset={self.name}: no files in {looked}, and {self.url} gave none ({reason}); {self.ways}"
            ) from None
        return cache

    def _in_root(self, root: Path) -> Path:
        if not root.is_dir():
            raise UserError(f"dataset.root={root}: no such folder; {self.ways}")
        if not self.complete(root):
            wanted = " or ".join(", ".join(layout) for layout in self.layouts)
            missing = [file for file in self.layouts[0] if not (root / file).exists()]
            raise UserError(f"dataset.root={root}: {', '.join(missing)} missing; expected {wanted}; {self.ways}")
        return root

    def complete(self, folder: Path) -> bool:
        """Whether the folder holds all files of one of the layouts."""
        return any(all((folder / file).exists() for file in layout) for layout in self.layouts)


def cache_folder() -> Path:
    """The user's cache folder; the variable SCRATCHNET_CACHE names another."""
    return Path(os.environ.get("SCRATCHNET_CACHE") or pooch.os_cache("scratchnet"))


def read_file(path: Path) -> bytes:
    """The bytes of a file. Raises UserError that names it where it can't be read or is empty."""
    try:
        data = path.read_bytes()
    except IsADirectoryError:
        raise UserError(f"{path}: a folder where a file is expected; put the official file there") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check that it is there and readable") from None
    if not data:
        raise UserError(f"{path}: the file is empty; get it again")
    return data


def check_labels(path: Path, labels: Iterable[int], classes: int) -> None:
    """Raises UserError unless all labels are below `classes`."""
    highest = max(labels, default=0)
    if highest >= classes:
        raise UserError(f"{path}: label {highest} is out of range, 0 to {classes - 1} expected; get the file again")
